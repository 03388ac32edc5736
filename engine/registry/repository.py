"""The API of one repository: what can be asked of a registry about it, a method each.

    GET   /v2/NAME/manifests/REFERENCE          a manifest, by tag or digest
    PUT   /v2/NAME/manifests/REFERENCE          … brought
    GET   /v2/NAME/blobs/DIGEST                 a blob, or a part of it (Range)
    HEAD  /v2/NAME/blobs/DIGEST                 is it there?
    POST  /v2/NAME/blobs/uploads/               an upload begins: Location says where
    POST  …?mount=DIGEST&from=OTHER             or is not needed: it is there, next door
    PATCH, PUT   Location                       a piece of it; its end, with its digest
    GET   /v2/NAME/tags/list                    the tags, page after page

Source: opencontainers/distribution-spec, "Endpoints"
Try it: `curl -s localhost:5000/v2/me/shop/tags/list`
"""

import re
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

import httpx

from engine.errors import DigestMismatch, RegistryError
from engine.oci import digest as digests
from engine.oci.fields import Fields
from engine.registry.connection import Connection, Reply
from engine.registry.manifests import ACCEPTED
from engine.registry.refusals import broken
from engine.registry.wire import Request

_MOST_TAGS = 10_000
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')
_RANGE = re.compile(r"(?:bytes=)?0-([0-9]{1,18})\Z")
_BYTES = {"Content-Type": "application/octet-stream"}

PULL, PUSH = "pull", "pull,push"


class RawManifest(NamedTuple):
    """A manifest as it came: its bytes, what they are said to be, their digest."""

    raw: bytes
    media_type: str
    digest: str


