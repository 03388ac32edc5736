"""A launch: the moments between the birth of a throw-away child and a running program.

The shim forks a starter (see starter.py) and goes back to its loop. What becomes of it
arrives as messages on a socket:

    {"pid": 4711}          the process was born; the starter is about to end
    {"terminal": true}     with the master of its terminal; it waits for our answer
    {"error": …}           it could not become the program
    the end of the socket  every copy is closed: execve has succeeded, or all is over

The starter ends before the process does, which then is an orphan. So the shim is a
subreaper while something is being born, and adopts it; and only then: what the program
of a container in the machine's own pid namespace leaves behind later is init's to
collect. The shim would not, and zombies count among the processes of a container.

man: execve(2) on close-on-exec, socketpair(2), prctl(2) on PR_SET_CHILD_SUBREAPER
Try it: `lab run busybox nosuch`: the error came over this socket
"""

import contextlib
import errno
import os
import signal
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import ClassVar

from engine.errors import Aborted, EngineBroken, EngineError, from_os_error
from engine.kernel import freezer, processes
from engine.runtime import channel
from engine.runtime.loop import READ, Loop
from engine.runtime.tasks import Task


class Launch:
    """One start or exec that is under way."""

    _under_way: ClassVar[int] = 0  # in this process

    def __init__(
        self,
        loop: Loop,
        task: Task,
        in_child: Callable[[socket.socket], object],
        done: Callable[[EngineError | None], None],
        recording: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        """Fork a starter, which calls `in_child`; `done` hears how it went, later.

        All acts are done while `recording`.
        """
        self._loop, self._task, self._done = loop, task, done
        self._recording = recording
        self._error: EngineError | None = None
        self._starter = 0
        try:
            with recording():
                self._begin(in_child)
        except OSError as error:  # too many files are open
            self._fail(from_os_error(error))
        except EngineError as error:  # too many processes
            self._fail(error)

    def _fail(self, error: EngineError) -> None:
        self._loop.later(0, lambda: self._done(error))

    def _begin(self, in_child: Callable[[socket.socket], object]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, contextlib.ExitStack() as unless_born:
            unless_born.enter_context(ours)
            processes.adopt_orphans(True)
            self._starter = processes.fork()
            if self._starter == 0:
                in_child(theirs)
            unless_born.pop_all()
        Launch._under_way += 1
        self._task.forked()
        self._report = ours
        self._loop.watch(ours.fileno(), READ, self._on_message)

    def break_off(self, group: str) -> None:
        """Kill the starter, and what it has put into the control group."""
        if self._starter:
            self._error = self._error or Aborted()
            os.kill(self._starter, signal.SIGKILL)  # not reaped before `_finish`
            with contextlib.suppress(EngineError):  # it has made no group yet
                freezer.kill_all(group)

    def _on_message(self) -> None:
        try:
            kind, payload, descriptors = channel.receive(self._report)
        except ConnectionError:  # it was killed before it had read our answer:
            return  # what it has said, and the end, can be read next
        if not kind:
            self._finish()
            return
        message = channel.decode(payload)
        if "pid" in message:
            self._adopt(message["pid"])
        elif "terminal" in message:
            self._use_terminal(descriptors)
        elif "error" in message:
            self._error = self._error or EngineError.from_json(message["error"])

    def _adopt(self, pid: int) -> None:
        try:
            self._task.adopt(pid)
        except OSError as error:  # too many files are open
            self._error = from_os_error(error)
            os.kill(pid, signal.SIGKILL)

    def _use_terminal(self, descriptors: list[int]) -> None:
        try:
            if not descriptors:  # the kernel drops what would be one too many
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            self._task.use_terminal(descriptors[0])
            self._report.send(b"!")  # its program may look at it now
        except BrokenPipeError:  # it was killed meanwhile
            return
        except OSError as error:
            self._error = from_os_error(error)
            self._report.shutdown(socket.SHUT_WR)

    def _finish(self) -> None:
        """All is over for the starter: not before can it be waited for without waiting.

        A container that is paused in the midst of a launch freezes its starter too.
        """
        self._loop.forget(self._report.fileno())
        self._report.close()
        os.waitpid(self._starter, 0)
        Launch._under_way -= 1
        if not Launch._under_way:
            # If it is refused, orphans still come here.
            with self._recording(), contextlib.suppress(EngineError):
                processes.adopt_orphans(False)
        if not self._task.pid and self._error is None:
            self._error = EngineBroken(
                "the container's first process was killed before it could start",
                "Was there memory enough? `dmesg | tail` tells.",
            )
        if self._error and self._task.pid:
            os.waitpid(self._task.pid, 0)
        self._done(self._error)
