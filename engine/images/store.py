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

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import files
from engine.errors import InvalidArgument
from engine.images import index, layers
from engine.images.catalogue import Catalogue
from engine.images.index import Index
from engine.images.layers import Layer
from engine.images.stored import StoredImage
from engine.oci import digest as digests
from engine.oci.image import Descriptor, ImageConfig
from engine.oci.reference import Reference
from engine.storage import unfinished
from engine.storage.content import ContentStore
from engine.storage.snapshots import Snapshots

if TYPE_CHECKING:
    from engine.images.making import NewImage
    from engine.images.stack import HistoryRow, LayerInfo
    from engine.storage.downloads import Downloads

Images = list[StoredImage]


class ImageStore:
    """The images below the engine's directory `root`. Making one touches no disk."""

    def __init__(self, root: Path, notices: list[str] | None = None) -> None:
        """`notices` collects what is wrong with single images, a line each."""
        self.root = root
        self.content = ContentStore(root / "images")
        self.snapshots = Snapshots(root / "snapshots")
        self.lock = root / "locks" / "images"
        self.index = Index(root / "images", root / "locks" / "index")
        self.catalogue = Catalogue(self.content, self.index, notices)

    @property
    def downloads(self) -> "Downloads":
        """What is on its way from a registry."""
        from engine.storage.downloads import Downloads

        return Downloads(self.root / "downloads")

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

    def add_layer(self, directory: Path, latest: int | None = None) -> Layer:
        """Make a layer of an overlay's upper directory. Call it inside `writing()`."""
        return layers.write(self.content, directory, latest)

    # Making and naming

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the store: no blob and no snapshot goes away meanwhile.

        For who writes layers or is about to stand on them. Who deletes waits until
        every `with writing()` is over, so do not delete inside one.
        """
        self._create()
        with unfinished.marked(self.lock.parent), files.locked(self.lock, shared=True):
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
        from engine.images.making import NewImage, compact_json, manifest_of

        raw = compact_json(config.to_json())
        new = NewImage(
            config=raw,
            manifest=manifest_of(raw, stack),
            names=(self.name_for(reference),) if reference else (),
            parent=parent,
        )
        self.add_all([new])
        return self.find(digests.sha256(raw))

    def add_all(self, new: "Sequence[NewImage]") -> None:
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
        from engine.images.making import named

        name = self.name_for(reference)
        with unfinished.marked(self.lock.parent), self.index.changing() as entries:
            index.put_name(entries, named(image.entry, name, image.parent))

    def note_digest(
        self, image: StoredImage, reference: Reference, digest: str
    ) -> None:
        """Remember what a registry calls an image that came from it, or went there.

        The image gets the name, if `reference` has a tag and it has it not yet.
        """
        from engine.images.making import named

        name = reference._replace(digest=None).familiar if reference.tag else ""
        called = f"{reference.repository_familiar}@{digest}"
        with unfinished.marked(self.lock.parent), self.index.changing() as entries:
            if name and name not in image.references:
                index.put_name(entries, named(image.entry, name, image.parent))
            index.note_digest(entries, image.manifest_digest, name, called)

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

    # Collecting

    def collect(self, in_use: Callable[[], Collection[Path]] = tuple) -> bool:
        """Delete what no image needs, unless somebody holds the store: False then.

        `in_use` tells which snapshots stay all the same, once nobody is writing.
        """
        self._create()
        lock = files.try_lock(self.lock)
        if lock is None:
            return False
        with files.closing(lock):
            self.sweep(in_use())
        return True

    def sweep(self, in_use: Collection[Path]) -> None:
        """The same for a holder of `alone`."""
        self._create()
        self.index.sweep()
        self.content.sweep(self.catalogue.blobs())
        kept = {chain_id for image in self.list() for chain_id in image.chain_ids}
        self.snapshots.sweep(kept | {f"sha256:{path.name}" for path in in_use})

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the store alone: nobody is writing, nobody is about to stand on it."""
        self._create()
        with unfinished.marked(self.lock.parent), files.locked(self.lock):
            yield
