"""Requests about manifests and tags, and about what there is at all.

    PUT  /v2/shop/manifests/1.0            now `shop:1.0` is this
    GET  /v2/shop/manifests/1.0            Accept: the kinds that the client can read
    GET  /v2/shop/tags/list?n=2&last=1.0   two tags, those that follow 1.0
    GET  /v2/shop/referrers/sha256:9f…     what is about this manifest: signatures, say
    GET  /v2/_catalog                      all repositories

A list that is not complete ends with a header that says how to go on:
`Link: </v2/shop/tags/list?n=2&last=1.2>; rel="next"`.

Source: opencontainers/distribution-spec 1.1, "Pulling manifests", "Listing Tags"
Try it: `curl -i 'http://127.0.0.1:5000/v2/shop/tags/list?n=1'`
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

from engine.http.messages import Refused, Request, Response
from engine.oci import digest as digests
from engine.oci.image import INDEX
from engine.registry.server import index, manifests, names
from engine.registry.server.index import Entry
from engine.registry.server.problems import Problem, as_json
from engine.registry.server.repository import Repository, all_repositories

_MOST_AT_ONCE = 1000  # entries of a list in one answer


def get(request: Request, repository: Repository, text: str) -> Response:
    """A manifest, as the bytes and the kind that it was pushed as."""
    entry = manifests.find(repository, names.reference(text))
    _check_accepted(request.headers.get("accept", ""), entry)
    headers = {
        "Content-Type": entry.media_type,
        "Docker-Content-Digest": entry.digest,
        "ETag": f'"{entry.digest}"',
    }
    return Response(200, headers, manifests.load(repository, entry))


def _check_accepted(accept: str, entry: Entry) -> None:
    """Problem if the client says what it can read, and this is not among it."""
    kinds = {kind.partition(";")[0].strip() for kind in accept.split(",")}
    if accept and not kinds & {entry.media_type, "*/*", "application/*"}:
        message = f"the manifest is a {entry.media_type}, which is not accepted"
        raise Problem("MANIFEST_UNKNOWN", message)


def put(request: Request, repository: Repository, text: str) -> Response:
    """Take in a manifest, under a tag or only under its digest."""
    wanted = names.reference(text)
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind not in manifests.KINDS:
        raise Problem("MANIFEST_INVALID", f"not a kind of manifest: {kind[:80]!a}")
    try:
        data = request.body.read(manifests.LARGEST)
    except Refused as error:
        raise Problem("SIZE_INVALID", error.reason, status=error.status) from error
    digest = digests.sha256(data)
    if wanted.digest not in ("", digest):
        raise Problem("DIGEST_INVALID", f"the bytes are {digest}, not {wanted.digest}")
    subject = manifests.put(repository, data, kind, wanted.tag)
    headers = {
        "Location": f"/v2/{repository.name}/manifests/{digest}",
        "Docker-Content-Digest": digest,
    }
    if subject:
        headers["OCI-Subject"] = subject
    return Response(201, headers)


def delete(request: Request, repository: Repository, text: str) -> Response:
    """Take away a tag, or a manifest with all its tags."""
    manifests.delete(repository, names.reference(text))
    return Response(202)


def tags(request: Request, repository: Repository, _: str) -> Response:
    """The tags of a repository, in order."""
    found = sorted(filter(None, map(index.tag_of, repository.entries())))
    page, headers = _page(request, found)
    return as_json({"name": repository.name, "tags": page}, headers=headers)


def referrers(request: Request, repository: Repository, digest: str) -> Response:
    """What is about a manifest, as an index; nothing, if nobody knows of it."""
    found = manifests.referrers(repository, names.check_digest(digest))
    headers = {"Content-Type": INDEX}
    if kind := request.query.get("artifactType"):
        found = [entry for entry in found if entry.get("artifactType") == kind]
        headers["OCI-Filters-Applied"] = "artifactType"
    whole = {"schemaVersion": 2, "mediaType": INDEX, "manifests": found}
    return as_json(whole, headers=headers)


def catalogue(request: Request, root: Path) -> Response:
    """The repositories that have a manifest, in order."""
    found = [one.name for one in all_repositories(root) if one.entries()]
    page, headers = _page(request, found)
    return as_json({"repositories": page}, headers=headers)


def _page(
    request: Request, everything: Sequence[str]
) -> tuple[list[str], Mapping[str, str]]:
    """The part of a list that `n` and `last` ask for, and a link to the next one."""
    asked = request.query.get("n", str(_MOST_AT_ONCE))
    if not asked.isascii() or not asked.isdecimal():
        raise Problem("UNSUPPORTED", f"not a number: n={asked[:20]!a}", status=400)
    most = min(int(asked[:9]), _MOST_AT_ONCE)
    last = request.query.get("last", "")
    rest = [name for name in everything if name > last]
    page = rest[:most]
    if not page or len(rest) == len(page):
        return page, {}
    again = urlencode({"n": most, "last": page[-1]})
    return page, {"Link": f'<{request.path}?{again}>; rel="next"'}
