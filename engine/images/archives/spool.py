"""Spool: the files of an archive, each put aside while the archive is being read.

An archive may come from a pipe, and its files in any order: what says which of them
are needed may be the last one. So they go to the disk first, none into memory:

    pipe ──► decompressed ──► one file a member, hashed on its way ──► Member

The directory lies beside the blobs: a member that is a layer becomes a blob by a
rename. The directory goes with whatever was not needed; if we are killed, with the
next sweep of the store.

Nothing is believed. Refused are: names that are absolute or lead upwards, links that
leave the archive or go round in circles, two members of one name, devices, sparse
files (a few bytes that claim to be exabytes), more than 10,000 members, more bytes
than the disk has room for (see storage/room.py), and a file in blobs/sha256/ whose
bytes do not have the digest that is its name.

Source: opencontainers/image-spec image-layout.md; links as Docker 20.10 writes them
Try it: `lab save busybox | head -c 100000 | lab load`
"""

import os
import posixpath
from pathlib import Path
from typing import NamedTuple

from engine.errors import DigestMismatch, ImageError
from engine.files import closing
from engine.images.archives import names
from engine.oci import digest as digests
from engine.storage import compression, tarball
from engine.storage.compression import Readable
from engine.storage.content import LARGEST_JSON, BlobWriter
from engine.storage.room import Room
from engine.storage.tar_reader import TarReader
from engine.storage.tarball import Entry
from engine.storage.unpack import inside

MOST_MEMBERS = 10_000  # an image of 125 layers has 130; before Docker 25, 500
_LONGEST_CHAIN = 10  # links that lead to links


class Member(NamedTuple):
    """A file of the archive: where its bytes are now, and what they are.

    `compression` is "gzip" or another method, "" for none.
    """

    name: str
    path: Path
    digest: str
    size: int
    compression: str


class Spool:
    """The members of one archive, in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: dict[str, Member] = {}
        self._links: dict[str, str] = {}
        self._names: set[str] = set()

    def fill(self, stream: Readable) -> None:
        """Read a whole archive, compressed or not. ImageError if it is not sound."""
        reader = TarReader(stream, hashed=False, room=Room(self._directory))
        for entry in reader.entries():
            name = inside(entry.name)
            if entry.kind != tarball.DIRECTORY:
                self._take_name(name)
            if entry.kind == tarball.FILE:
                self._files[name] = self._write(name, entry, reader)
            elif entry.kind == tarball.LINK:
                self._links[name] = _beside(name, entry.target)
            elif entry.kind == tarball.HARD_LINK:
                self._links[name] = inside(entry.target)
            elif entry.kind != tarball.DIRECTORY:
                raise _refused(name, "is a device, which no image archive holds")
        if not self._files:
            raise ImageError(
                "the archive is empty", "`lab save IMAGE | lab load` is how it goes."
            )

    def _take_name(self, name: str) -> None:
        if name in self._names:
            raise _refused(name, "is there twice: which one is meant?")
        if len(self._names) == MOST_MEMBERS:
            raise ImageError(
                f"the archive has more than {MOST_MEMBERS} members",
                "`lab load` reads archives of `save`; `lab import` a tar of a tree.",
            )
        self._names.add(name)

    def _write(self, name: str, entry: Entry, reader: TarReader) -> Member:
        path = self._directory / str(len(self._files))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with closing(os.open(path, flags, 0o600)) as descriptor:
            writer, method = BlobWriter(descriptor, path), ""
            for offset, data in reader.chunks():
                if offset != writer.size:
                    break
                method = method if offset else compression.kind(data)
                writer.write(data)
        if writer.size != entry.size:
            raise _refused(name, "is a sparse file, which no image archive holds")
        blob = writer.finish()
        _check_name(name, blob.digest)
        return Member(
            name=name,
            path=path,
            digest=blob.digest,
            size=blob.size,
            compression=method,
        )

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def find(self, name: str) -> Member:
        """The file of this name; links are followed, inside the archive."""
        place = inside(name)
        for _ in range(_LONGEST_CHAIN):
            if place in self._files:
                return self._files[place]
            if place not in self._links:
                raise _refused(name, "is missing from the archive")
            place = self._links[place]
        raise _refused(name, "is a link that leads in a circle")

    def read(self, name: str) -> bytes:
        """All of a small file: a manifest, a config."""
        member = self.find(name)
        if member.size > LARGEST_JSON:
            raise _refused(
                name, f"has {member.size} bytes; at most {LARGEST_JSON} can be right"
            )
        return member.path.read_bytes()


def _beside(name: str, target: str) -> str:
    """Where a symbolic link leads, as a name in the archive."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    if target.startswith("/") or path.split("/")[0] == "..":
        raise _refused(name, f"is a link to {target[:200]!a}, outside the archive")
    return path


def _check_name(name: str, digest: str) -> None:
    """A blob's name, and that of Docker's config, is what its bytes must be."""
    promised = name.removeprefix(names.BLOBS).removesuffix(".json")
    if digests.valid(f"sha256:{promised}") and promised != digests.hex_of(digest):
        raise DigestMismatch(
            f"{name}: the bytes are {digest}",
            "They were changed on their way or on the disk. Make the archive again.",
        )


def _refused(name: str, why: str) -> ImageError:
    return ImageError(f"{name[:200]!a} {why}", "The archive is damaged, or a trap.")
