"""Joining: namespaces that are there already, and are not made by the start.

Those of another container (--pid container:NAME):

    linux.namespaces of config.json      {"type": "pid", "path": …/containers/ID/ns/pid}
    what is at that path                 a link to /proc/PID/ns/pid, renewed here

Process 1 of the other container is another process after each of its starts, so it is
looked up at each of ours: its number and the time of its start are in its record, and
a pidfd, opened before the two are compared, cannot come to mean another process.

And the container's own network namespace, which the engine has made before and pinned
at a path of its own: see sandbox.py.

man: setns(2), pidfd_open(2), namespaces(7)
Try it: `lab run -d --name a busybox sleep 60`, then
`lab run --rm --pid container:a busybox ps`
"""

import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from engine import entries
from engine.errors import EngineError
from engine.kernel import namespaces, processes
from engine.runtime import state

_OURS = re.compile(r"/.+/containers/[0-9a-f]{64}/ns/[a-z]+")


class Other(NamedTuple):
    """A process whose namespaces of some kinds will be joined."""

    pid: int
    pidfd: int
    kinds: tuple[str, ...]

    def join(self) -> None:
        """Enter its namespaces; of a pid namespace the next child is inside."""
        namespaces.join(self.pidfd, self.pid, self.kinds)
        os.close(self.pidfd)


class Pinned(NamedTuple):
    """A namespace that is mounted at `path`, and open."""

    opened: int
    kind: str
    path: str

    def join(self) -> None:
        """Enter it."""
        namespaces.enter(self.opened, self.kind, self.path)
        os.close(self.opened)


def find(joined: Mapping[str, str]) -> list[Other | Pinned]:
    """Whose namespaces the paths in `joined`, by kind, stand for.

    Only that of a container of ours stands for more than for what is there.

    EngineError if one of the containers does not run.
    """
    found: list[Other | Pinned] = []
    kinds: dict[Path, list[str]] = {}
    for kind, path in joined.items():
        if _OURS.fullmatch(path):
            kinds.setdefault(Path(path).parents[1], []).append(kind)
        else:
            opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            found.append(Pinned(opened=opened, kind=kind, path=path))
    found += [_running(directory, tuple(names)) for directory, names in kinds.items()]
    return found


def _running(directory: Path, kinds: tuple[str, ...]) -> Other:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        now = state.read(directory)
        pidfd = os.pidfd_open(now.pid) if now.pid else -1
        if pidfd >= 0 and processes.start_time(now.pid) == now.pid_started:
            _renew_links(directory / "ns", now.pid, kinds)
            return Other(pid=now.pid, pidfd=pidfd, kinds=kinds)
    raise EngineError(
        f"container {directory.name} is not running",
        f"Its namespaces are to be joined: `lab start {directory.name[:12]}` first.",
    )


def _renew_links(place: Path, pid: int, kinds: tuple[str, ...]) -> None:
    """Make the paths of config.json true, for runc and for people."""
    place.mkdir(mode=0o711, exist_ok=True)
    for kind in kinds:
        new = place / f".{kind}.{os.getpid()}"
        entries.link(f"/proc/{pid}/ns/{namespaces.KINDS[kind][1]}", new)
        entries.rename(new, place / kind)
