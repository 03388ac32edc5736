"""Sending: one blob out of the store into a registry, in pieces if it is large.

    HEAD   …/blobs/sha256:9f86…          200: "Layer already exists"
    POST   …/blobs/uploads/?mount=…      201: "Mounted from" a repository next door
    POST   …/blobs/uploads/              202, Location: where it goes

    small: PUT Location?digest=…         all of it at once ("monolithic")
    large: PATCH Location, piece by piece, each of which may be cut and is taken up
           where the registry says that it ended; then PUT with nothing but the digest
           (docker-registry 2 has forgotten it then: it begins again)

The registry hashes what comes and compares it with the digest: what is damaged here, it
does not take.

Source: opencontainers/distribution-spec, "Pushing blobs"
Try it: `lab push localhost:5000/me/box`, twice
"""

import functools
import os
from collections.abc import Iterator, Sequence

from engine import files
from engine.errors import RegistryError
from engine.oci.image import Descriptor
from engine.registry.connection import Again
from engine.registry.fetching import Moved, Stopped
from engine.registry.repository import Repository
from engine.storage.content import CHUNK, ContentStore

_AT_ONCE = 8 << 20  # bytes of a blob that is sent in one request
_PIECE = 16 << 20  # bytes of each piece of a larger one
_MOST_CUTS = 200


class Sending:
    """One blob on its way to a repository."""

    def __init__(
        self, repository: Repository, content: ContentStore, blob: Descriptor
    ) -> None:
        self._repository, self._content, self._blob = repository, content, blob
        self._size = content.size(blob.digest)

    def send(self, neighbours: Sequence[str], moved: Moved) -> str:
        """Bring it there, if it is not; what was done, in Docker's words.

        `neighbours` are repositories of the same registry that may have it.
        """
        repository, digest = self._repository, self._blob.digest
        if repository.has_blob(digest):
            return "Layer already exists"
        for neighbour in neighbours:
            location = self._mounted(neighbour)
            if location is None:
                return f"Mounted from {neighbour}"
            return self._upload(location, moved)
        location = repository.begin_upload(digest)
        assert location is not None, "nothing was to be mounted"
        return self._upload(location, moved)

    def _mounted(self, neighbour: str) -> str | None:
        """None if it was mounted; else where it goes. Some registries refuse to try."""
        try:
            return self._repository.begin_upload(self._blob.digest, neighbour)
        except RegistryError as error:
            if not error.status:
                raise
            return self._repository.begin_upload(self._blob.digest)

    def _upload(self, location: str, moved: Moved) -> str:
        """Send it; what is cut goes on from where the registry says."""
        patience = self._repository.connection.wire.patience
        sent, idle, wait = 0, 0, patience.first
        for _ in range(_MOST_CUTS):
            try:
                if self._size <= _AT_ONCE:
                    self._put(location, sent, moved)
                    return "Pushed"
                while sent < self._size:
                    location = self._patch(location, sent, moved)
                    sent = min(sent + _PIECE, self._size)
                self._put(location, sent, moved)
                return "Pushed"
            except (Again, RegistryError) as problem:
                pause, error = _passing(problem)
            before = sent
            sent, location = self._where_it_ended(location)
            idle = 0 if sent > before else idle + 1
            if idle >= patience.tries:
                break
            self._repository.connection.pause(pause or wait * 2**idle)
        raise error

    def _where_it_ended(self, location: str) -> tuple[int, str]:
        """How much the registry has; if it has forgotten all of it, begin again."""
        repository = self._repository
        if self._size > _AT_ONCE:
            try:
                return repository.received(location)
            except RegistryError as error:
                if error.status not in (400, 404, 405, 416):
                    raise
        fresh = repository.begin_upload(self._blob.digest)
        assert fresh is not None, "nothing was to be mounted"
        return 0, fresh

    def _patch(self, location: str, start: int, moved: Moved) -> str:
        size = min(_PIECE, self._size - start)
        body = functools.partial(self._bytes, start, size, moved)
        return self._repository.patch_blob(location, start, body, size)

    def _put(self, location: str, start: int, moved: Moved) -> None:
        size = self._size - start
        body = functools.partial(self._bytes, start, size, moved)
        self._repository.put_blob(location, self._blob.digest, body, size)

    def _bytes(self, start: int, size: int, moved: Moved) -> Iterator[bytes]:
        """A part of the blob, in pieces that fit into memory."""
        stopped, end = self._repository.connection.wire.stopped, start + size
        path = self._content.path(self._blob.digest)
        with files.closing(os.open(path, os.O_RDONLY | os.O_CLOEXEC)) as descriptor:
            while start < end:
                if stopped.is_set():
                    raise Stopped
                data = os.pread(descriptor, min(CHUNK, end - start), start)
                if not data:
                    raise Stopped  # it has become shorter: the registry will refuse it
                yield data
                start += len(data)
                moved(start)


def _passing(problem: Again | RegistryError) -> tuple[float, RegistryError]:
    """How long to wait, and the error; raised if it will not pass.

    416 and 404 are said of an upload that the registry has lost track of.
    """
    if isinstance(problem, Again):
        return problem.wait, problem.error
    if problem.status not in (404, 416):
        raise problem
    return 0.0, problem
