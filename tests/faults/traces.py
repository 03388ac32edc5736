"""What a container has on the machine while it runs, and must not have afterwards."""

import os
import signal
from pathlib import Path

from engine.engine import Container
from engine.kernel import cgroups
from engine.runtime.place import Place
from engine.runtime.sandbox import FILE
from tests.engine.boxes import Box, until


def place_of(box: Box) -> Place:
    return Place(root=box.engine.root)


def group_of(box: Box, container: Container) -> str:
    return f"{place_of(box).cgroup}/{container.id}"


def traces(box: Box, container: Container) -> list[str]:
    """Mounts, groups, sockets, addresses and processes of a container."""
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    found = [line.split()[4] for line in mounts if container.id in line.split()[4]]
    group = group_of(box, container)
    found += [str(path) for path in cgroups.directories(group) if path.exists()]
    sockets = place_of(box).directory
    places = [*sockets.iterdir(), *sockets.glob("netns/*")]
    found += [path.name for path in places if container.id in path.name]
    found += [str(lease) for lease in leases(box, container)]
    found += [str(path) for path in [container.directory / FILE] if path.exists()]
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                text = (process / "cgroup").read_text(errors="replace")
                command = (process / "comm").read_text(errors="replace")
            except OSError:
                continue
            if container.id in text and running(int(process.name)):
                found.append(f"process {process.name} {command.strip()}")
    return found


def leases(box: Box, container: Container) -> list[Path]:
    """The addresses that a container has."""
    found = (box.engine.root / "networks").glob("*.leases/*")
    return [path for path in found if container.id in os.readlink(path)]


def kill(*pids: int) -> None:
    """End processes at once, and wait until they are gone."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for pid in pids:
        until(lambda pid=pid: not running(pid), f"the end of {pid}")


def running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
