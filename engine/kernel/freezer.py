"""The freezer: a whole control group is stopped at once, or ended at once.

A frozen process gets no CPU. Its memory, files and connections stay, and it cannot
notice: unlike SIGSTOP, nobody inside is told, and nobody inside can undo it.

    what       version 1                    version 2
    freeze     FROZEN → freezer.state       1 → cgroup.freeze
    thaw       THAWED → freezer.state       0 → cgroup.freeze
    kill all   freeze, signal each, thaw    1 → cgroup.kill

man: cgroups(7); Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst
Try it: `lab run -d --name box busybox top; lab pause box; lab tree`
"""

import contextlib
import errno
import os
import signal
import time
from pathlib import Path

from engine.acts import act, os_error
from engine.errors import SyscallError
from engine.kernel import cgroups, group_files
from engine.kernel.pseudo_files import read_text

_PATIENCE = 2.0  # seconds: on a busy machine a process must first get a turn to stop
_BRIEFLY = 0.1  # seconds, where a group is ended whether it was still or not


def freeze(group: str, patience: float = _PATIENCE) -> None:
    """Take the CPU away from every process of the group, and wait until it is so.

    SyscallError (ETIMEDOUT), and nothing is frozen, if that takes more than `patience`
    seconds.
    """
    place = cgroups.directory(group, "freezer")
    try:
        if cgroups.version() == 2:
            group_files.write(place / "cgroup.freeze", "1")
            _wait_for(place / "cgroup.events", "frozen 1", patience)
        else:
            group_files.write(place / "freezer.state", "FROZEN")
            _wait_for(place / "freezer.state", "FROZEN", patience)
    except SyscallError:
        thaw(group)  # not half of it either
        raise


def thaw(group: str) -> None:
    """Give the CPU back, also to groups inside it that were frozen from inside."""
    name, value = ("freezer.state", "THAWED")
    if cgroups.version() == 2:
        name, value = ("cgroup.freeze", "0")
    for place in cgroups.with_those_inside(cgroups.directory(group, "freezer")):
        if not _says(place / name, value):
            group_files.write(place / name, value)


def is_frozen(group: str) -> bool:
    """Whether the group is frozen; not if there is no such group."""
    place = cgroups.directory(group, "freezer")
    if cgroups.version() == 2:
        return _says(place / "cgroup.freeze", "1")
    return _says(place / "freezer.state", "FROZEN")


def _says(path: Path, value: str) -> bool:
    """Whether nothing need be written; not if there is no such file."""
    try:
        return read_text(path).strip() == value
    except OSError:
        return False


def _wait_for(path: Path, text: str, patience: float) -> None:
    """Freezing ends within microseconds, but nothing can be waited on in version 1."""
    end = time.monotonic() + patience
    while text not in read_text(path):
        if time.monotonic() > end:
            raise SyscallError("write", errno.ETIMEDOUT, str(path))
        time.sleep(0.001)


def kill_all(group: str) -> None:
    """End every process of the group, also those that are being born meanwhile."""
    at_once = cgroups.directory(group, "freezer") / "cgroup.kill"
    if cgroups.version() == 2 and at_once.exists():
        group_files.write(at_once, "1")
        return
    for _ in range(cgroups.ATTEMPTS):
        found = cgroups.members(group)
        if not found:
            return
        with contextlib.suppress(SyscallError):  # a fork bomb is not still in time
            freeze(group, _BRIEFLY)
            found = cgroups.members(group)
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                _kill(pid)
        thaw(group)
        time.sleep(cgroups.MOMENT)


def kill_left(group: str) -> None:
    """End what is left in the group itself when its process 1 has: mostly nobody."""
    if not cgroups.is_empty(group):
        kill_all(group)


@act(
    "kill(2)",
    lambda pid: f"kill -9 {pid}",
    lambda pid: f"{pid}, SIGKILL",
    refusal=os_error,
)
def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
