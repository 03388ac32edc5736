"""A launch: the moments between the birth of a throw-away child and a running program.

The shim forks a starter (see starter.py) and goes back to its loop. What becomes of it
arrives as messages on a socket:

    {"pid": 4711}          the process was born; the starter is about to end
    {"terminal": true}     with the master of its terminal; it waits for our answer
    {"error": …}           it could not become the program
    the end of the socket  every copy is closed: execve has succeeded, or all is over

man: execve(2) on close-on-exec, socketpair(2)
Try it: `lab run busybox nosuch`: the error came over this socket
"""

import os
import socket
from collections.abc import Callable

from engine.errors import EngineBroken, EngineError
from engine.kernel import processes
from engine.runtime import channel
from engine.runtime.loop import READ, Loop
from engine.runtime.tasks import Task


class Launch:
    """One start or exec that is under way."""

    def __init__(
        self,
        loop: Loop,
        task: Task,
        in_child: Callable[[socket.socket], object],
        done: Callable[[EngineError | None], None],
    ) -> None:
        """Fork a starter, which calls `in_child`; `done` hears how it went."""
        self._loop, self._task, self._done = loop, task, done
        self._error: EngineError | None = None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._starter = processes.fork()
        if self._starter == 0:
            in_child(theirs)
        theirs.close()
        task.forked()
        self._report = ours
        loop.watch(ours.fileno(), READ, self._on_message)

    def _on_message(self) -> None:
        kind, payload, descriptors = channel.receive(self._report)
        if not kind:
            self._finish()
            return
        message = channel.decode(payload)
        if "pid" in message:
            self._task.adopt(message["pid"])
        elif "terminal" in message:
            self._task.use_terminal(descriptors[0])
            self._report.send(b"!")  # its program may look at it now
        elif "error" in message:
            self._error = EngineError.from_json(message["error"])

    def _finish(self) -> None:
        """All is over for the starter: not before can it be waited for without waiting.

        A container that is paused in the midst of a launch freezes its starter too.
        """
        self._loop.forget(self._report.fileno())
        self._report.close()
        os.waitpid(self._starter, 0)
        if not self._task.pid and self._error is None:
            self._error = EngineBroken(
                "the container's first process was killed before it could start",
                "Was there memory enough? `dmesg | tail` tells.",
            )
        if self._error and self._task.pid:
            os.waitpid(self._task.pid, 0)
        self._done(self._error)
