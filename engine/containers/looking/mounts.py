"""Mounts: the engine's, on the machine and inside the containers.

Nothing here is remembered: the kernel is asked what each process sees. So the picture
is true even of what was done behind the engine's back.

man: proc(5) on mountinfo
Try it: `lab mounts`
"""

from collections.abc import Iterable
from typing import NamedTuple

from engine.containers.house import House
from engine.containers.looking.processes import half_made
from engine.containers.record import Container
from engine.kernel import mount_table, namespaces


class MountPoint(NamedTuple):
    """One mount of the engine's; `inside` if it is seen in the container only."""

    container: str | None
    inside: bool
    target: str
    source: str
    kind: str
    options: str
    id: int


def mount_points(house: House, containers: Iterable[Container]) -> list[MountPoint]:
    """The engine's mounts: those of the machine, then those inside each container."""
    known = list(containers)
    names = {c.id: c.name for c in known}
    prefix = str(house.root)
    found = []
    for mount in mount_table.table():
        if mount.target == prefix or mount.target.startswith(f"{prefix}/"):
            parts = mount.target.removeprefix(prefix).split("/")
            identity = parts[2] if parts[1:2] == ["containers"] else ""
            owner = names.get(identity, identity[:12]) or None
            found.append(_mount_point(mount, owner, inside=False))
    for container in known:
        found += [
            _mount_point(mount, container.name, inside=True)
            for mount in _seen_inside(container)
        ]
    return found


def _seen_inside(container: Container) -> list[mount_table.Mount]:
    """What its process 1 sees; while that is being made, what it has made already.

    Before the pivot it sees all that the machine has, too: that is left out, and the
    rest called as it will be after the pivot.
    """
    if container.state.pid:
        return list(mount_table.table(container.state.pid))
    for pid in half_made(container):
        ours, its = namespaces.inodes("self"), namespaces.inodes(pid)
        if its.get("mount", ours["mount"]) != ours["mount"]:
            root, seen = f"{container.directory}/rootfs", list(mount_table.table(pid))
            made = [m for m in seen if f"{m.target}/".startswith(f"{root}/")]
            below = [m._replace(target=m.target[len(root) :] or "/") for m in made]
            return below or seen
    return []


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
