"""The content store: bytes are kept under the name that is their digest.

    images/blobs/sha256/9f86d081…      a layer, a config or a manifest

A name that is computed from the content has consequences: the same layer in ten
images is stored once; a blob never changes; who reads a blob can check it.

Order of steps to write one: a temporary file beside the blobs, hashed while it is
written; the digest compared, if one was expected; then a rename to its name. Nobody
ever sees half a blob, and a crash leaves only a `.writing-…` file to sweep away.
Nothing waits for the disk here: `sync` does, once, when all blobs of an image are
written and before the index mentions them.

man: rename(2), fsync(2), posix_fadvise(2)
Try it: `sha256sum /var/lib/labshell/images/blobs/sha256/*`
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from engine import entries, files
from engine.acts import act, os_error
from engine.errors import DigestMismatch, EngineBroken, ImageError, from_os_error
from engine.notes import quote
from engine.oci import digest as digests

if TYPE_CHECKING:
    import hashlib

CHUNK = 1 << 20  # bytes moved at a time
_TEMPORARY = ".writing-"
LARGEST_JSON = 4 << 20  # bytes of a manifest or config; Docker's own limit
_WRITE_BEHIND = 8 << 20  # bytes after which the kernel is asked to begin with the disk


class Blob(NamedTuple):
    """What was written: its digest and how many bytes."""

    digest: str
    size: int


class BlobWriter:
    """One blob being written. Give it to `pack` as `writer.write`."""

    def __init__(self, descriptor: int, path: Path) -> None:
        """`descriptor` is open for writing; the file is called `path` by now."""
        self.size = 0
        self._path = path
        self.blob: Blob | None = None
        self._descriptor = descriptor
        import hashlib  # slow to load, and needed by writers only

        self._hash = hashlib.sha256()
        self._on_its_way = 0  # bytes that the kernel was asked to write to the disk

    def write(self, data: bytes) -> None:
        """Append `data`."""
        self._hash.update(data)
        self.size += len(data)
        files.write_all(self._descriptor, data)
        if self.size - self._on_its_way >= _WRITE_BEHIND:
            # Named for reading, yet this is also how to start writing without waiting:
            # so that the disk works while we hash, and `sync` has little left to do.
            os.posix_fadvise(
                self._descriptor, self._on_its_way, 0, os.POSIX_FADV_DONTNEED
            )
            self._on_its_way = self.size

    def catch_up(self) -> None:
        """Take in what the file holds already, to go on behind it."""
        while data := os.pread(self._descriptor, CHUNK, self.size):
            self._hash.update(data)
            self.size += len(data)
        self._on_its_way = self.size
        os.lseek(self._descriptor, self.size, os.SEEK_SET)

    def finish(self, expected: str | None = None) -> Blob:
        """The blob is complete. DigestMismatch if its digest is not `expected`."""
        digest = f"sha256:{_digest_of(self._hash, self.size, self._path)}"
        if expected not in (None, digest):
            raise DigestMismatch(
                f"expected {expected}, the bytes are {digest}",
                "The bytes were changed on their way or on the disk. Fetch them again.",
            )
        self.blob = Blob(digest, self.size)
        return self.blob


class ContentStore:
    """The blobs of an OCI image layout in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.blobs = directory / "blobs" / "sha256"

    def create(self) -> None:
        """Make the directories."""
        for directory in (self.directory, self.blobs.parent, self.blobs):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def writer(self) -> Iterator[BlobWriter]:
        """Write a blob: it is there after the `with`, if `finish` was called."""
        temporary = self.directory / _temporary_name()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            with files.closing(os.open(temporary, flags, 0o600)) as descriptor:
                writer = BlobWriter(descriptor, temporary)
                yield writer
            if writer.blob:
                entries.rename(temporary, self.path(writer.blob.digest))
        except OSError as error:
            raise from_os_error(error) from error
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty directory beside the blobs; what is not adopted goes with it.

        It is locked, so that a sweep leaves it alone: whoever makes it holds the store
        lock only for that moment, however long it is in use.
        """
        directory = self.directory / _temporary_name()
        entries.make_directory(directory)
        try:
            with files.locked_directory(directory):
                yield directory
        finally:
            files.remove_tree(directory)

    def adopt(self, file: Path, digest: str) -> None:
        """Make a file of a scratch directory the blob `digest`; once is enough."""
        if file.exists():
            entries.rename(file, self.path(digest))

    def write(self, data: bytes) -> Blob:
        """Store `data`, unless it is there already."""
        digest = digests.sha256(data)
        if not self.has(digest):
            with self.writer() as writer:
                writer.write(data)
                writer.finish(digest)
        return Blob(digest, len(data))

    def path(self, digest: str) -> Path:
        """The file of a blob."""
        if not digests.valid(digest):
            raise ImageError(f"not a sha256 digest: {digest[:80]!r}")
        return self.blobs / digests.hex_of(digest)

    def has(self, digest: str) -> bool:
        """Is this blob here?"""
        return self.path(digest).is_file()

    def size(self, digest: str) -> int:
        """How many bytes the blob has."""
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError as error:
            raise _missing(digest) from error

    def open(self, digest: str) -> BinaryIO:
        """The blob, to be read in order. Its bytes are not checked here."""
        try:
            return open(self.path(digest), "rb", buffering=0)
        except FileNotFoundError as error:
            raise _missing(digest) from error

    def read(self, digest: str, limit: int = LARGEST_JSON) -> bytes:
        """All of a small blob, checked against its digest."""
        with self.open(digest) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise ImageError(f"{digest} is larger than {limit} bytes")
        if digests.sha256(data) != digest:
            raise DigestMismatch(
                f"{self.path(digest)} is damaged: its bytes are {digests.sha256(data)}",
                "Remove the image and make or fetch it again.",
            )
        return data

    def sync(self, wanted: Iterable[str]) -> None:
        """Make blobs durable: their bytes, then their names."""
        for digest in wanted:
            with self.open(digest) as file:
                _sync(file.fileno(), self.path(digest))
        files.sync_directory(self.blobs)

    def delete(self, digest: str) -> None:
        """Remove a blob; nothing if it is not there."""
        with contextlib.suppress(FileNotFoundError):
            entries.unlink(self.path(digest))

    def sweep(self, keep: set[str]) -> int:
        """Delete every blob not in `keep`, and what crashes left. Returns bytes freed.

        For the holder of the exclusive store lock: nobody is writing now.
        """
        freed = 0
        names = {digests.hex_of(digest) for digest in keep}
        for path in [*self.blobs.iterdir(), *self.directory.glob(_TEMPORARY + "*")]:
            if path.name not in names and not _in_use(path):
                freed += path.stat().st_size
                files.remove_tree(path)
        return freed


@act(
    "sha256sum(1)",
    lambda hashed, size, path: f"tee {quote(path)} | sha256sum  # {size} bytes",
    lambda hashed, size, path: f"{size}",
    concept="layers",
)
def _digest_of(hashed: "hashlib._Hash", size: int, path: Path) -> str:
    """What the bytes add up to: their name from now on."""
    return hashed.hexdigest()


@act(
    "fsync(2)",
    lambda descriptor, path: f"sync {quote(path)}",
    lambda descriptor, path: f"{descriptor}",
    concept="layers",
    refusal=os_error,
)
def _sync(descriptor: int, path: Path) -> None:
    """Wait until the disk has it."""
    os.fsync(descriptor)


def _in_use(path: Path) -> bool:
    """Whether this is the scratch directory of a process that lives."""
    return path.is_dir() and files.is_locked(path)


def _temporary_name() -> str:
    """What `sweep` knows as the rest of a crash, once nobody is writing."""
    return f"{_TEMPORARY}{os.getpid()}-{os.urandom(4).hex()}"


def _missing(digest: str) -> EngineBroken:
    return EngineBroken(
        f"blob {digest} is missing from the store",
        "Remove the image and make or fetch it again.",
    )
