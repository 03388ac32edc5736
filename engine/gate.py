"""The gate: somebody who is asked before each act, and decides what becomes of it.

    process that is about to act                       who holds the other end
      {"call": "mount(2)", "shell": "mount -t …"} ──▶    a student, with --step
                                                  ◀──    "" go on · "ENOSPC" fail so

It stands between two processes, because a container is made by several: the starter,
its init, the shim. They inherit one socket, which goes with them into every namespace.
Each question brings a socket of its own for the answer, so that two who ask at once
cannot take each other's. When the other end (see gatekeeper.py) has gone, nobody is
asked any more: no container hangs because a shell was closed.

This is how `--step` stops at each act, and how the tests let each act fail, or kill
everybody at it. Without a gate it costs nothing.

man: unix(7) on SOCK_SEQPACKET and SCM_RIGHTS, errno(3)
Try it: `lab run --step busybox true`
"""

import array
import contextlib
import errno
import socket

from engine.errors import Aborted

ABORT = b"abort"

current: socket.socket | None = None  # of this process; its children inherit it


def install(descriptor: int) -> None:
    """From now on ask at this socket; it is kept open by this process."""
    global current
    leave()
    current = socket.socket(fileno=descriptor)


def leave() -> None:
    """Ask nobody any more."""
    global current
    if current is not None:
        current.close()
        current = None


def descriptors() -> tuple[int, ...]:
    """What a child that closes all other files must keep to be able to ask."""
    return (current.fileno(),) if current is not None else ()


def ask(question: str) -> int:
    """Ask before an act. 0: go on; an errno: it shall fail so. Aborted: neither."""
    if current is None:
        return 0
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            rights = array.array("i", [theirs.fileno()]).tobytes()
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
            try:
                current.sendmsg([question.encode()], ancillary)
            except OSError:  # the other end has gone
                return 0
        answer = b""
        with contextlib.suppress(OSError):
            answer = ours.recv(32)
    if answer == ABORT:
        raise Aborted
    return int(getattr(errno, answer.decode(), 0)) if answer else 0
