"""One repository on the disk: an OCI image layout, which other tools can read.

    ROOT/
      blobs/sha256/9f86d0…              each blob once, whoever has it
      repositories/team+shop/           the repository team/shop
          oci-layout  index.json        its manifests and their tags
          blobs/sha256/9f86d0…          the same file under a second name: a hard link
          uploads/3f1c…                 blobs of which not all has come
          lock                          held by whoever changes index.json

A repository *has* a blob if the name is in its own `blobs`. So nobody can fetch what is
only in somebody else's, yet equal bytes lie on the disk once: the kernel counts the
names of a file, and a blob that has one name left is in no repository.

A blob comes into being by link(2), index.json by rename(2): whoever reads sees all of
it or nothing, also if the machine stops in between.

man: link(2), rename(2), flock(2)
Source: opencontainers/image-spec, image-layout.md
Try it: `ls -li /var/lib/labshell/registry/blobs/sha256` (the second column counts
names); `skopeo inspect oci:/var/lib/labshell/registry/repositories/team+shop:1.0`
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from engine import files
from engine.oci import digest as digests
from engine.registry.server.index import Entry, Index
from engine.registry.server.names import directory_of, repository_of
from engine.registry.server.problems import Problem


class Repository:
    """The repository `name`, which need not be there yet."""

    def __init__(self, root: Path, name: str) -> None:
        self.name = name
        self.directory = root / "repositories" / directory_of(name)
        self.uploads = self.directory / "uploads"
        self._blobs = self.directory / "blobs" / "sha256"
        self._shared = root / "blobs" / "sha256"
        self._index = Index(self.directory)

    def create(self) -> None:
        """Make the directories, unless they are there."""
        for directory in (self._shared, self.uploads, self._blobs):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._index.create()

    def exists(self) -> bool:
        """Whether it has been made, and not only begun to be made."""
        return self._index.exists()

    def entries(self) -> list[Entry]:
        """The manifests, one for each tag. Problem if there is no such repository."""
        try:
            return self._index.read()
        except FileNotFoundError as error:
            message = f"there is no repository {self.name}"
            raise Problem("NAME_UNKNOWN", message) from error

    def changing(self) -> AbstractContextManager[list[Entry]]:
        """The entries, to be changed in place; nobody else does so meanwhile."""
        return self._index.changing()

    def sweep(self) -> None:
        """Remove what a server left that was killed while it changed the entries.

        For whoever is `changing` them.
        """
        for path in self.directory.glob(".index.json.*"):
            path.unlink()

    def remove(self) -> None:
        """Remove all of it; blobs that others have as well stay theirs.

        It is moved aside first, to a name that no repository has: so whoever reads
        finds all of it or nothing.
        """
        aside = self.directory.with_name(f".{os.urandom(8).hex()}")
        os.rename(self.directory, aside)
        files.remove_tree(aside)

    def path(self, digest: str) -> Path:
        """Where a blob of this repository is, or would be."""
        return self._blobs / digests.hex_of(digest)

    def has(self, digest: str) -> bool:
        """Whether this repository has a blob."""
        return self.path(digest).is_file()

    def size(self, digest: str) -> int | None:
        """How many bytes the blob has; None if it is not here."""
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            return None

    def open(self, digest: str) -> BinaryIO | None:
        """The blob, to be read; None if it is not here."""
        try:
            return open(self.path(digest), "rb", buffering=0)
        except FileNotFoundError:
            return None

    def touch(self, digest: str) -> None:
        """Note that somebody asked for a blob: a manifest may be about to name it."""
        with contextlib.suppress(FileNotFoundError):  # or it is not here
            os.utime(self.path(digest))

    def digests(self) -> set[str]:
        """All blobs of this repository."""
        return {f"sha256:{name}" for name in os.listdir(self._blobs)}

    def take(self, file: Path, digest: str) -> None:
        """Make a complete file one of our blobs; its own name goes.

        If the same bytes are somewhere already, they get one more name. If not, or if
        they have as many names as the file system can count, it is the new file that is
        shared from now on; never with one name only, or a collection might take it.
        """
        shared = self._shared / digests.hex_of(digest)
        try:
            _link(shared, self.path(digest))
            file.unlink()
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.EMLINK):
                raise
            _link(file, self.path(digest))
            os.rename(file, shared)
        files.sync_directory(self._blobs)

    def borrow(self, other: "Repository", digest: str) -> bool:
        """Give a blob of another repository a name here; False if it cannot be done."""
        try:
            _link(other.path(digest), self.path(digest))
            self.touch(digest)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.EMLINK):
                raise
            return False
        return True

    def write(self, data: bytes) -> str:
        """Store a few bytes as a blob; their digest."""
        digest = digests.sha256(data)
        if not self.has(digest):
            file = self.uploads / os.urandom(16).hex()
            files.atomic_write(file, data, durable=True)
            self.take(file, digest)
        return digest

    def drop(self, digest: str) -> bool:
        """Take a blob away from this repository; False if it was not here."""
        try:
            self.path(digest).unlink()
        except FileNotFoundError:
            return False
        return True


def all_repositories(root: Path) -> Iterator[Repository]:
    """Every repository that has been pushed to, by name."""
    try:
        names = map(repository_of, os.listdir(root / "repositories"))
    except FileNotFoundError:
        return
    for name in sorted(name for name in names if name):
        repository = Repository(root, name)
        if repository.exists():
            yield repository


def _link(old: Path, new: Path) -> None:
    """Give a file a second name; nothing if it has that name already."""
    try:
        os.link(old, new)
    except FileExistsError:
        return
