"""Looking at what there is: one object in Docker's shape, or everything as a picture.

Try it: `lab inspect NAME`, `lab mounts`, `lab tree`, `lab layers NAME`
"""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.containers.record import Container
from engine.errors import (
    EngineError,
    InvalidReference,
    NotFound,
    told_as_engine_errors,
)
from engine.filters import NONE, Filters
from engine.verbs.networks import NetworkVerbs
from engine.verbs.volumes import VolumeVerbs
from engine.verbs.watching import WatchingVerbs

if TYPE_CHECKING:
    from engine.by_hand.cables import Cable
    from engine.containers.looking.layers import LayerView
    from engine.containers.looking.mounts import MountPoint
    from engine.containers.looking.processes import ProcessInfo
    from engine.images.stored import StoredImage
    from engine.runtime.state import Arrow


class LookingVerbs(WatchingVerbs, VolumeVerbs, NetworkVerbs):
    """The verbs that only look."""

    def inspect(
        self, name: str, kind: str | None = None, *, size: bool = False
    ) -> dict[str, Any]:
        """A container, image, volume or network in Docker's shape; NotFound if none.

        `size`: also how much a container has written (SizeRw, and SizeRootFs with all).
        """
        kinds: dict[str, Callable[[str], dict[str, Any]]] = {
            "container": lambda name: self._inspect_container(name, size),
            "image": lambda name: self._house.images.inspect(self.image(name)),
            "volume": self._inspect_volume,
            "network": self.inspect_network,
        }
        for candidate in [kind] if kind else kinds:
            try:
                return kinds[candidate](name)
            except (NotFound, InvalidReference):
                if kind:
                    raise
        raise _no_such_object(name)

    def names_of_images(self, containers: Sequence[Container]) -> dict[str, str]:
        """What each container's image is called, by the container's ID.

        A name that is gone, or that another image has now, would mislead: then it is
        the image's ID.
        """
        called = {(one.image, one.image_id) for one in containers}
        true = {(name, image) for name, image in called if self._has(image, name)}
        return {
            one.id: one.image if (one.image, one.image_id) in true else one.image_id
            for one in containers
        }

    def _has(self, image: str, name: str) -> bool:
        with contextlib.suppress(EngineError):  # it is not there, or is damaged
            return self._house.images.find(name).id == image
        return False

    def summaries(
        self,
        all: bool = False,
        most: int = 0,
        filters: Filters = NONE,
        *,
        size: bool = False,
    ) -> list[dict[str, Any]]:
        """Containers as a list in Docker's shape, the newest first; see `containers`.

        `most`: only so many of the newest, run or not; `size`: also SizeRw, SizeRootFs.
        """
        from engine.containers.looking.summary import summary

        found = self.containers(all=all or most > 0, filters=filters)
        found = found[:most] if most > 0 else found
        images = self.names_of_images(found)
        shown = [summary(container, images[container.id]) for container in found]
        for entry in shown if size else ():
            entry["SizeRw"], entry["SizeRootFs"] = self.container_size(entry["Id"])
        return shown

    def _inspect_container(self, name: str, size: bool) -> dict[str, Any]:
        from engine.containers.looking.inspect import inspect
        from engine.containers.sessions.execute import running_execs
        from engine.oci.image import ImageDefaults

        container = self.container(name)
        image = self._house.images.by_id().get(container.image_id)
        shown = inspect(
            container,
            image.config.defaults if image else ImageDefaults(),
            running_execs(self._house, container),
        )
        if size:
            written, together = self.container_size(container.id)
            shown |= {"SizeRw": written, "SizeRootFs": together}
        return shown

    def _inspect_volume(self, name: str) -> dict[str, Any]:
        volume = self.volume(name)
        return {
            "Name": volume.name,
            "Driver": "local",
            "Mountpoint": str(volume.mountpoint),
            "CreatedAt": volume.created,
            "Labels": dict(volume.labels) or None,
            "Options": dict(volume.options) or None,
            "Scope": "local",
        }

    @told_as_engine_errors()
    def acts(self, name: str) -> list[dict[str, Any]]:
        """What was done on a container's behalf, in order (see engine/acts.py)."""
        from engine import wording

        return wording.read(self.container(name).directory / "acts.jsonl")

    @told_as_engine_errors()
    def by_hand(self, name: str) -> str:
        """The last start of a container as a script of sh(1), for root to run.

        It holds the container's environment. A byte of a name that is no UTF-8 is kept
        as os.fsdecode does. InvalidState if no whole start is recorded.
        """
        from engine.by_hand.script import of_container

        container = self.container(name)
        return of_container(container, self.acts(container.id), self._cables(container))

    def _cables(self, container: Container) -> "list[Cable]":
        """How a container is plugged into its networks, where those are still there."""
        if not container.memberships:
            return []
        from engine.by_hand.cables import Cable
        from engine.network.networks import bridge_name

        tag, found = self._house.place.tag, []
        for one in container.memberships:
            network = self.network(one.network)
            found.append(Cable(network, bridge_name(tag, network), one.mac))
        return found

    def states(self) -> "list[Arrow]":
        """Every transition from one state of a container to another."""
        from engine.runtime.state import arrows

        return arrows()

    def container_size(self, name: str) -> tuple[int, int]:
        """The bytes that a container has written; those and its image's together."""
        from engine.containers.looking.layers import container_size

        return container_size(self._house, self.container(name))

    def mounts(self) -> "list[MountPoint]":
        """The engine's mounts, on the machine and inside the containers."""
        from engine.containers.looking.mounts import mount_points

        return mount_points(self._house, self.containers(all=True))

    def processes(self) -> "list[ProcessInfo]":
        """The engine's processes: spawner, shims, and those in containers.

        First labd and its clients, if one serves this root at its usual socket, or at
        the one that $DOCKER_HOST names.
        """
        from engine.containers.looking.processes import processes
        from engine.serving.labd import serving

        containers = self.containers(all=True)
        return [*serving(self._house.root), *processes(self._house, containers)]

    def stops(self) -> frozenset[str]:
        """Where a start that is stepped through may stop: concepts and calls."""
        from engine.containers.sessions.stepping import stops

        return stops()

    def cgroup(self, name: str) -> Path:
        """The directory of a container's control group; on version 1 that of memory."""
        from engine.kernel import cgroups

        group = self._house.cgroup(self._house.records.find(name))
        return cgroups.directory(group, "memory")

    def layers(self, name: str) -> "tuple[LayerView, ...]":
        """The layers of a container or an image, bottom first."""
        from engine.containers.looking.layers import container_layers, image_layers

        try:
            container = self.container(name)
        except NotFound:
            return image_layers(self._house, self._image_of_that_name(name))
        return container_layers(self._house, container, self.image(container.image_id))

    def _image_of_that_name(self, name: str) -> "StoredImage":
        """The image; where there is none, what was asked for may have been either."""
        try:
            return self.image(name)
        except NotFound as error:
            raise _no_such_object(name) from error


def _no_such_object(name: str) -> NotFound:
    return NotFound(f"No such object: {name}", "`lab ps -a`, `lab images`.")
