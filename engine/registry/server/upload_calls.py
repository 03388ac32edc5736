"""Requests about uploads: in one piece, in many, or none of it because it is known.

    POST ?digest=              all of the blob in one request
    POST, PUT ?digest=         the same in two, as the specification likes it best
    POST, PATCH …, PUT         in pieces; docker sends one endless piece, without saying
                               before how long it will be
    POST ?mount=&from=         it is in another repository: no bytes at all

A piece may say which part of the blob it is (`Content-Range: 0-999`). Then it must
begin where the last one ended; if not, 416 says how much is there. A piece that is cut
off stays as far as it came, so that a client can go on from there.

Source: opencontainers/distribution-spec 1.1, "Pushing blobs"
Try it: `lab registry serve` prints each request of a `docker push`
"""

import re
from pathlib import Path

from engine.http.messages import Request, Response
from engine.registry.server.names import check_digest
from engine.registry.server.problems import Problem
from engine.registry.server.repository import Repository
from engine.registry.server.uploads import Upload, Uploads

_RANGE = re.compile(r"(?:bytes[ =])?(\d{1,18})-(\d{1,18})(?:/[\d*]+)?\Z", re.ASCII)


class UploadCalls:
    """The requests about the uploads of the server of `root`."""

    def __init__(self, root: Path, uploads: Uploads) -> None:
        self._root = root
        self._uploads = uploads

    def begin(self, request: Request, repository: Repository, _: str) -> Response:
        """POST: a blob from elsewhere, a whole blob, or the place for one."""
        query = request.query
        if "mount" in query and "from" in query:
            digest = check_digest(query["mount"])
            repository.create()
            if repository.borrow(Repository(self._root, query["from"]), digest):
                return _created(repository, digest)
        if "digest" not in query:
            return _progress(202, self._uploads.begin(repository))
        digest = check_digest(query["digest"])
        name = self._uploads.begin(repository).name
        with self._uploads.held(repository, name) as upload:
            try:
                upload.append(request.body.pieces())
                upload.finish(digest)
            finally:
                upload.path.unlink(missing_ok=True)
        return _created(repository, digest)

    def status(self, request: Request, repository: Repository, name: str) -> Response:
        """GET: how much is there."""
        with self._uploads.held(repository, name) as upload:
            return _progress(204, upload)

    def append(self, request: Request, repository: Repository, name: str) -> Response:
        """PATCH: one more piece."""
        with self._uploads.held(repository, name) as upload:
            _append(request, upload)
            return _progress(202, upload)

    def finish(self, request: Request, repository: Repository, name: str) -> Response:
        """PUT: the last piece, which may be empty, and the digest of the whole."""
        digest = check_digest(request.query.get("digest", ""))
        with self._uploads.held(repository, name) as upload:
            _append(request, upload)
            upload.finish(digest)
        return _created(repository, digest)

    def cancel(self, request: Request, repository: Repository, name: str) -> Response:
        """DELETE: never mind."""
        with self._uploads.held(repository, name) as upload:
            upload.path.unlink()
        return Response(204)


def _append(request: Request, upload: Upload) -> None:
    """Add the body of a request to an upload, if it is the part that comes next."""
    said = _said_length(request, upload)
    if None not in (said, request.length) and said != request.length:
        raise Problem("SIZE_INVALID", "Content-Range and Content-Length disagree")
    before = upload.size
    upload.append(request.body.pieces())
    if said is not None and upload.size - before != said:
        upload.cut(before)
        raise Problem("SIZE_INVALID", f"the piece has not the {said} bytes it should")


def _said_length(request: Request, upload: Upload) -> int | None:
    """How long the piece is by its Content-Range; None if it has none."""
    text = request.headers.get("content-range")
    if text is None:
        return None
    match = _RANGE.match(text.strip())
    if not match:
        raise Problem("SIZE_INVALID", f"not a range of bytes: {text[:80]!a}")
    start, end = map(int, match.groups())
    if start != upload.size or end < start:
        message = f"the next piece begins at {upload.size}, not at {start}"
        headers = dict(_progress(416, upload).headers)
        raise Problem("SIZE_INVALID", message, status=416, headers=headers)
    return end - start + 1


def _progress(status: int, upload: Upload) -> Response:
    """Where to go on, and how much is there: `Range: 0-999` means 1000 bytes."""
    headers = {
        "Location": upload.location,
        "Range": f"0-{max(0, upload.size - 1)}",
        "Docker-Upload-UUID": upload.name,
    }
    return Response(status, headers)


def _created(repository: Repository, digest: str) -> Response:
    location = f"/v2/{repository.name}/blobs/{digest}"
    return Response(201, {"Location": location, "Docker-Content-Digest": digest})
