"""The ledger: images that a build has made, and that the store does not know yet.

    step 1 ─► image ┐
    step 2 ─► image ├─ in the ledger      blobs and snapshots are written, no more
    step 3 ─► image ┘
                    └─ settle ─► the disk is waited for, once; then one write of
                                 index.json: now everybody sees all of them

Twenty steps would wait twenty times for the disk otherwise, which takes longer than all
that they do. Whoever is killed before `settle` has made nothing: what lies there is in
no index, and is swept away with the next `prune`.

While a ledger is open the store is held (see images/store.py), so that nothing goes
away that is in no index yet. A step that takes long lets go of it: it settles first.

Try it: `lab build .`, and in another terminal `lab images -a` again and again
"""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Any

from engine.errors import BuildFailed
from engine.images import index
from engine.images.layers import Layer
from engine.images.making import NewImage, compact_json, manifest_of, named
from engine.images.store import ImageStore
from engine.images.stored import StoredImage
from engine.oci import digest as digests
from engine.oci.image import CONFIG, Descriptor, ImageConfig, Manifest


class Ledger:
    """What a build has made so far. Use it as a context: the store is held in it."""

    def __init__(self, store: ImageStore) -> None:
        self._store = store
        self._held = ExitStack()
        self._new: dict[str, NewImage] = {}  # by the digest of the manifest
        self._made: dict[str, StoredImage] = {}  # the same, and those settled before
        self._layers: list[str] = []  # chain_ids of snapshots that were adopted

    def __enter__(self) -> "Ledger":
        self.hold()
        return self

    def __exit__(self, kind: Any, error: BaseException | None, where: Any) -> None:
        """A step that the kernel did not let end may have left half of its work."""
        while isinstance(error, BuildFailed) and error.__cause__:
            error = error.__cause__
        self._held.__exit__(type(error) if error else None, error, where)

    def hold(self) -> None:
        """Hold the store."""
        self._held.enter_context(self._store.writing())

    def let_go(self) -> None:
        """Let others delete. What is not settled may go, too."""
        self._held.close()

    def find(self, manifest_digest: str) -> StoredImage | None:
        """An image of this build."""
        return self._made.get(manifest_digest)

    def add(
        self, config: ImageConfig, parent: StoredImage | None, layer: Layer | None
    ) -> StoredImage:
        """Make an image: its parent's layers, and one more if it has any."""
        stack: Sequence[Descriptor] = parent.manifest.layers if parent else ()
        sizes = parent.layer_sizes if parent else ()
        if layer:
            stack, sizes = (*stack, layer.descriptor), (*sizes, layer.size)
        raw = compact_json(config.to_json())
        new = NewImage(
            config=raw,
            manifest=manifest_of(raw, stack),
            parent=parent.id if parent else None,
        )
        self._store.content.write(new.config)
        self._store.content.write(new.manifest)
        descriptor = Descriptor(
            media_type=CONFIG, digest=digests.sha256(raw), size=len(raw)
        )
        image = StoredImage(
            id=descriptor.digest,
            config=config,
            manifest=Manifest(config=descriptor, layers=tuple(stack)),
            manifest_digest=new.entry.digest,
            manifest_size=len(new.manifest),
            references=(),
            parent=new.parent,
            tagged="",
            size=sum(sizes),
            layer_sizes=tuple(sizes),
        )
        self._new[image.manifest_digest] = new
        self._made[image.manifest_digest] = image
        return image

    def adopted(self, chain_id: str) -> None:
        """Note a snapshot that is not durable yet."""
        self._layers.append(chain_id)

    def settle(
        self, image: StoredImage | None = None, names: Iterable[str] = ()
    ) -> None:
        """Make all of it durable and known; give `image` these names."""
        names = [name for name in names if not _has(image, name)]
        if not self._new and not names:
            return
        if self._new:
            self._store.snapshots.settle(self._layers)
        with self._store.index.changing() as entries:
            for new in self._new.values():
                for entry in new.entries():
                    index.put_name(entries, entry)
            for name in names:
                assert image is not None, "a name is of an image"
                index.put_name(entries, named(image.entry, name, image.parent))
        self._new.clear()
        self._layers.clear()


def _has(image: StoredImage | None, name: str) -> bool:
    return image is not None and name in image.references
