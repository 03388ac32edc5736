"""Joining: namespaces that a container shares with another one (--pid container:NAME).

    linux.namespaces of config.json      {"type": "pid", "path": …/containers/ID/ns/pid}
    what is at that path                 a link to /proc/PID/ns/pid, renewed here

Process 1 of the other container is another process after each of its starts, so it is
looked up at each of ours: its number and the time of its start are in its record, and
a pidfd, opened before the two are compared, cannot come to mean another process.

man: setns(2), pidfd_open(2), namespaces(7)
Try it: `lab run -d --name a busybox sleep 60`, then
`lab run --rm --pid container:a busybox ps`
"""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from engine import entries
from engine.errors import EngineError
from engine.kernel import namespaces, processes
from engine.runtime import state


class Other(NamedTuple):
    """A process whose namespaces of some kinds will be joined."""

    pid: int
    pidfd: int
    kinds: tuple[str, ...]

    def join(self) -> None:
        """Enter its namespaces; of a pid namespace the next child is inside."""
        namespaces.join(self.pidfd, self.pid, self.kinds)
        os.close(self.pidfd)


def find(joined: Mapping[str, str]) -> list[Other]:
    """Whose namespaces the paths in `joined`, by kind, stand for.

    EngineError if one of the containers does not run.
    """
    kinds: dict[Path, list[str]] = {}
    for kind, path in joined.items():
        kinds.setdefault(Path(path).parents[1], []).append(kind)
    return [_running(directory, tuple(names)) for directory, names in kinds.items()]


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
