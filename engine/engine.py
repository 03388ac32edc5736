"""The facade: one class through which everybody outside uses the engine.

    shell, lessons, grader, daemon ──▶ Engine ──▶ containers, images, volumes

It holds no state of its own: state is on disk, with locks, so any number of Engines in
any number of processes may work on one root at once. Making one touches no disk.

Each method finds what it is about, repairs the record if a crash has left it wrong
(see containers/repair.py), and hands over to the room that knows how. What the student
should hear of such repairs collects in `notices`.

Rooms are imported when they are needed: a command should not wait for what it does
not use.

Try it: python3 -c "from engine.engine import Engine; print(Engine().containers())"
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from engine import acts as acts_of
from engine.containers import lifecycle, repair
from engine.containers.house import DEFAULT_ROOT, House
from engine.containers.options import ContainerOptions, ExecOptions
from engine.containers.record import Container
from engine.errors import EngineError, InvalidArgument, NotFound
from engine.images.stored import StoredImage
from engine.runtime.state import State
from engine.storage.volumes import Volume

if TYPE_CHECKING:
    # "as" says that these are here for others to import, as types.
    from engine.containers.pictures import LayerView as LayerView
    from engine.containers.pictures import MountPoint as MountPoint
    from engine.containers.pictures import ProcessInfo as ProcessInfo
    from engine.containers.session import Session as Session
    from engine.images.stack import HistoryRow as HistoryRow
    from engine.runtime.logs import LogEntry as LogEntry
    from engine.storage.changes import Change as Change

__all__ = [
    "Container",
    "ContainerOptions",
    "Engine",
    "EngineError",
    "ExecOptions",
    "State",
    "StoredImage",
    "Volume",
]


class Engine:
    """A container engine whose files are below one directory."""

    def __init__(self, root: Path | None = None) -> None:
        """`root` None: $LABSHELL_ROOT, else /var/lib/labshell."""
        chosen = root or os.environ.get("LABSHELL_ROOT") or DEFAULT_ROOT
        self.root = Path(os.path.realpath(chosen))
        self._house = House(self.root)

    @property
    def notices(self) -> list[str]:
        """What was repaired, a line each; whoever prints it clears it."""
        return self._house.notices

    def close(self) -> None:
        """End the idle spawner now, and take its mount away if nothing needs it."""
        from engine.runtime import client

        client.end_spawner(self._house.place)
        self._house.leave()

    def destroy(self) -> None:
        """Remove all that there is of this engine: containers, images, volumes, root.

        For an engine that was made for one purpose and that nobody else uses.
        """
        from engine import files

        if self.root.exists():
            for container in self.containers(all=True):
                self.remove(container.id, force=True)
        self.close()
        files.remove_tree(self._house.place.directory)
        files.remove_tree(self.root)

    # Images

    def images(self, all: bool = False) -> list[StoredImage]:
        """The images, newest first; `all` shows unnamed parents too."""
        self._base_image()
        return self._house.images.list(intermediate=all)

    def image(self, name: str) -> StoredImage:
        """The image of this name or ID. NotFound if there is none."""
        try:
            return self._house.images.find(name)
        except NotFound:
            if not self._base_image():
                raise
            return self._house.images.find(name)

    def _base_image(self) -> bool:
        """Make the base image of an empty store; True if one was made."""
        if self._house.images.index.read():
            return False
        from engine.images.base import ensure_base_image

        self._house.prepare()
        return ensure_base_image(self._house.images) is not None

    def history(self, name: str) -> "Sequence[HistoryRow]":
        """The steps that made an image, newest first."""
        return self._house.images.history(self.image(name))

    def tag(self, source: str, target: str) -> None:
        """Give an image one more name."""
        self._house.images.tag(self.image(source), target)

    def remove_image(self, name: str, force: bool = False) -> list[str]:
        """Remove a name, or the image if it was its last; what was done, as lines."""
        used: dict[str, list[str]] = {}
        running = set()
        stands_on: set[Path] = set()
        for container in self.containers(all=True):
            used.setdefault(container.image_id, []).append(container.id)
            stands_on.update(self._snapshots_of(container))
            if container.running:
                running.add(container.id)
        return self._house.images.remove(
            name, force=force, used_by=used, running=running, in_use=stands_on
        )

    def _snapshots_of(self, container: Container) -> Sequence[Path]:
        from engine.runtime.bundle import Bundle

        layers = Bundle.read(container.directory / "bundle").layers
        return layers.lower[1:] if layers else ()

    def import_image(
        self,
        stream: BinaryIO,
        reference: str | None = None,
        changes: Sequence[str] = (),
        message: str = "",
    ) -> StoredImage:
        """Make an image of one layer from a tar of a root file system."""
        self._house.prepare()
        return self._house.images.import_tar(stream, reference, changes, message)

    def make_rootfs(self, directory: Path, programs: Sequence[str]) -> list[Path]:
        """Copy programs of this machine, with the libraries that they need."""
        from engine.images.rootfs import assemble

        return assemble(directory, programs)

    # Containers

    def create(self, options: ContainerOptions) -> Container:
        """Make a container; it does not run yet."""
        from engine.containers.create import create

        repair.sweep(self._house)
        return create(self._house, options, self.image(options.image))

    def containers(self, all: bool = False) -> list[Container]:
        """The containers, newest first: those that run, or `all`."""
        repair.sweep(self._house)
        found = []
        for container in self._house.records.all():
            container = repair.repair(self._house, container)
            if repair.remove_finished(self._house, container):
                continue
            if all or container.running:
                found.append(container)
        return found

    def container(self, name: str) -> Container:
        """The container of this name, ID, or beginning of an ID."""
        return repair.repair(self._house, self._house.records.find(name))

    def start(self, name: str) -> None:
        """Run a container in the background; nothing happens if it runs."""
        lifecycle.start(self._house, self.container(name))

    def session(self, name: str, stdin: bool = False) -> "Session":
        """Be attached to a container that runs, or will when the session starts."""
        from engine.containers.session import attach

        return attach(self._house, self.container(name), stdin)

    def execute(self, name: str, options: ExecOptions) -> "Session":
        """A session for one more process in a running container."""
        from engine.containers.execute import execute

        return execute(self._house, self.container(name), options)

    def stop(self, name: str, timeout: int | None = None) -> None:
        """End a container politely, by force after `timeout` seconds (10)."""
        lifecycle.stop(self._house, self.container(name), timeout)

    def restart(self, name: str, timeout: int | None = None) -> None:
        """Stop a container if it runs, and run it again."""
        self.stop(name, timeout)
        self.start(name)

    def kill(self, name: str, signal: str = "KILL") -> None:
        """Send a signal to process 1 of a container."""
        lifecycle.kill(self._house, self.container(name), signal)

    def pause(self, name: str) -> None:
        """Take the CPU away from a container."""
        lifecycle.pause(self._house, self.container(name))

    def unpause(self, name: str) -> None:
        """Give a paused container the CPU back."""
        lifecycle.unpause(self._house, self.container(name))

    def wait(self, name: str) -> int:
        """The exit status of a container, once it has ended."""
        return lifecycle.wait(self._house, self.container(name))

    def remove(self, name: str, force: bool = False, volumes: bool = False) -> None:
        """Remove a container; `force` kills it first."""
        from engine.containers.removal import remove

        remove(self._house, self.container(name), force=force, volumes=volumes)

    def rename(self, name: str, new: str) -> None:
        """Give a container another name."""
        self._house.records.rename(self.container(name), new)

    def logs(self, name: str, follow: bool = False) -> "Iterator[LogEntry]":
        """What a container has printed; `follow` until it ends."""
        from engine.containers.reading import entries

        return entries(self._house, self.container(name), follow)

    def changes(self, name: str) -> "list[Change]":
        """What a container has changed in the files of its image."""
        from engine.containers.pictures import container_changes

        return container_changes(self.container(name))

    def commit(
        self,
        name: str,
        reference: str | None = None,
        author: str = "",
        message: str = "",
        changes: Sequence[str] = (),
        pause: bool = True,
    ) -> StoredImage:
        """Make an image of what a container has changed."""
        from engine.containers.commit import commit

        container = self.container(name)
        return commit(
            self._house,
            container,
            self.image(container.image_id),
            reference,
            author=author,
            message=message,
            changes=changes,
            pause=pause,
        )

    def acts(self, name: str) -> list[dict[str, Any]]:
        """What the kernel was asked on a container's behalf (see engine/acts.py)."""
        return acts_of.read(self.container(name).directory / "acts.jsonl")

    # Volumes

    def create_volume(
        self, name: str | None = None, labels: Mapping[str, str] | None = None
    ) -> Volume:
        """The volume `name`, made if it is not there; None gives it a name."""
        self._house.prepare()
        return self._house.volumes.create(name, labels)

    def volumes(self) -> list[Volume]:
        """Every volume, by name."""
        return self._house.volumes.all()

    def volume(self, name: str) -> Volume:
        """The volume of this name."""
        return self._house.volumes.find(name)

    def remove_volume(self, name: str, force: bool = False) -> None:
        """Remove a volume that nobody uses; with `force` it need not be there."""
        from engine.containers.removal import volume_users

        try:
            self._house.volumes.remove(name, volume_users(self._house, name))
        except NotFound:
            if not force:
                raise

    # Looking closer

    def inspect(self, name: str, kind: str | None = None) -> dict[str, Any]:
        """A container, image or volume in Docker's shape; NotFound if it is none."""
        kinds: dict[str, Callable[[str], dict[str, Any]]] = {
            "container": self._inspect_container,
            "image": lambda name: self._house.images.inspect(self.image(name)),
            "volume": self._inspect_volume,
        }
        for candidate in [kind] if kind else kinds:
            try:
                return kinds[candidate](name)
            except (NotFound, InvalidArgument):
                if kind:
                    raise
            except EngineError as error:
                if type(error).__name__ != "InvalidReference":
                    raise
        raise NotFound(f"No such object: {name}", "`lab ps -a`, `lab images`.")

    def _inspect_container(self, name: str) -> dict[str, Any]:
        from engine.containers.inspect import inspect

        return inspect(self.container(name))

    def _inspect_volume(self, name: str) -> dict[str, Any]:
        volume = self.volume(name)
        return {
            "Name": volume.name,
            "Driver": "local",
            "Mountpoint": str(volume.mountpoint),
            "CreatedAt": volume.created,
            "Labels": dict(volume.labels),
            "Options": {},
            "Scope": "local",
        }

    def mounts(self) -> "list[MountPoint]":
        """The engine's mounts, on the machine and inside the containers."""
        from engine.containers.pictures import mount_points

        return mount_points(self._house, self.containers())

    def processes(self) -> "list[ProcessInfo]":
        """The engine's processes: spawner, shims, and those in containers."""
        from engine.containers.pictures import processes

        return processes(self._house, self.containers())

    def layers(self, name: str) -> "tuple[LayerView, ...]":
        """The layers of a container or an image, bottom first."""
        from engine.containers.pictures import container_layers, image_layers

        try:
            container = self.container(name)
        except NotFound:
            return image_layers(self._house, self.image(name))
        return container_layers(self._house, container, self.image(container.image_id))
