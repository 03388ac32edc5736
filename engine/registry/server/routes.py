"""Routes: which request is which.

    /v2/                                GET          is this a registry, may I?
    /v2/_catalog                        GET
    /v2/NAME/blobs/DIGEST               GET HEAD DELETE
    /v2/NAME/blobs/uploads/             POST
    /v2/NAME/blobs/uploads/UUID         GET PATCH PUT DELETE
    /v2/NAME/manifests/REFERENCE        GET HEAD PUT DELETE
    /v2/NAME/tags/list                  GET
    /v2/NAME/referrers/DIGEST           GET
    /                                   GET          the page for people

A name has slashes in it, so it is what is left when the end is known. It may even be
called `blobs/uploads`: the last place where an end fits is the right one.

Source: opencontainers/distribution-spec 1.1, "Endpoints"
Try it: `curl -i -X PATCH http://127.0.0.1:5000/v2/`
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from engine.http.messages import Request, Response
from engine.registry.server import blob_calls, manifest_calls, page
from engine.registry.server.names import check_digest
from engine.registry.server.problems import Problem, as_json
from engine.registry.server.repository import Repository
from engine.registry.server.upload_calls import UploadCalls

Call = Callable[[Request, Repository, str], Response]
_READING = ("GET", "HEAD")


class Route(NamedTuple):
    """What a path looks like behind the name, and the call for each method."""

    pattern: re.Pattern[str]
    calls: Mapping[str, Call]


class Routes:
    """The routes of one server."""

    def __init__(self, root: Path, uploads: UploadCalls, *, read_only: bool) -> None:
        self._root = root
        self._read_only = read_only
        self._routes = [
            Route(pattern=re.compile(rf"/v2/(.+)/{end}"), calls=calls)
            for end, calls in _table(uploads).items()
        ]

    def answer(self, request: Request) -> Response:
        """The answer to a request. Problem if there is none."""
        if request.path in ("/", "/v2", "/v2/", "/v2/_catalog"):
            return self._answer_about_all(request)
        for route in self._routes:
            if match := route.pattern.fullmatch(request.path):
                repository = Repository(self._root, match[1])
                call = self._choose(request.method, route.calls)
                return call(request, repository, match[2])
        raise Problem("UNSUPPORTED", "there is nothing here", status=404)

    def _answer_about_all(self, request: Request) -> Response:
        _check_method(request.method, _READING)
        if request.path == "/":
            return page.answer(self._root)
        if request.path == "/v2/_catalog":
            return manifest_calls.catalogue(request, self._root)
        return as_json({})

    def _choose(self, method: str, calls: Mapping[str, Call]) -> Call:
        """The call for a method. HEAD is GET, where it has no call of its own."""
        _check_method(method, [*calls, *_READING] if "GET" in calls else list(calls))
        if self._read_only:
            if method not in _READING:
                raise Problem("UNSUPPORTED", "this registry is read-only")
            return calls["GET"]
        return calls.get(method) or calls["GET"]


def _table(uploads: UploadCalls) -> dict[str, Mapping[str, Call]]:
    """For each end of a path, the calls by method. The most special end comes first."""
    upload: Mapping[str, Call] = {
        "GET": uploads.status,
        "PATCH": uploads.append,
        "PUT": uploads.finish,
        "DELETE": uploads.cancel,
    }
    blob: Mapping[str, Call] = {
        "GET": _with_digest(blob_calls.get),
        "HEAD": _with_digest(blob_calls.head),
        "DELETE": _with_digest(blob_calls.delete),
    }
    manifest: Mapping[str, Call] = {
        "GET": manifest_calls.get,
        "PUT": manifest_calls.put,
        "DELETE": manifest_calls.delete,
    }
    return {
        "blobs/uploads/?()": {"POST": uploads.begin},
        "blobs/uploads/([^/]+)": upload,
        "blobs/([^/]+)": blob,
        "manifests/([^/]+)": manifest,
        "tags/list()": {"GET": manifest_calls.tags},
        "referrers/([^/]+)": {"GET": manifest_calls.referrers},
    }


def _with_digest(call: Call) -> Call:
    """The call, after a look at whether it was given a digest."""
    return lambda request, repository, text: call(
        request, repository, check_digest(text)
    )


def _check_method(method: str, possible: list[str] | tuple[str, ...]) -> None:
    if method not in possible:
        allowed = {"Allow": ", ".join(dict.fromkeys(possible))}
        raise Problem("UNSUPPORTED", f"not here: {method[:20]}", headers=allowed)
