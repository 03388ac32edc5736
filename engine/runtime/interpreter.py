"""The interpreter: how the engine starts Python programs of its own.

A bare Python (-I and -S) reads nothing of the student's environment. The spawner, of
which every shim and every init is a copy, runs from a *sealed copy* of the program in
memory: a container that gets hold of /proc/PID/exe of a process that is about to enter
it can then overwrite nothing (CVE-2019-5736).

man: memfd_create(2), fcntl(2) on F_ADD_SEALS, posix_spawn(3)
Try it: `lab run -d busybox sleep 60; ls -l /proc/$(pgrep lab-spawner)/exe`
"""

import contextlib
import errno
import fcntl
import os
import socket
import sys
from pathlib import Path

_SEALS = 0x1 | 0x2 | 0x4 | 0x8  # F_SEAL_SEAL, _SHRINK, _GROW, _WRITE
_MFD_EXEC = 0x10
_F_ADD_SEALS = 1033
_ATTEMPTS = 20  # to seal, of 150 ms each

_launched: set[int] = set()  # what this process has started, and may have ended


def python_command(module: str, function: str, *arguments: str) -> list[str]:
    """The command that calls `module.function(*arguments)` in a new, bare Python.

    -I and -S: nothing of the user's environment or site is read.
    """
    home = str(Path(__file__).parents[2])
    code = (
        f"import sys; sys.path.insert(0, {home!r}); "
        f"from {module} import {function}; {function}(*sys.argv[1:])"
    )
    return [_interpreter(), "-I", "-S", "-c", code, *arguments]


def _interpreter() -> str:
    """The real Python program: argv[0] from which it finds its own library."""
    return os.path.realpath(sys.executable)


def launch_spawner(root: Path, listener: socket.socket) -> int:
    """Start a spawner that accepts on `listener`. Called by the engine, never waits.

    Its number.
    """
    program = _sealed_copy(_interpreter())
    command = python_command("engine.runtime.spawner", "serve", str(root))
    try:
        return launch(
            command, {3: listener.fileno()}, program=f"/proc/self/fd/{program}"
        )
    finally:
        os.close(program)


def launch(
    command: list[str],
    descriptors: dict[int, int],
    *,
    program: str = "",
    environment: dict[str, str] | None = None,
) -> int:
    """Start a program in a session of its own; its number.

    It reads from /dev/null and writes there; `descriptors` (there → here) it has, too.
    `program` is the file that is run, if that is not the command's first word. Without
    an `environment` it has none.
    """
    _collect_ended()
    nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    try:
        pid = os.posix_spawn(
            program or command[0],
            command,
            environment or {},
            file_actions=[
                *((os.POSIX_SPAWN_DUP2, nothing, standard) for standard in (0, 1, 2)),
                *(
                    (os.POSIX_SPAWN_DUP2, here, there)
                    for there, here in descriptors.items()
                ),
            ],
            setsid=True,
        )
        _launched.add(pid)
        return pid
    finally:
        os.close(nothing)


def _collect_ended() -> None:
    """Take the exit status of what was launched and has ended: no zombie stays."""
    for pid in list(_launched):
        with contextlib.suppress(ChildProcessError):  # somebody else has taken it
            if os.waitpid(pid, os.WNOHANG) == (0, 0):
                continue  # it lives
        _launched.discard(pid)


def _sealed_copy(path: str) -> int:
    """A copy of a program in memory that nobody can change any more."""
    flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    try:  # a kernel may be told to make no memory executable unless asked to
        copy = os.memfd_create("labshell", flags | _MFD_EXEC)
    except OSError:  # before Linux 6.3 there was no such wish
        copy = os.memfd_create("labshell", flags)
    try:
        with open(path, "rb") as file:
            rest = os.fstat(file.fileno()).st_size
            while rest > 0:
                rest -= os.sendfile(copy, file.fileno(), None, rest)
        _seal(copy)
    except BaseException:
        os.close(copy)
        raise
    return copy


def _seal(copy: int) -> None:
    """Seal a copy, also if the kernel itself holds one of its pages at the moment.

    It does so while it looks for memory to reclaim. It waits 150 ms for these pages
    before it says EBUSY; a busy machine needs longer.
    """
    for left in reversed(range(_ATTEMPTS)):
        try:
            fcntl.fcntl(copy, _F_ADD_SEALS, _SEALS)
            return
        except OSError as error:
            if error.errno != errno.EBUSY or not left:
                raise
