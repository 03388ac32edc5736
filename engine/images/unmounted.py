"""An image that is read where it lies: from its blobs, without root, without a mount.

    manifest ──▶ config                  what a container of it would run
        └──────▶ layers, tar by tar ──▶ tree: what a container of it would see
                                    └─▶ stored: all that travels with it, hidden or not

For whoever judges an image that may come from anybody: nothing of it becomes a file, a
mount or a process. Each blob must be what its digest says, each layer what the config
says, and all that is read counts against one `Allowance`.

Source: opencontainers/image-spec, manifest.md, config.md, layer.md
Try it: `lab save busybox -o b.tar`, and in Python `UnmountedImage.read`
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple

from engine.errors import DigestMismatch, ImageError
from engine.images import overlaying
from engine.images.overlaying import MOST_PATHS, Layer, Tree
from engine.oci import digest as digests
from engine.oci.fields import Fields
from engine.oci.image import Descriptor, ImageConfig, Manifest
from engine.storage import compression, tarball
from engine.storage.compression import Readable
from engine.storage.content import CHUNK, LARGEST_JSON
from engine.storage.room import Allowance
from engine.storage.tar_reader import TarReader

# digest -> its bytes, to be closed; ImageError if it is not there
Blobs = Callable[[str], AbstractContextManager[Readable]]
_MOST_CONTENT = 1 << 20  # bytes of one file that are looked at


class Stored(NamedTuple):
    """A path as one layer holds it, whether a container sees it or not."""

    layer: int
    path: str
    size: int


class UnmountedImage:
    """One image, read from its blobs. ImageError or DigestMismatch if it is damaged."""

    def __init__(
        self, blobs: Blobs, manifest: Manifest, config: bytes, allowance: Allowance
    ) -> None:
        self._blobs, self._allowance = blobs, allowance
        self._layers = manifest.layers
        self.id = digests.sha256(config)
        self.config = ImageConfig.from_json(Fields.parse(config, "image config"))
        if len(self.config.diff_ids) != len(self._layers):
            raise ImageError(
                f"the config names {len(self.config.diff_ids)} layers, the manifest "
                f"{len(self._layers)}",
                "The image is damaged.",
            )
        self.stored: list[Stored] = []
        self.sizes: list[int] = []  # bytes of files in each layer, bottom first
        self.tree: Tree = overlaying.overlay(map(self._read, self._numbers))

    @staticmethod
    def read(blobs: Blobs, manifest: str, allowance: Allowance) -> "UnmountedImage":
        """The image whose manifest has this digest."""
        raw = _small(blobs, manifest)
        parsed = Manifest.from_json(Fields.parse(raw, "manifest"))
        config = _small(blobs, parsed.config.digest)
        return UnmountedImage(blobs, parsed, config, allowance)

    @staticmethod
    def prepare() -> None:
        """Import all that reading may need, for where nothing can be imported later."""
        compression.import_all()
        "".encode("utf-16")  # see read_json in oci/fields.py

    @property
    def _numbers(self) -> range:
        return range(len(self._layers))

    @property
    def size(self) -> int:
        """Bytes of files in all layers, hidden or not."""
        return sum(self.sizes)

    @property
    def blobs(self) -> tuple[str, ...]:
        """The digests of its layers as they are stored, the bottom one first."""
        return tuple(layer.digest for layer in self._layers)

    def content(self, path: str) -> bytes | None:
        """The first MiB of a file that a container would see; no link is followed."""
        node = self.tree.get(path.strip("/"))
        if node is None or not node.is_file:
            return None
        files = enumerate(self.contents(node.layer))
        return next((data for place, (_, data) in files if place == node.place), b"")

    def paths_with(self, text: bytes) -> list[Stored]:
        """Every file of any layer, hidden or not, with `text` in its first MiB."""
        return [
            Stored(layer=number, path=path, size=len(data))
            for number in self._numbers
            for path, data in self.contents(number)
            if text in data
        ]

    def _read(self, number: int) -> Layer:
        """One layer: its entries, checked against digest and diff_id."""
        layer, size = Layer(number), 0
        for _, entry in self._entries(number, self._allowance):
            path = layer.add(entry)
            if not path:
                continue
            self.stored.append(Stored(layer=number, path=path, size=entry.size))
            if len(self.stored) > MOST_PATHS:
                raise ImageError(
                    f"the image holds more than {MOST_PATHS} files", "Make it smaller."
                )
            size += entry.size if entry.kind == tarball.FILE else 0
        self.sizes.append(size)
        return layer

    def contents(self, number: int) -> Iterator[tuple[str, bytes]]:
        """Path and first MiB of every regular file of one layer, counted from 0.

        It has been read whole before, so it takes no more of the allowance: a third
        look at the same bytes is no bomb.
        """
        layer = Layer(number)
        allowance = Allowance(self._allowance.size)
        for reader, entry in self._entries(number, allowance):
            path = layer.add(entry)
            if path and entry.kind == tarball.FILE:
                yield path, _beginning(reader, entry.size)

    def _entries(
        self, number: int, allowance: Allowance
    ) -> Iterator[tuple[TarReader, tarball.Entry]]:
        blob = self._layers[number]
        with self._blobs(blob.digest) as file:
            checked = _Checked(file, blob)
            reader = TarReader(checked, room=allowance)
            for entry in reader.entries():
                yield reader, entry
            checked.finish()
        if reader.diff_id != self.config.diff_ids[number]:
            raise DigestMismatch(
                f"layer {number} is not what the config says: expected "
                f"{self.config.diff_ids[number]}, got {reader.diff_id}",
                "The image was changed or damaged.",
            )


class _Checked(io.RawIOBase):
    """A blob that is hashed while it is read."""

    def __init__(self, file: Readable, blob: Descriptor) -> None:
        self._file, self._blob, self._hash = file, blob, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._hash.update(data)
        return data

    def finish(self) -> None:
        """DigestMismatch if it was not what its digest says."""
        while self.read(CHUNK):
            continue
        _must_be(self._blob.digest, self._hash.hexdigest())


def _must_be(digest: str, found: str) -> None:
    if digests.hex_of(digest) != found:
        raise DigestMismatch(
            f"a blob is not what its digest says: expected {digest}, got "
            f"sha256:{found}",
            "It was changed or damaged.",
        )


def _small(blobs: Blobs, digest: str) -> bytes:
    """The bytes of a manifest or config, whose digest may come from anybody."""
    if not digests.valid(digest):
        raise ImageError(f"{digest[:80]!r} is no digest", "The image is damaged.")
    with blobs(digest) as file:
        data = file.read(LARGEST_JSON + 1)
    if len(data) > LARGEST_JSON:
        raise ImageError(
            f"{digest} is larger than {LARGEST_JSON >> 20} MB",
            "No manifest or config is.",
        )
    _must_be(digest, hashlib.sha256(data).hexdigest())
    return data


def _beginning(reader: TarReader, size: int) -> bytes:
    """The first MiB of the present entry: holes are zeros, as for whoever reads it."""
    found = bytearray()
    for offset, data in reader.chunks():
        if offset >= _MOST_CONTENT:
            break
        found.extend(bytes(offset - len(found)))
        found.extend(data[: _MOST_CONTENT - len(found)])
    return bytes(found.ljust(min(size, _MOST_CONTENT), b"\0"))
