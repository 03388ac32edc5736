"""Downloads: blobs that are under way, and not in the store yet.

    downloads/9f86d081…         as much as has come; locked while somebody fetches it
              9f86d081….whole   all of it, checked

The name is the digest that the whole will have. A connection that is cut, or a command
that is killed, leaves what had come: the next one goes on from there. Whoever wants a
blob that somebody else is fetching waits at the lock, and finds it done.

A file is whole when its bytes have the digest that is its name; only then it may be
moved into the store. What belongs to no pull any more goes with the next `prune`, or
when it is a day old.

man: flock(2), pread(2)
Try it: `ls -l /var/lib/labshell/downloads` during a `lab pull`
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine import entries, files
from engine.oci import digest as digests
from engine.storage.content import BlobWriter

_OLD = 86_400  # seconds after which nobody will go on with it


class Download:
    """A blob that is being fetched into `path`. It is ours: we hold its lock."""

    def __init__(self, digest: str, path: Path, descriptor: int) -> None:
        self.digest, self.path = digest, path
        self._descriptor = descriptor
        self.writer = BlobWriter(descriptor, path)
        self.writer.catch_up()

    @property
    def size(self) -> int:
        """How many bytes have come."""
        return self.writer.size

    def restart(self) -> None:
        """Begin again: what has come is not the beginning of it."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self.writer = BlobWriter(self._descriptor, self.path)


class Downloads:
    """What is under way in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def whole(self, digest: str) -> Path:
        """Where a blob is that has come as a whole, if it has."""
        return self.directory / f"{digests.hex_of(digest)}.whole"

    @contextmanager
    def of(self, digest: str) -> Iterator[Download]:
        """Take up a download, or begin it. It stays after the `with`, for the next.

        Whoever has waited for another looks first whether it has become whole.
        """
        path = self.directory / digests.hex_of(digest)
        self.directory.mkdir(mode=0o700, exist_ok=True)
        with files.closing(_locked(path)) as descriptor:
            download = Download(digest, path, descriptor)
            yield download
            if not download.size:
                path.unlink(missing_ok=True)

    def complete(self, download: Download) -> None:
        """Its bytes are what they should be: it is whole."""
        entries.rename(download.path, self.whole(download.digest))

    def sweep(self, age: float = 0.0) -> int:
        """Remove what nobody fetches now and is `age` seconds old. Bytes freed."""
        freed = 0
        with contextlib.suppress(FileNotFoundError):
            for path in list(self.directory.iterdir()):
                freed += _remove_idle(path, age)
        return freed

    def sweep_old(self) -> int:
        """The same for what was left a day ago, or before."""
        return self.sweep(_OLD)


def _locked(path: Path) -> int:
    """The file, open and ours; made if need be. Whoever had it may have moved it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    while True:
        descriptor = os.open(path, flags, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        os.close(descriptor)


def _remove_idle(path: Path, age: float) -> int:
    with contextlib.suppress(FileNotFoundError):
        status = path.stat()
        if time.time() - status.st_mtime < age or files.is_locked(path):
            return 0
        path.unlink()
        return status.st_size
    return 0
