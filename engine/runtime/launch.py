"""A launch: the moments between the birth of a throw-away child and a running program.

The shim forks a starter, or for an exec the process itself (see starter.py), and goes
back to its loop. What becomes of it arrives as messages on a socket, see channel.py.

The starter ends before the process does, which then is an orphan. So the shim is a
subreaper while something is being born, and adopts it; and only then: what the program
of a container in the machine's own pid namespace leaves behind later is init's to
collect. The shim would not, and zombies count among the processes of a container.

man: execve(2) on close-on-exec, socketpair(2), prctl(2) on PR_SET_CHILD_SUBREAPER
Try it: `lab run busybox nosuch`: the error came over this socket
"""

import contextlib
import os
import signal
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import ClassVar

from engine.errors import Aborted, EngineError, from_os_error
from engine.kernel import freezer, processes
from engine.runtime import channel
from engine.runtime.loop import READ, Loop
from engine.runtime.starter import Running
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
        beside: Running | None = None,
    ) -> None:
        """Fork a starter, which calls `in_child`; `done` hears how it went, later.

        All acts are done while `recording`. `beside` the process 1 of a container no
        starter is needed: the child is the new process.
        """
        self._loop, self._task, self._done = loop, task, done
        self._recording, self._beside = recording, beside
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
            child = self._beside.fork() if self._beside else self._fork_starter()
            if child == 0:
                in_child(theirs)
            unless_born.pop_all()
        self._task.forked()
        self._report = ours
        self._loop.watch(ours.fileno(), READ, self._on_message)
        if not self._starter:
            self._adopt(child)

    def _fork_starter(self) -> int:
        processes.adopt_orphans(True)
        self._starter = processes.fork()
        Launch._under_way += 1
        return self._starter

    def break_off(self, group: str) -> None:
        """Kill the starter, and what it has put into the control group."""
        if self._starter:
            self._error = self._error or Aborted()
            os.kill(self._starter, signal.SIGKILL)  # not reaped before `_finish`
            with contextlib.suppress(EngineError):  # it has made no group yet
                freezer.kill_all(group)

    def _on_message(self) -> None:
        kind, payload, descriptors = channel.hear(self._report)
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
            channel.take_terminal(self._report, descriptors, self._task.use_terminal)
        except OSError as error:
            self._error = from_os_error(error)
            self._report.shutdown(socket.SHUT_WR)

    def _finish(self) -> None:
        """The program runs, or all is over."""
        self._loop.forget(self._report.fileno())
        self._report.close()
        if self._starter:
            self._collect_starter()
        if not self._task.pid and self._error is None:
            self._error = channel.killed()
        if self._error and self._task.pid:
            os.waitpid(self._task.pid, 0)
        self._done(self._error)

    def _collect_starter(self) -> None:
        """Not before all is over for it can it be waited for without waiting.

        A container that is paused in the midst of a launch freezes its starter too.
        """
        os.waitpid(self._starter, 0)
        Launch._under_way -= 1
        if not Launch._under_way:
            # If it is refused, orphans still come here.
            with self._recording(), contextlib.suppress(EngineError):
                processes.adopt_orphans(False)
