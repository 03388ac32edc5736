"""A birth: fork a starter, and wait until its child runs the program, or is ready to.

An exec has no starter: the child is the process itself.

It is what launch.py is for a shim, for a process that has nothing else to do. The same
messages come over a socket (see channel.py), and two more:

    {"begun": true}        its namespaces are there; it waits for what hooks do
    {"ready": true}        all is done but execve: it waits at the fifo

Only here the process is not adopted: when its starter has ended, it belongs to whoever
is the subreaper above us. That is conmon, or we ourselves in the foreground.

man: socketpair(2), prctl(2) on PR_SET_CHILD_SUBREAPER
Try it: `strace -f -e fork,clone,recvmsg labshell-runc run box`
"""

import contextlib
import os
import socket
from collections.abc import Callable

from engine.errors import EngineError
from engine.kernel import processes
from engine.runtime import channel
from engine.runtime.starter import Running


def asking(report: socket.socket) -> Callable[[], None]:
    """What init does first where there are hooks: say that it is there, and wait."""

    def begin() -> None:
        channel.send(report, {"begun": True})
        if not report.recv(1):  # a hook has failed: whoever made us says so
            processes.leave(1)

    return begin


def give(
    in_child: Callable[[socket.socket], object],
    take: Callable[[int], object],
    begin: Callable[[int], object] | None = None,
    *,
    waits: bool = False,
    beside: Running | None = None,
) -> int:
    """Fork a starter, which calls `in_child`; the number of the process it has made.

    `take` gets the master of the process's terminal, if it has one; `begin` is called
    with the process's number if it is `asking`; if it `waits` it will say that it is
    ready. `beside` the process 1 of a container the child is no starter, but that
    process itself. What went wrong is raised here.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            child = beside.fork() if beside else processes.fork()
            if child == 0:
                in_child(theirs)
                processes.leave(1)
        with contextlib.ExitStack() as ending:
            ending.callback(os.waitpid, child, 0)
            ending.callback(ours.close)  # or it may wait for our answer
            known = child if beside else 0
            pid = _heard(ours, take, begin, waits=waits, pid=known)
            if beside:
                ending.pop_all()
        return pid


def _heard(
    report: socket.socket,
    take: Callable[[int], object],
    begin: Callable[[int], object] | None,
    *,
    waits: bool,
    pid: int = 0,
) -> int:
    asked, ready = False, False
    while not (pid and ready):
        kind, payload, descriptors = channel.hear(report)
        if not kind:
            break
        message = channel.decode(payload)
        if "error" in message:
            raise EngineError.from_json(message["error"])
        pid = int(message.get("pid", pid))
        asked = asked or "begun" in message
        if begin and asked and pid:  # whichever comes first
            begin(pid)
            channel.answer(report)
            asked = False
        if "terminal" in message:
            channel.take_terminal(report, descriptors, take)
        ready = ready or "ready" in message  # perhaps before its number is told
    if pid and (ready or not waits):
        return pid
    raise channel.killed()
