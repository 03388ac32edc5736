"""Load: everything is checked first, and then everything is there at once.

    1  spool     all files of the archive to the disk, hashed      see spool.py
    2  read      manifest.json, or else index.json, and configs    see docker_form.py
    3  check     each layer is what the diff_id in its config says
    4  place     layers become blobs, and are unpacked: each must be a sound tar
    5  enter     all images and names into the index, in one write

Whatever fails before step 5 leaves blobs and snapshots that no image names: the caller
collects them. So an archive of two images of which the second is damaged brings none.

An image that is here already keeps its manifest, and gets the new names only. A name
that another image had moves to the new one.

Try it: `lab save busybox -o b.tar; lab load -i b.tar`
"""

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.errors import DigestMismatch, ImageError
from engine.images import layers
from engine.images.archives import docker_form, names, oci_form
from engine.images.archives.contents import ArchivedImage
from engine.images.archives.spool import Member, Spool
from engine.images.making import NewImage, manifest_of
from engine.images.store import ImageStore
from engine.images.stored import CONTENT_SIZE
from engine.oci import digest as digests
from engine.oci.image import LAYER, Descriptor
from engine.storage import compression
from engine.storage.compression import Readable
from engine.storage.content import CHUNK
from engine.storage.room import Room

_MEDIA_TYPES = {"": LAYER, "gzip": f"{LAYER}+gzip", "zstd": f"{LAYER}+zstd"}


class LoadedImage(NamedTuple):
    """An image that came: its names, and which image had one of them before."""

    id: str
    names: tuple[str, ...]
    taken_from: Mapping[str, str] = {}  # name -> image ID

    @property
    def lines(self) -> list[str]:
        """What Docker says of it."""
        renamed = [
            f"The image {name} already exists, renaming the old one with ID {old} to "
            "empty string"
            for name, old in self.taken_from.items()
        ]
        loaded = [f"Loaded image: {name}" for name in self.names]
        return [*renamed, *(loaded or [f"Loaded image ID: {self.id}"])]


def load(store: ImageStore, stream: Readable) -> list[LoadedImage]:
    """Bring the images of an archive into the store, all or none.

    After an error, `store.collect` takes away what had come so far. While the archive
    is being read, and it may come slowly, others may use the store, and delete.
    """
    with contextlib.ExitStack() as scratch:
        with store.writing():
            directory = scratch.enter_context(store.content.scratch())
        spool = Spool(directory)
        spool.fill(stream)
        found = _read(spool)
        for image in found:
            _check_layers(image)
        with store.writing():
            loading = _Loading(store, found)
            store.add_all([loading.prepare(image) for image in found])
    return [loading.tell(image) for image in found]


def _read(spool: Spool) -> list[ArchivedImage]:
    if names.MANIFEST_JSON in spool:
        return docker_form.images(spool)
    if names.INDEX_JSON in spool:
        return oci_form.images(spool)
    raise ImageError(
        "the archive has neither manifest.json nor index.json: it holds no image",
        "`lab import` makes an image of a tar of a root file system.",
    )


class _Loading:
    """The images of one archive on their way into a store."""

    def __init__(self, store: ImageStore, found: Sequence[ArchivedImage]) -> None:
        self._store = store
        self._arriving = {image.id: image for image in found}
        self._before = store.by_id()
        self._owners = {
            name: image.id
            for image in self._before.values()
            for name in image.references
        }

    def prepare(self, image: ArchivedImage) -> NewImage:
        """Everything of an image but its entry in the index."""
        here = self._before.get(image.id)
        if here:
            manifest = self._store.content.read(here.manifest_digest)
        else:
            stack = self._place_layers(image)
            manifest = image.manifest or manifest_of(image.raw, stack)
        parent = here.parent if here and here.parent else self._parent_of(image)
        return NewImage(
            config=image.raw, manifest=manifest, names=image.names, parent=parent
        )

    def tell(self, image: ArchivedImage) -> LoadedImage:
        """What to say of an image that has come."""
        taken_from = {
            name: self._owners[name]
            for name in image.names
            if self._owners.get(name, image.id) != image.id
        }
        return LoadedImage(id=image.id, names=image.names, taken_from=taken_from)

    def _place_layers(self, image: ArchivedImage) -> list[Descriptor]:
        """The layers as blobs and as snapshots, with the sizes of what is in them."""
        diff_ids, snapshots = image.config.diff_ids, self._store.snapshots
        stack = [self._adopt(layer) for layer in image.layers]
        content = self._store.content
        layers.unpacked(content, snapshots, stack, diff_ids, checked=True)
        sizes = map(snapshots.content_size, digests.chain_ids(diff_ids))
        return [
            layer._replace(annotations={CONTENT_SIZE: str(size)})
            for layer, size in zip(stack, sizes, strict=True)
        ]

    def _adopt(self, layer: Member) -> Descriptor:
        """Make a file of the spool a blob; what no image is stored as, decompressed."""
        content, media_type = self._store.content, _MEDIA_TYPES.get(layer.compression)
        if media_type:
            content.adopt(layer.path, layer.digest)
            return Descriptor(
                media_type=media_type, digest=layer.digest, size=layer.size
            )
        with layer.path.open("rb") as file, content.writer() as writer:
            archive = compression.plain(file)
            while data := archive.read(CHUNK):
                writer.write(data)
            blob = writer.finish()
        return Descriptor(media_type=LAYER, digest=blob.digest, size=blob.size)

    def _parent_of(self, image: ArchivedImage) -> str | None:
        """The parent that the archive names, if it is in there and can be one."""
        parent = self._arriving.get(image.parent or "")
        if parent is None:
            return None
        history, before = image.config.history, parent.config.history
        # One step more than the parent: so nobody is its own grandparent.
        return parent.id if before and history[:-1] == before else None


def _check_layers(image: ArchivedImage) -> None:
    """DigestMismatch if a layer is not what the config says."""
    for number, (layer, diff_id) in enumerate(
        zip(image.layers, image.config.diff_ids, strict=True)
    ):
        found = layer.digest if not layer.compression else _diff_id(layer)
        if found != diff_id:
            raise DigestMismatch(
                f'invalid diffID for layer {number}: expected "{diff_id}", '
                f'got "{found}"',
                "The archive was changed or damaged. Make or fetch it again.",
            )


def _diff_id(layer: Member) -> str:
    """The digest of a compressed layer, decompressed."""
    digest, room = hashlib.sha256(), Room(layer.path.parent)
    with layer.path.open("rb") as file:
        archive = compression.plain(file)
        while data := archive.read(CHUNK):
            room.take(len(data))
            digest.update(data)
    return f"sha256:{digest.hexdigest()}"
