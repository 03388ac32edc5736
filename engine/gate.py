"""The gate: somebody who is asked before each act, and decides what becomes of it.

    process that is about to act                       who holds the other end
      {"call": "mount(2)", "shell": "mount -t …"} ──▶    a student, with --step
                                                  ◀──    "" go on · "ENOSPC" fail so

It stands between two processes, because a container is made by several: the starter,
its init, the shim. They inherit one socket, which goes with them into every namespace.
Each question brings a socket of its own for the answer, so that two who ask at once
cannot take each other's. When the other end (see gatekeeper.py) has gone, nobody is
asked any more: no container hangs because a shell was closed.

What a start needs before its shim is told to start is done by the command itself. Who
is asked then is in the same process: a function, which has answered when it returns.

This is how `--step` stops at each act, and how the tests let each act fail, or kill
everybody at it. Without a gate it costs nothing.

man: unix(7) on SOCK_SEQPACKET and SCM_RIGHTS, errno(3)
Try it: `lab run --step busybox true`
"""

import array
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator
from contextvars import ContextVar

from engine.errors import Aborted

ABORT = b"abort"

current: socket.socket | None = None  # of this process; its children inherit it

# Who is asked by this thread itself: it gets the question, and a socket to answer at.
Asked = Callable[[str, int], None]
_here: ContextVar[Asked | None] = ContextVar("here", default=None)


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


@contextlib.contextmanager
def asking(asked: Asked) -> Iterator[None]:
    """Meanwhile ask `asked` before each act of this thread, and nobody else."""
    token = _here.set(asked)
    try:
        yield
    finally:
        _here.reset(token)


def is_kept() -> bool:
    """Whether anybody is asked."""
    return current is not None or _here.get() is not None


def ask(question: str) -> int:
    """Ask before an act. 0: go on; an errno: it shall fail so. Aborted: neither."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            if asked := _here.get():
                asked(question, theirs.detach())
            elif not _sent(question, theirs):
                return 0
        answer = b""
        with contextlib.suppress(OSError):
            answer = ours.recv(32)
    if answer == ABORT:
        raise Aborted
    return int(getattr(errno, answer.decode(), 0)) if answer else 0


def _sent(question: str, reply: socket.socket) -> bool:
    """Send a question to who holds the other end; False if nobody does."""
    rights = array.array("i", [reply.fileno()]).tobytes()
    try:
        if current is not None:
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
            current.sendmsg([question.encode()], ancillary)
            return True
    except OSError:  # the other end has gone
        pass
    return False
