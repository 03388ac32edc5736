"""Uploads: blobs of which not all has come yet.

    POST   …/blobs/uploads/         begin: the answer names a place, with a new UUID
    PATCH  place                    a piece, at the end of what is there
    GET    place                    how much is there? (after a cut connection)
    PUT    place?digest=sha256:…    the last piece, and what all should add up to
    DELETE place                    never mind

An upload is a file of its own, `repositories/NAME/uploads/UUID`, and visible to nobody
who pulls. The digest is computed while the bytes come: at the end nothing is read
again. Only a server that was restarted in between has to, because the state of a hash
cannot be kept on the disk. If the digest is right, the file gets its name among the
blobs; if it is wrong, the file goes.

A file that nobody wrote to for a day belongs to a client that will not come back.

Source: opencontainers/distribution-spec 1.1, "Pushing blobs"
Try it: `curl -i -X POST http://127.0.0.1:5000/v2/shop/blobs/uploads/`
"""

import contextlib
import hashlib
import os
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine import files
from engine.registry.server.problems import Problem
from engine.registry.server.repository import Repository, all_repositories

DAY = 24 * 3600.0  # seconds
_MOST_UPLOADS = 10_000  # at one time, with those that nobody will end
_LARGEST_BLOB = 1 << 40  # bytes
_PIECE = 1 << 20  # bytes hashed at a time, if a file must be read again
_WRITE_BEHIND = 16 << 20  # bytes after which the kernel is asked to begin with the disk


class Upload:
    """One upload. Only one thread at a time may write to it: whoever holds it."""

    def __init__(self, repository: Repository, name: str, size: int = 0) -> None:
        """`size`: how many bytes have come, to a server that has ended since."""
        self.repository = repository
        self.name = name
        self.path = repository.uploads / name
        self.size = size
        self.lock = threading.Lock()
        self._hash = hashlib.sha256()
        self._hashed = 0  # bytes that are in the hash

    @property
    def location(self) -> str:
        """Where its client goes on."""
        return f"/v2/{self.repository.name}/blobs/uploads/{self.name}"

    def append(self, pieces: Iterable[bytes]) -> None:
        """Add bytes as they come; what has come stays if the rest does not."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        with files.closing(os.open(self.path, flags)) as descriptor:
            for piece in pieces:
                if self.size + len(piece) > _LARGEST_BLOB:
                    raise Problem("SIZE_INVALID", "too large for a blob", status=413)
                self._write(descriptor, piece)
                if self._hashed == self.size:
                    self._hash.update(piece)
                    self._hashed += len(piece)
                before, self.size = self.size, self.size + len(piece)
                if before // _WRITE_BEHIND != self.size // _WRITE_BEHIND:
                    _begin_writing(descriptor, before)

    def _write(self, descriptor: int, piece: bytes) -> None:
        try:
            files.write_all(descriptor, piece)
        except OSError:  # the disk is full: a part of the piece may be in the file
            self.path.unlink()
            raise

    def cut(self, size: int) -> None:
        """Forget what came behind the first `size` bytes."""
        os.truncate(self.path, size)
        self.size = size
        self._hash, self._hashed = hashlib.sha256(), 0

    def finish(self, digest: str) -> None:
        """All has come: make it a blob. Problem if it is not what it should be."""
        found = self._digest()
        if found != digest:
            self.path.unlink()
            raise Problem("DIGEST_INVALID", f"the bytes are {found}, not {digest}")
        with files.closing(os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)) as whole:
            if os.fstat(whole).st_size != self.size:
                raise Problem("BLOB_UPLOAD_INVALID", "somebody else wrote to the file")
            os.fsync(whole)
        self.repository.take(self.path, digest)

    def _digest(self) -> str:
        if self._hashed != self.size:
            self._hash = hashlib.sha256()
            with self.path.open("rb", buffering=0) as file:
                while piece := file.read(_PIECE):
                    self._hash.update(piece)
        return f"sha256:{self._hash.hexdigest()}"


class Uploads:
    """The uploads that are going on in one server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Upload] = {}

    def begin(self, repository: Repository) -> Upload:
        """A new upload, of which nothing has come."""
        repository.create()
        name = str(uuid.uuid4())
        with self._lock:
            if len(self._open) >= _MOST_UPLOADS:
                raise Problem("TOOMANYREQUESTS", "too many uploads are going on")
            (repository.uploads / name).touch(mode=0o600, exist_ok=False)
            return self._open.setdefault(name, Upload(repository, name))

    @contextmanager
    def held(self, repository: Repository, name: str) -> Iterator[Upload]:
        """An upload, and nobody else has it meanwhile. Gone, if its file is."""
        upload = self._find(repository, name)
        # The client may be back before we know that its old connection was cut.
        if not upload.lock.acquire(timeout=5):
            raise Problem("BLOB_UPLOAD_INVALID", "somebody else writes to this upload")
        try:
            yield upload
        except FileNotFoundError as error:
            message = "the upload was given up, or swept away"
            raise Problem("BLOB_UPLOAD_UNKNOWN", message) from error
        finally:
            upload.lock.release()
            if not upload.path.exists():
                self._forget(name)

    def _find(self, repository: Repository, name: str) -> Upload:
        with self._lock:
            upload = self._open.get(name)
            if upload is None and _is_uuid(name):  # begun before a restart, perhaps
                with contextlib.suppress(FileNotFoundError):
                    size = (repository.uploads / name).stat().st_size
                    upload = self._open[name] = Upload(repository, name, size)
        here = upload and upload.repository.name == repository.name
        if upload is None or not here or not upload.path.exists():
            raise Problem("BLOB_UPLOAD_UNKNOWN", "there is no such upload here")
        return upload

    def _forget(self, name: str) -> None:
        with self._lock:
            self._open.pop(name, None)

    def sweep(self, root: Path, age: float = DAY) -> None:
        """Remove what nobody has written to for so many seconds."""
        before = time.time() - age
        for repository in all_repositories(root):
            for path in old_uploads(repository, before):
                path.unlink(missing_ok=True)
                self._forget(path.name)


def old_uploads(repository: Repository, before: float) -> list[Path]:
    """The files in `uploads` that nobody has written to since then."""
    old = []
    for path in repository.uploads.iterdir():
        with contextlib.suppress(FileNotFoundError):  # it has become a blob just now
            if path.stat().st_mtime < before:
                old.append(path)
    return old


def _is_uuid(name: str) -> bool:
    """Whether it may become a part of a path."""
    try:
        return str(uuid.UUID(name)) == name
    except ValueError:
        return False


def _begin_writing(descriptor: int, place: int) -> None:
    """Have the kernel begin to write to the disk, so that fsync has little to wait for.

    It is named for reading; that it also starts writing is what it does on Linux.
    """
    os.posix_fadvise(descriptor, place, 0, os.POSIX_FADV_DONTNEED)
