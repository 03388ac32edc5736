"""Processes: spawner, shims, and all that runs in the containers.

A control group tells which processes are a container's; who of them is process 1's
child, and who was executed, is told by their parents.

man: proc(5), pid_namespaces(7)
Try it: `lab tree`
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from engine.containers.house import House
from engine.containers.record import Container
from engine.kernel import cgroups, namespaces, process_table

_LONGEST_COMMAND = 200  # characters
_OTHERS = ("container", "exec", "client")  # roles of programs that are not ours


class ProcessInfo(NamedTuple):
    """One process of the engine's, with its number outside and inside."""

    pid: int
    parent: int
    inside_pid: int | None
    command: str
    role: str
    container: str | None
    namespaces: dict[str, int]


def processes(house: House, containers: Iterable[Container]) -> list[ProcessInfo]:
    """The engine's processes, each after its parent."""
    found = []
    shims = set()
    for container in containers:
        if not (container.state.pid or container.state.stepped):
            continue
        shims.add(container.state.shim_pid)
        found += info(container.state.shim_pid, "shim", container)
        members = set(cgroups.members(house.cgroup(container)))
        for entry in _beside(container):
            if entry.pid not in members:  # a program may call itself as it likes
                found += info(entry.pid, "porter", container)
        for pid in half_made(container):
            found += info(pid, "starter", container)
        for pid in sorted(members.difference(half_made(container))):
            found += info(pid, _role(pid, container), container)
    spawners = {_parent(pid) for pid in shims} | set(_spawners(house))
    for pid in sorted(spawners - {0, 1}):
        found = [*info(pid, "spawner"), *found]
    return found


def half_made(container: Container) -> list[int]:
    """The processes that make the container, while somebody steps through its start.

    The starter; after it has ended, the init that is to become process 1.
    """
    if not container.state.stepped:
        return []
    porters = {entry.pid for entry in _beside(container)}
    found = map(process_table.read, process_table.children(container.state.shim_pid))
    born = [entry.pid for entry in found if entry and entry.state != "Z"]
    return [pid for pid in born if pid not in porters]


def _beside(container: Container) -> list[process_table.ProcessEntry]:
    """The porter of a container, if it has one: a child of its shim."""
    found = map(process_table.read, process_table.children(container.state.shim_pid))
    return [entry for entry in found if entry and entry.name == "lab-porter"]


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
                own = Path(f"/proc/{name}/comm").read_bytes() == b"lab-spawner\n"
                if own and process_table.command_line(int(name)).endswith(wanted):
                    yield int(name)
            except OSError:
                continue  # it has ended


def _parent(pid: int) -> int:
    """The number of its parent; 0 if it has ended."""
    entry = process_table.read(pid)
    return entry.parent if entry else 0


def info(pid: int, role: str, container: Container | None = None) -> list[ProcessInfo]:
    """One process, or nothing if it has ended meanwhile."""
    entry = process_table.read(pid)
    if entry is None:
        return []
    command = " ".join(entry.arguments)[:_LONGEST_COMMAND]
    return [
        ProcessInfo(
            pid=pid,
            parent=entry.parent,
            inside_pid=entry.inside_pid,
            command=command if role in _OTHERS else entry.name,
            role=role,
            container=container.name if container else None,
            namespaces=namespaces.inodes(pid),
        )
    ]
