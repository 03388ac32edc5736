"""The image store: images found by name, listed, tagged, added; their layers unpacked.

    "busybox" ──index──► manifest ──► config ──► diff_ids ──► chain_ids
                            │                                     │
                            ▼                                     ▼
                          blobs                               snapshots
                   images/blobs/sha256/…                  snapshots/<chain_id>/

To make an image (`add`): first its layers as blobs, then its config, then its
manifest, then, when all of that is on the disk, its name in the index. Up to that last
rename nobody sees anything; after it, all of it.

Two locks. `images` is held shared by everybody who writes blobs or stands on them, and
alone by who removes them: what is half made is in no index yet, and must not be swept
away. `index` is held for the moment that index.json changes.

Source: opencontainers/image-spec, image-layout.md
Try it: `lab images`, then `find /var/lib/labshell/images`
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import events, files
from engine.errors import InvalidArgument
from engine.images import index, layers
from engine.images.catalogue import DAMAGED, Catalogue
from engine.images.index import Index
from engine.images.layers import Layer
from engine.images.making import NewImage, compact_json, manifest_of, named
from engine.images.stored import StoredImage, familiar_name
from engine.oci import digest as digests
from engine.oci.image import MANIFEST, Descriptor, ImageConfig
from engine.oci.reference import Reference
from engine.storage.content import ContentStore
from engine.storage.snapshots import Snapshots

if TYPE_CHECKING:
    from engine.images.stack import HistoryRow, LayerInfo

Images = list[StoredImage]
Lines = list[str]


class ImageStore:
    """The images below the engine's directory `root`. Making one touches no disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.content = ContentStore(root / "images")
        self.snapshots = Snapshots(root / "snapshots")
        self.lock = root / "locks" / "images"
        self.index = Index(root / "images", root / "locks" / "index")
        self.catalogue = Catalogue(self.content, self.index)

    # Finding

    def find(self, name: str) -> StoredImage:
        """The image with this name, ID, or beginning of an ID. NotFound if none."""
        return self.catalogue.find(name)

    def list(self, *, intermediate: bool = True) -> Images:
        """Every image, newest first; without `intermediate`, no unnamed parents."""
        images = self.catalogue.all()
        parents = {image.parent for image in images}
        if not intermediate:
            images = [i for i in images if i.references or i.id not in parents]
        return images

    def by_id(self) -> dict[str, StoredImage]:
        """Every image by its ID."""
        return {image.id: image for image in self.catalogue.all()}

    # Layers

    def layer_directories(self, image: StoredImage) -> tuple[Path, ...]:
        """The unpacked layers, topmost first; what is missing is unpacked now."""
        return layers.unpacked(
            self.content, self.snapshots, image.manifest.layers, image.config.diff_ids
        )

    def add_layer(self, directory: Path) -> Layer:
        """Make a layer of an overlay's upper directory. Call it inside `writing()`."""
        return layers.write(self.content, directory)

    # Making and naming

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the store: no blob and no snapshot goes away meanwhile.

        For who writes layers or is about to stand on them. `remove` and `collect` wait
        until every `with writing()` is over, so do not call them inside one.
        """
        self._create()
        with files.locked(self.lock, shared=True):
            yield

    def _create(self) -> None:
        self.lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.content.create()
        self.index.create()

    def add(
        self,
        config: ImageConfig,
        stack: Sequence[Descriptor],
        reference: str | None = None,
        parent: str | None = None,
    ) -> StoredImage:
        """Make an image of layers that are in the store. Call it inside `writing()`."""
        raw = compact_json(config.to_json())
        new = NewImage(
            config=raw,
            manifest=manifest_of(raw, stack),
            names=(self.name_for(reference),) if reference else (),
            parent=parent,
        )
        self.add_all([new])
        return self.find(digests.sha256(raw))

    def add_all(self, new: Sequence[NewImage]) -> None:
        """Enter images whose layers are in the store, all in one write of the index.

        Call it inside `writing()`. A name that another image had moves.
        """
        for image in new:
            image.write(self.content)
        with self.index.changing() as entries:
            for image in new:
                for entry in image.entries():
                    index.put_name(entries, entry)

    def tag(self, image: StoredImage, reference: str) -> None:
        """Give an image one more name. An image that had the name loses it."""
        entry = Descriptor(
            media_type=MANIFEST,
            digest=image.manifest_digest,
            size=image.manifest_size,
        )
        name = self.name_for(reference)
        with self.index.changing() as entries:
            index.put_name(entries, named(entry, name, image.parent))

    def name_for(self, text: str) -> str:
        """The name under which an image is kept; an error if none can have it."""
        reference = Reference.parse(text)
        if reference.digest:
            raise InvalidArgument(
                "refusing to create a tag with a digest reference",
                "Name it repository:tag; a digest is computed, not given.",
            )
        return reference.familiar

    # Looking closer

    def stack(self, image: StoredImage) -> "tuple[LayerInfo, ...]":
        """Every step that made the image, bottom first, with the layer it made."""
        from engine.images import stack

        return stack.stack(image, self.snapshots)

    def history(self, image: StoredImage) -> "Sequence[HistoryRow]":
        """The same as lines of `lab history`, newest first."""
        from engine.images import stack

        return stack.history(image, self.stack(image), self.by_id())

    def inspect(self, image: StoredImage) -> dict[str, Any]:
        """The image in the shape of `docker image inspect`."""
        from engine.images.inspecting import inspect

        return inspect(image, self.snapshots)

    # Removing

    def remove(
        self,
        name: str,
        *,
        force: bool = False,
        used_by: Mapping[str, Sequence[str]],
        running: Collection[str] = (),
        in_use: Collection[Path] = (),
    ) -> Lines:
        """Untag or delete an image; what was done, as Docker's lines.

        `used_by` maps image IDs to the IDs of their containers; `running` says which
        of those run; `in_use` are snapshots that containers stand on, which stay.
        """
        from engine.images import removal

        damaged = self._forget_damaged(name)
        if damaged:
            self.sweep_blobs()
            return [f"Untagged: {familiar}" for familiar in damaged]
        image, images = self.find(name), self.by_id()
        use = removal.Use(used_by=used_by, running=running)
        plan = removal.plan(image, name, images, use, force)
        with self.index.changing() as entries:
            for familiar in plan.untag:
                index.drop_name(entries, familiar)
            gone = {deleted.manifest_digest for deleted in plan.delete}
            entries[:] = [entry for entry in entries if entry.digest not in gone]
        lines = [f"Untagged: {familiar}" for familiar in plan.untag]
        for _ in plan.untag:
            self._tell(image, "untag")
        if plan.delete:
            users = [images[id] for id in used_by if id in images]
            kept = {chain for user in users for chain in user.chain_ids}
            self.collect([*in_use, *map(self.snapshots.path, kept)])
            lines += removal.deleted_lines(plan.delete, self.list())
            for deleted in plan.delete:
                self._tell(deleted, "delete")
        return lines

    def _tell(self, image: StoredImage, action: str) -> None:
        notes = {**image.config.defaults.labels, "name": image.id}
        events.record(self.root, "image", action, image.id, notes)

    def _forget_damaged(self, name: str) -> Lines:
        """Take an image that cannot be read out of the index; the names it had."""
        group = self.catalogue.group_of(name)
        try:
            if group:
                self.catalogue.load(group)
            return []
        except DAMAGED:
            with self.index.changing() as entries:
                entries[:] = [
                    e for e in entries if group and e.digest != group[0].digest
                ]
            return [familiar_name(entry) for entry in group or ()]

    def collect(self, in_use: Collection[Path] = ()) -> int:
        """Delete what no image needs: blobs, snapshots, the rest of crashes.

        Snapshots `in_use` stay. Returns the bytes of the blobs that went. Waits until
        nobody is writing.
        """
        with self._alone():
            freed = self.content.sweep(self.catalogue.blobs())
            images = self.list()
            chain_ids = {chain_id for image in images for chain_id in image.chain_ids}
            self.snapshots.sweep(chain_ids | {f"sha256:{path.name}" for path in in_use})
        return freed

    def sweep_blobs(self) -> None:
        """Delete blobs that no image needs, and leave the snapshots alone."""
        with self._alone():
            self.content.sweep(self.catalogue.blobs())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the store alone: nobody is writing, nobody is about to stand on it."""
        self._create()
        with files.locked(self.lock):
            yield
