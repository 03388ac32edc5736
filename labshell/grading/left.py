"""What a run has left: its processes, its files, and which limits it has met.

    grader, root                                    sandbox, frozen
    ────────────                                    ───────────────
    /proc/PID/ns, /proc/PID/cgroup ◀─────────────── processes, also of its containers
    its control group ◀──────────────────────────── how often there was no more
    its files, opened from outside ◀─────────────── /srv/page

All of it is read from outside, of what the kernel and the disk have. A program may call
itself as it likes; it cannot choose in which namespaces it is seen.

man: cgroups(7), namespaces(7), proc(5)
Try it: `work.ran.processes` in a check of an assignment
"""

import contextlib
import errno
import os
import stat
import tarfile
import time
from typing import TYPE_CHECKING

from engine.engine import Engine
from engine.errors import InvalidState, NotFound, SyscallError
from labshell.grading.ran import RanProcess

if TYPE_CHECKING:
    from engine.engine import ProcessInfo

WAITS = "sleep 2147483"  # seconds, as nobody else would ask for
_LARGEST_FILE = 1 << 20  # bytes of a file that is looked at
_MOST_PROCESSES = 256
_ATTEMPTS = 3  # to freeze it; each has two seconds
_SETTLING, _MOMENT = 0.3, 0.01  # seconds, for what the script has begun last
_INSIDE = ("container", "exec")  # roles of what is in the container
_NOWHERE = (errno.ELOOP, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EXDEV)  # a bad path


class RestlessError(Exception):
    """Something in it cannot be frozen: nobody can look at what still changes."""


def settle(engine: Engine, name: str, script: str) -> None:
    """Let what the script has forked last come as far as its execve, if it will."""
    until = time.monotonic() + _SETTLING
    while time.monotonic() < until:
        if script not in {one.command for one in _inside(engine, name)}:
            return
        time.sleep(_MOMENT)


def processes(engine: Engine, container: str, name: str) -> tuple[RanProcess, ...]:
    """Freeze it; its processes, but for process 1 and what that waits for.

    RestlessError if it cannot be frozen.
    """
    try:
        _freeze(engine, container)
    except InvalidState:  # process 1 has ended, and all others with it
        return ()
    found = _inside(engine, name)
    numbers = {one.pid: one.inside_pid or 0 for one in found}
    first = engine.container(container).state.pid
    usual = next((one.namespaces for one in found if one.pid == first), {})
    left = [
        one
        for one in found[:_MOST_PROCESSES]
        if one.pid != first and (one.parent, one.command) != (first, WAITS)
    ]
    may = engine.allowed(first)
    allowed = {one.pid: engine.allowed(one.pid) for one in left}
    return tuple(
        RanProcess(
            pid=numbers[one.pid],
            parent=numbers.get(one.parent, 0),
            command=one.command,
            own=tuple(k for k, n in one.namespaces.items() if usual.get(k) != n),
            memory=_of_its_own(allowed[one.pid].memory, may.memory),
            most=_of_its_own(allowed[one.pid].pids, may.pids),
        )
        for one in left
    )


def _freeze(engine: Engine, container: str) -> None:
    """Freeze it, also where the machine is busy.

    Who traces a thread, lets it die and never asks how, has a process that waits for
    that thread where no freezer reaches it. It can be killed all the same.
    """
    for _ in range(_ATTEMPTS):
        try:
            engine.pause(container)
            return
        except SyscallError as error:
            if error.errno != errno.ETIMEDOUT:
                raise
    raise RestlessError


def _of_its_own(limit: int | None, usual: int | None) -> int | None:
    """The limit, if it is another than everybody has in the sandbox."""
    return limit if limit != usual else None


def _inside(engine: Engine, name: str) -> "list[ProcessInfo]":
    """The processes of the container of this name."""
    every = engine.processes()
    return [one for one in every if one.container == name and one.role in _INSIDE]


def file(engine: Engine, container: str, path: str) -> bytes | None:
    """The beginning of a plain file; None if it is none, whatever else is there."""
    try:
        status = engine.path_status(container, path)
    except NotFound:
        return None
    except SyscallError as error:
        if error.errno in _NOWHERE:
            return None
        raise
    if not stat.S_ISREG(status.mode) or status.size > _LARGEST_FILE:
        return None
    with contextlib.closing(os.fdopen(os.memfd_create("file"), "r+b")) as packed:
        engine.pack_files(container, path, packed.fileno())
        packed.seek(0)
        with tarfile.open(fileobj=packed, mode="r:") as tar:
            member = tar.next()
            content = tar.extractfile(member) if member and member.isreg() else None
            return content.read(_LARGEST_FILE) if content else None
