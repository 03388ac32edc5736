"""What can be done with images.

Try it: `lab images`, `lab history busybox`, `lab tag busybox mine`
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine import events
from engine.containers.house import House
from engine.errors import NotFound, told_as_engine_errors
from engine.filters import NONE, Filters, Wanted, everything
from engine.images.stored import StoredImage

if TYPE_CHECKING:
    from engine.images.deleting import Pruned
    from engine.images.removal import Use
    from engine.images.stack import HistoryRow


class ImageVerbs:
    """The verbs of images."""

    _house: House

    @told_as_engine_errors()
    def images(self, all: bool = False, filters: Filters = NONE) -> list[StoredImage]:
        """The images, newest first; `all` shows unnamed parents too."""
        from engine.images.filtering import select

        self._base_image()
        store = self._house.images
        return list(select(store.catalogue, store.list(intermediate=all), filters))

    @told_as_engine_errors()
    def image(self, name: str) -> StoredImage:
        """The image of this name or ID. NotFound if there is none."""
        try:
            return self._house.images.find(name)
        except NotFound:
            if not self._base_image():
                raise
            return self._house.images.find(name)

    def has_image(self, name: str) -> bool:
        """Whether there is an image of this name or ID."""
        try:
            self.image(name)
        except NotFound:
            return False
        return True

    def _base_image(self) -> bool:
        """Make the base image of an empty store; True if one was made."""
        if self._house.images.index.read():
            return False
        from engine.images.base import ensure_base_image

        self._house.prepare()
        return ensure_base_image(self._house.images) is not None

    def _image_to_run(self, name: str) -> StoredImage:
        """The image of this name; a base image that was removed is made again."""
        try:
            return self.image(name)
        except NotFound:
            if not self._make_base_image(name):
                raise
            return self.image(name)

    def _make_base_image(self, name: str) -> bool:
        """Make the base image if `name` is what it is called; True if it was."""
        from engine.images.base import ensure_base_image

        self._house.prepare()
        image = None
        if name.removesuffix(":latest") in ("busybox", "host"):
            image = ensure_base_image(self._house.images)
        return image is not None

    def history(self, name: str) -> "Sequence[HistoryRow]":
        """The steps that made an image, newest first."""
        return self._house.images.history(self.image(name))

    @told_as_engine_errors()
    def tag(self, source: str, target: str) -> None:
        """Give an image one more name."""
        image = self.image(source)
        self._house.images.tag(image, target)
        self._tell_of_image(image, "tag", self._house.images.name_for(target))

    def _tell_of_image(self, image: StoredImage, action: str, name: str) -> None:
        labels = image.config.defaults.labels
        notes = {**labels, "name": name}
        events.record(self._house.root, "image", action, image.id, notes)

    @told_as_engine_errors()
    def remove_image(
        self, name: str, force: bool = False, parents: bool = True
    ) -> list[str]:
        """Remove a name, or the image if it was its last; what was done, as lines.

        `parents`: those without a name go with their last child.
        """
        from engine.images import deleting

        store = self._house.images
        return deleting.remove(
            store, name, self._users_of_images, force=force, parents=parents
        )

    @told_as_engine_errors()
    def prune_images(
        self, named: bool = False, wanted: Wanted = everything
    ) -> "Pruned":
        """Remove images that have no name, or also `named` ones, and no container."""
        from engine.images import deleting

        pruned = deleting.prune(
            self._house.images,
            self._users_of_images,
            lambda image: wanted(image.created, image.config.defaults.labels),
            named=named,
        )
        from engine.build import cache

        cache.forget_removed(self._house.images)
        notes = {"reclaimed": str(pruned.reclaimed)}
        events.record(self._house.root, "image", "prune", "", notes)
        return pruned

    def _users_of_images(self) -> "Use":
        """What containers need of the images."""
        from engine.containers import image_use

        return image_use.of_containers(self._house)

    def make_rootfs(self, directory: Path, programs: Sequence[str]) -> list[Path]:
        """Copy programs of this machine, with the libraries that they need."""
        from engine.images.rootfs import assemble

        return assemble(directory, programs)
