"""Requests about blobs: is it there, give it to me (or a part of it), take it away.

    HEAD /v2/shop/blobs/sha256:9f…     "Layer already exists", says docker push
    GET  /v2/shop/blobs/sha256:9f…     Range: bytes=1000-    the rest, after a cut

The bytes go from the disk's cache to the socket without passing through Python.

Source: opencontainers/distribution-spec 1.1, "Pulling blobs"; RFC 9110 14 (ranges)
man: sendfile(2)
Try it: `curl -r 0-1 http://127.0.0.1:5000/v2/shop/blobs/sha256:… | xxd`
"""

import os
import re
from typing import BinaryIO, NamedTuple

from engine.http.messages import FileRange, Request, Response
from engine.registry.server.problems import Problem
from engine.registry.server.repository import Repository

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z", re.ASCII)


class Span(NamedTuple):
    """A part of a blob: from which byte on, and how many."""

    start: int
    length: int


def get(request: Request, repository: Repository, digest: str) -> Response:
    """A blob, or a part of it."""
    file = repository.open(digest)
    if file is None:
        raise _unknown(repository, digest)
    try:
        return _answer(request, file, digest)
    except Problem:
        file.close()
        raise


def head(request: Request, repository: Repository, digest: str) -> Response:
    """The same without its bytes, to a client that may be about to push.

    If the blob is here, a manifest may soon name it: no collection takes it now.
    """
    repository.touch(digest)
    return get(request, repository, digest)


def _answer(request: Request, file: BinaryIO, digest: str) -> Response:
    size = os.fstat(file.fileno()).st_size
    headers = {
        "Content-Type": "application/octet-stream",
        "Docker-Content-Digest": digest,
        "ETag": f'"{digest}"',
        "Accept-Ranges": "bytes",
    }
    span = requested(request.headers.get("range", ""), size)
    if span is None:
        return Response(200, headers, FileRange(file, 0, size))
    start, length = span
    headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{size}"
    return Response(206, headers, FileRange(file, start, length))


def requested(text: str, size: int) -> Span | None:
    """The part that a Range header asks for; None for all of it.

    A range that we do not understand is ignored, as the RFC says; one that lies
    outside is a Problem (416).
    """
    match = _RANGE.match(text.strip())
    first, last = match.groups() if match else ("", "")
    if not first and not last:
        return None
    if not first:  # the last so many bytes
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last or size - 1), size - 1)
    if last and first and int(last) < int(first):
        return None
    if start > end:
        raise Problem(
            "SIZE_INVALID",
            f"the blob has {size} bytes",
            status=416,
            headers={"Content-Range": f"bytes */{size}"},
        )
    return Span(start, end - start + 1)


def delete(request: Request, repository: Repository, digest: str) -> Response:
    """Take a blob away from this repository, even if a manifest names it."""
    if not repository.drop(digest):
        raise _unknown(repository, digest)
    return Response(202)


def _unknown(repository: Repository, digest: str) -> Problem:
    return Problem("BLOB_UNKNOWN", f"{repository.name} has no blob {digest}")