class Repository:
    """`name` in the registry at the other end of a connection."""

    def __init__(self, connection: Connection, name: str, actions: str = PULL) -> None:
        self.connection, self.name = connection, name
        self._scopes = [f"repository:{name}:{actions}"]

    @property
    def scope(self) -> str:
        """What a token must allow."""
        return " ".join(self._scopes)

    def manifest(self, reference: str, called: str) -> RawManifest:
        """A manifest by tag or digest; `called` is the image's name in errors."""
        request = Request(
            "GET", self._path("manifests", reference), {"Accept": ", ".join(ACCEPTED)}
        )
        reply = self._ask(request, f"manifest for {called}")
        digest = digests.sha256(reply.body)
        told = reply.headers.get("docker-content-digest", "")
        for expected in (reference, told):
            if digests.valid(expected) and expected != digest:
                raise self.mismatch(f"manifest for {called}", expected, digest)
        kind = reply.headers.get("content-type", "").partition(";")[0].strip()
        return RawManifest(reply.body, kind, digest)

    def put_manifest(self, reference: str, raw: bytes, media_type: str) -> None:
        """Bring a manifest, whose blobs are there."""
        path = self._path("manifests", reference)
        request = Request("PUT", path, {"Content-Type": media_type}, raw)
        what = f"manifest {reference} of {self.name}"
        reply = self._ask(request, what, good=(200, 201, 202))
        told = reply.headers.get("docker-content-digest", "")
        if told and told != digests.sha256(raw):
            raise self.mismatch(what, digests.sha256(raw), told[:80])

    def has_blob(self, digest: str) -> bool:
        """Is this blob there?"""
        request = Request("HEAD", self._path("blobs", digest))
        return self._ask(request, f"blob {digest}", good=(200, 404)).status == 200

    @contextmanager
    def blob(self, digest: str, start: int) -> Iterator[httpx.Response]:
        """A blob from byte `start` on; its status says whether it begins there."""
        headers = {"Range": f"bytes={start}-"} if start else {}
        request = Request("GET", self._path("blobs", digest), headers)
        with self._open(request, f"blob {digest}") as response:
            yield response

    def small_blob(self, digest: str, size: int) -> bytes:
        """All of a blob that is a JSON file, checked."""
        request = Request("GET", self._path("blobs", digest))
        what = f"blob {digest}"
        body = self._ask(request, what, limit=size).body
        if len(body) != size:
            raise self.broken(what, f"expected {size} bytes, {len(body)} came")
        if digests.sha256(body) != digest:
            raise self.mismatch(what, digest, digests.sha256(body))
        return body

    def begin_upload(self, digest: str, mounted_from: str = "") -> str | None:
        """Where to bring a blob; None if the registry has taken it from next door."""
        path = self._path("blobs", "uploads/")
        scope = self.scope
        if mounted_from:
            path += "?" + urllib.parse.urlencode(
                {"mount": digest, "from": mounted_from}
            )
            scope += f" repository:{mounted_from}:pull"
        request = Request("POST", path, {"Content-Length": "0"})
        reply = self._ask(request, f"upload to {self.name}", (201, 202), scope=scope)
        if reply.status == 201 and mounted_from:
            return None
        return self._location(reply, self.connection.url(path))

    def put_blob(
        self, location: str, digest: str, body: Callable[[], Iterable[bytes]], size: int
    ) -> None:
        """All that is left of a blob, and its end."""
        url = _with_digest(location, digest)
        headers = {**_BYTES, "Content-Length": str(size)}
        self._once(Request("PUT", url, headers, body), (200, 201, 204))

    def patch_blob(
        self,
        location: str,
        start: int,
        body: Callable[[], Iterable[bytes]],
        size: int,
    ) -> str:
        """A piece of a blob that begins at byte `start`; where the next one goes."""
        headers = {
            **_BYTES,
            "Content-Length": str(size),
            "Content-Range": f"{start}-{start + size - 1}",
        }
        reply = self._once(Request("PATCH", location, headers, body), (202, 204))
        return self._location(reply, location)

    def received(self, location: str) -> tuple[int, str]:
        """How many bytes of an upload have come, and where it goes on."""
        reply = self._ask(
            Request("GET", location), f"upload to {self.name}", good=(200, 204)
        )
        match = _RANGE.match(reply.headers.get("range", ""))
        # "0-0" is what an empty upload says, too: then that byte is sent once more.
        last = int(match[1]) if match else 0
        return (last + 1 if last else 0), self._location(reply, location)

    def tags(self) -> list[str]:
        """All tags, in the registry's order."""
        path, found = f"/v2/{self.name}/tags/list?n=1000", dict[str, None]()
        while path:
            url = self.connection.url(path)
            what = f"tags of {self.name}"
            reply = self._ask(Request("GET", url), what)
            page = Fields.parse(reply.body, f"the list of {what}").texts("tags")
            before = len(found)
            found.update(dict.fromkeys(page))
            if len(found) > _MOST_TAGS:
                raise self.broken(what, f"more than {_MOST_TAGS} of them")
            following = _NEXT.search(reply.headers.get("link", ""))
            # A page that brings nothing new would lead us on for ever.
            path = ""
            if following and len(found) > before:
                path = self.connection.led_to(url, following[1])
        return list(found)

    def broken(self, what: str, why: str) -> RegistryError:
        """An error about an answer that makes no sense."""
        return broken(self.connection.endpoint, self.name, what, why)

    def mismatch(self, what: str, expected: str, found: str) -> DigestMismatch:
        """An error about bytes that are not what they were called."""
        host = self.connection.endpoint.host
        return DigestMismatch(
            f"{what}: expected {expected}, the bytes are {found} "
            f"(from {host}, repository {self.name})",
            "They were changed on their way, or the registry is damaged. Try again.",
        )

    def _path(self, kind: str, name: str) -> str:
        return f"/v2/{self.name}/{kind}/{name}"

    def _ask(
        self,
        request: Request,
        what: str,
        good: tuple[int, ...] = (200,),
        *,
        limit: int | None = None,
        scope: str = "",
    ) -> Reply:
        bound = {} if limit is None else {"limit": limit}
        return self.connection.ask(
            request,
            scope=scope or self.scope,
            repository=self.name,
            what=what,
            good=good,
            **bound,
        )

    def _open(
        self, request: Request, what: str
    ) -> AbstractContextManager[httpx.Response]:
        return self.connection.open(
            request, scope=self.scope, repository=self.name, what=what
        )

    def _once(self, request: Request, good: tuple[int, ...]) -> Reply:
        """Send a piece of an upload; whoever sends it knows how to go on if it fails.

        Again, or RegistryError.
        """
        what = f"upload to {self.name}"
        with self._open(request, what) as response:
            body = self.connection.whole(response, self.name, what)
            if response.status_code in good:
                return Reply(response.status_code, response.headers, body)
            raise self.connection.failed(response, self.name, what, body)

    def _location(self, reply: Reply, asked: str) -> str:
        return self.connection.led_to(asked, reply.headers.get("location", ""))


def _with_digest(location: str, digest: str) -> str:
    joint = "&" if "?" in location else "?"
    return f"{location}{joint}digest={urllib.parse.quote(digest, safe='')}"
