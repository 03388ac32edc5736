"""Runtimes: who makes a container out of its bundle, and adds processes to it.

    ours       starter.py and init.py, in forks of the shim
    foreign    runc, crun, or who else is called as they are: foreign.py

A shim knows no more of them than what both can do. And both make the same: a process
whose parent the shim becomes, in the control group that the bundle names.

Source: runtime-spec runtime.md, "Operations"
Try it: `lab run --rm --runtime crun busybox echo hi`
"""

import functools
import socket
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, Protocol

from engine.oci.spec import Process
from engine.runtime import init, starter
from engine.runtime.bundle import ShimFacts, read_filter
from engine.runtime.starter import Running, Streams
from engine.runtime.tasks import Task


class Runtime(Protocol):
    """A runtime for one container.

    `start` and `execute` are called in a throw-away child, and end it. How it went is
    told over the socket `report`: see launch.py.
    """

    def beside(self, running: Task) -> Running | None:
        """What a process that is added is born beside; None if a starter has it made.

        `running` is process 1 of the container.
        """

    def start(
        self, streams: Streams, asked: int | None, report: socket.socket
    ) -> NoReturn:
        """Make the container. `asked` is the gate, if somebody steps through it."""

    def execute(
        self,
        running: Task,
        describe: Callable[[], Process],
        task: Task,
        report: socket.socket,
        confined: bool = True,
    ) -> NoReturn:
        """Run one more process in the container whose process 1 is `running`.

        `describe` is called here, so that a shim need not know what it tells. The
        process gets the streams of `task`, and if `confined` the system call policy.
        """

    def must_ask(self) -> None:
        """InvalidArgument unless it can ask somebody before each act."""


class Ours:
    """Our own: the child is a copy of the shim, and does it itself."""

    def __init__(self, bundle: Path, facts: ShimFacts) -> None:
        self._bundle, self._facts = bundle, facts

    def start(
        self, streams: Streams, asked: int | None, report: socket.socket
    ) -> NoReturn:
        """See starter.py."""
        work = functools.partial(starter.start, self._bundle, streams, asked, report)
        init.do_and_leave(work, report)

    def beside(self, running: Task) -> Running:
        """See starter.py."""
        return Running.of(self._facts, running.pid, running.pidfd)

    def execute(
        self,
        running: Task,
        describe: Callable[[], Process],
        task: Task,
        report: socket.socket,
        confined: bool = True,
    ) -> NoReturn:
        """See starter.py."""
        target = self.beside(running)

        def work() -> None:
            program = read_filter(self._bundle) if confined else b""
            starter.join(target, describe(), program, task.streams, report)

        init.do_and_leave(work, report)

    def must_ask(self) -> None:
        """It can."""


def of(bundle: Path, facts: ShimFacts) -> Runtime:
    """The runtime of the container whose bundle is in the directory `bundle`."""
    if not facts.runtime:
        return Ours(bundle, facts)
    from engine.runtime.foreign import Foreign  # few containers have another

    return Foreign(bundle, facts)
