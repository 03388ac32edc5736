"""Pictures: mounts, processes and layers as plain data, read off the live system.

Nothing here is remembered by the engine: mounts come from /proc/PID/mountinfo,
processes from /proc/PID/status, layers from the directories that the overlay shows.
So a picture is true even of what was done behind the engine's back.

man: proc(5), namespaces(7)
Try it: `lab mounts`, `lab tree`, `lab layers NAME`
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.containers.house import House
from engine.containers.record import Container
from engine.images.stored import StoredImage
from engine.kernel import cgroups, mount_table, namespaces
from engine.runtime.bundle import Bundle
from engine.storage import usage
from engine.storage.changes import Change, changes


@dataclass(frozen=True, slots=True, kw_only=True)
class MountPoint:
    """One mount of the engine's; `inside` if it is seen in the container only."""

    container: str | None
    inside: bool
    target: str
    source: str
    kind: str
    options: str
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessInfo:
    """One process of the engine's, with its number outside and inside."""

    pid: int
    parent: int
    inside_pid: int | None
    command: str
    role: str
    container: str | None
    namespaces: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerView:
    """One layer as it lies on disk; `below` are the layers under it, topmost first."""

    kind: str
    id: str
    created_by: str
    size: int
    directory: Path
    below: tuple[Path, ...]

    def changes(self) -> list[Change]:
        """What this layer adds, changes and deletes over those below."""
        return list(changes(self.directory, self.below))


def mount_points(house: House, containers: Iterable[Container]) -> list[MountPoint]:
    """The engine's mounts: those of the machine, then those inside each container."""
    running = list(containers)
    names = {c.id: c.name for c in running}
    prefix = str(house.root)
    found = []
    for mount in mount_table.table():
        if mount.target == prefix or mount.target.startswith(f"{prefix}/"):
            parts = mount.target.removeprefix(prefix).split("/")
            identity = parts[2] if parts[1:2] == ["containers"] else ""
            owner = names.get(identity, identity[:12]) or None
            found.append(_mount_point(mount, owner, inside=False))
    for container in running:
        if container.state.pid:
            found += [
                _mount_point(mount, container.name, inside=True)
                for mount in mount_table.table(container.state.pid)
            ]
    return found


def _mount_point(
    mount: mount_table.Mount, container: str | None, inside: bool
) -> MountPoint:
    return MountPoint(
        container=container,
        inside=inside,
        target=mount.target,
        source=mount.source,
        kind=mount.kind,
        options=mount.options,
        id=mount.id,
    )


def processes(house: House, containers: Iterable[Container]) -> list[ProcessInfo]:
    """The engine's processes: spawner, shims, and everything in the containers."""
    found = []
    shims = set()
    for container in containers:
        if not container.state.pid:
            continue
        shims.add(container.state.shim_pid)
        found += _info(container.state.shim_pid, "shim", container)
        for pid in sorted(cgroups.members(house.cgroup(container))):
            found += _info(pid, _role(pid, container), container)
    spawners = {_parent(pid) for pid in shims} | set(_spawners(house))
    for pid in sorted(spawners - {0, 1}):
        found = [*_info(pid, "spawner", None), *found]
    return found


def _role(pid: int, container: Container) -> str:
    """Descendants of process 1 are the container's, those of the shim are exec's."""
    while pid not in (0, 1):
        if pid == container.state.pid:
            return "container"
        if pid == container.state.shim_pid:
            return "exec"
        pid = _parent(pid)
    return "container"  # its parent has ended: process 1 inside has adopted it


def _spawners(house: House) -> Iterator[int]:
    """The spawner is the process whose arguments end in this root."""
    wanted = f"\0{house.root}\0".encode()
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if Path(f"/proc/{name}/comm").read_text() == "lab-spawner\n":
                    command = Path(f"/proc/{name}/cmdline").read_bytes()
                    if command.endswith(wanted):
                        yield int(name)
            except OSError:
                continue  # it has ended


def _parent(pid: int) -> int:
    return int(_status(pid).get("PPid", 0))


def _status(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
    except OSError:
        return {}
    return {k: v.strip() for k, _, v in (line.partition(":") for line in lines)}


def _info(pid: int, role: str, container: Container | None) -> list[ProcessInfo]:
    """One process, or nothing if it has ended meanwhile."""
    status = _status(pid)
    if not status:
        return []
    numbers = status.get("NSpid", str(pid)).split()
    return [
        ProcessInfo(
            pid=pid,
            parent=int(status["PPid"]),
            inside_pid=int(numbers[-1]) if len(numbers) > 1 else None,
            command=_command(pid) if role in ("container", "exec") else status["Name"],
            role=role,
            container=container.name if container else None,
            namespaces=namespaces.inodes(pid),
        )
    ]


def _command(pid: int) -> str:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    words = raw.rstrip(b"\0").split(b"\0")
    return b" ".join(words).decode(errors="replace")[:200]


def container_changes(container: Container) -> list[Change]:
    """What the read-write layer changes, without the engine's own mount points."""
    layers = Bundle.read(container.directory / "bundle").layers
    return list(changes(layers.upper, layers.lower)) if layers else []


def image_layers(house: House, image: StoredImage) -> tuple[LayerView, ...]:
    """The layers of an image, bottom first; steps without a layer are left out."""
    directories = tuple(reversed(house.images.layer_directories(image)))
    steps = [step for step in house.images.stack(image) if not step.empty]
    return tuple(
        LayerView(
            kind="image",
            id=step.diff_id,
            created_by=step.created_by,
            size=step.size,
            directory=directory,
            below=tuple(reversed(directories[:height])),
        )
        for height, (step, directory) in enumerate(zip(steps, directories, strict=True))
    )


def container_layers(
    house: House, container: Container, image: StoredImage
) -> tuple[LayerView, ...]:
    """The layers of a container, bottom first: image, init, read-write."""
    stack = list(image_layers(house, image))
    for kind, name in (("init", "init"), ("read-write", "upper")):
        directory = container.directory / name
        below = tuple(view.directory for view in reversed(stack))
        stack.append(
            LayerView(
                kind=kind,
                id=container.short_id,
                created_by="labshell" if kind == "init" else container.name,
                size=usage.of(directory).content,
                directory=directory,
                below=below,
            )
        )
    return tuple(stack)


def container_size(house: House, container: Container) -> tuple[int, int]:
    """The bytes that a container has written, and those together with its image's."""
    written = usage.of(container.directory / "upper").content
    image = house.images.by_id().get(container.image_id)
    return written, written + (image.size if image else 0)
