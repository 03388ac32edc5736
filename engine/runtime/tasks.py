"""A task: one process of a container, with its streams and those who watch it.

            client ── '0' ──▶ input ──▶ │         │
                                        │ process │
    log, clients ◀── '1' '2' ── output ◀│         │ ── pidfd ──▶ exit status

Without a terminal there are three pipes; with one, a pty whose master the process's
init sends up. The pidfd becomes readable when the process has ended; what it printed
before is read first, then its exit status is told.

man: pipe(7), pty(7), pidfd_open(2), waitpid(2)
Try it: `echo hello | lab run -i busybox cat`
"""

import functools
import os
from collections.abc import Callable
from typing import Protocol

from engine.kernel import processes, terminal
from engine.runtime import channel
from engine.runtime.clients import Client
from engine.runtime.logs import LogWriter
from engine.runtime.loop import READ, WRITE, Loop
from engine.runtime.starter import Streams

_STREAMS = {channel.STDOUT: "stdout", channel.STDERR: "stderr"}
_FULL_PIPE = 17  # reads that empty even the largest pipe, of a megabyte
_STUCK = 1 << 18  # bytes of input that may wait for a process that does not read


class Watcher(Protocol):
    """Who gets what a task prints: a client, or somebody else who keeps it."""

    on_room: Callable[[], None] | None

    @property
    def full(self) -> bool:
        """Whether it cannot take more for now; it calls `on_room` when it can."""

    def send(self, message: bytes) -> None:
        """Take a piece of output, behind a byte that names its stream."""

    def listen(self, yes: bool) -> None:
        """Whether the task has room for more input."""


class Task:
    """One process, from before it is born until its status is known."""

    def __init__(
        self, loop: Loop, *, terminal: bool, interactive: bool, log: LogWriter | None
    ) -> None:
        self._loop = loop
        self._log = log
        self.terminal = terminal
        self.pid = 0
        self.pidfd = -1
        self.watchers: list[Watcher] = []
        self.input_owner: Client | None = None  # whose end is the end of input
        self.size: tuple[int, int] | None = None
        self._input = -1
        self._slave = -1
        self._pending = bytearray()
        self._closing = False
        self._passing = False  # no output before the answer that it was started
        self._outputs: dict[int, bytes] = {}
        self._theirs: list[int] = []
        try:
            self._open_streams(interactive)
        except OSError:  # too many files are open
            self.close()
            raise

    def _open_streams(self, interactive: bool) -> None:
        nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        self._theirs.append(nothing)
        ends = [nothing, nothing, nothing]
        if not self.terminal:
            if interactive:
                ends[0], self._input = self._pipe(theirs=0)
                os.set_blocking(self._input, False)
            for place, kind in ((1, channel.STDOUT), (2, channel.STDERR)):
                ours, ends[place] = self._pipe(theirs=1)
                os.set_blocking(ours, False)
                self._outputs[ours] = kind
        self.streams = Streams(input=ends[0], output=ends[1], errors=ends[2])

    def _pipe(self, *, theirs: int) -> tuple[int, int]:
        """A pipe of whose ends, reading and writing, the process gets one."""
        ends = os.pipe2(os.O_CLOEXEC)
        self._theirs.append(ends[theirs])
        return ends

    def forked(self) -> None:
        """The child has its own copies of its ends: close ours."""
        for descriptor in self._theirs:
            os.close(descriptor)
        self._theirs = []

    def adopt(self, pid: int) -> None:
        """The process is born: hold on to it by a descriptor."""
        self.pid = pid
        self.pidfd = os.pidfd_open(pid)

    def use_terminal(self, master: int) -> None:
        """The process's init has made a terminal: this is our side of it.

        The other side is held open too: a terminal that nobody has open reads as an
        error, though a program may open it again, as /dev/console.
        """
        os.set_blocking(master, False)
        self._slave = terminal.open_slave(master)
        self._input = master
        self._outputs[master] = channel.STDOUT
        if self.size:
            terminal.set_size(master, *self.size)

    def watch(self, on_exit: Callable[["Task", int], None]) -> None:
        """Pass output on from now, and call `on_exit` with the status at the end."""
        self._passing = True
        self.listen()
        self._loop.watch(self.pidfd, READ, lambda: on_exit(self, self.reap()))

    def listen(self) -> None:
        """Wait for output while every watcher has room, to pass on input that waits."""
        for descriptor in {*self._outputs, self._input} - {-1}:
            reads = self._passing and descriptor in self._outputs and self._has_room()
            events = READ if reads else 0
            if self._pending and descriptor == self._input:
                events |= WRITE
            if events:
                ready = functools.partial(self._ready, descriptor)
                self._loop.watch(descriptor, events, ready)
            else:
                self._loop.forget(descriptor)

    def _has_room(self) -> bool:
        return not any(watcher.full for watcher in self.watchers)

    def _ready(self, descriptor: int) -> None:
        """A terminal is both: what it has printed, and what is typed into it."""
        if descriptor in self._outputs and self._has_room():
            self._read(descriptor)
        if descriptor == self._input and self._pending:
            self._write()

    def _read(self, descriptor: int) -> bool:
        """Pass one piece of output on; False when there is none."""
        try:
            data = os.read(descriptor, channel.LARGEST - 1)
        except BlockingIOError:
            return False
        except OSError:  # EIO: process 1 has ended, which hangs its terminal up
            data = b""
        kind = self._outputs[descriptor]
        if not data:
            self._close_output(descriptor)
            return False
        if self._log:
            self._log.write(_STREAMS[kind], data)
        for watcher in self.watchers:
            watcher.send(kind + data)
        if any(watcher.full for watcher in self.watchers):
            self.listen()
        return True

    def _close_output(self, descriptor: int) -> None:
        self._loop.forget(descriptor)
        del self._outputs[descriptor]
        if descriptor != self._input:
            os.close(descriptor)

    def attach(self, watcher: Watcher) -> None:
        """Send the output to one more."""
        self.watchers.append(watcher)
        watcher.on_room = self.listen

    def detach(self, client: Client) -> None:
        """No longer."""
        if client in self.watchers:
            self.watchers.remove(client)
            self.listen()

    def write(self, data: bytes) -> None:
        """Pass bytes on to the process's input; those that do not fit wait."""
        if self._input >= 0 and not self._closing:
            self._pending += data
            self._write()

    def close_input(self) -> None:
        """The end of input: once all is passed on, the process reads an end of file.

        A terminal's input has no end: whoever is attached next types on.
        """
        if self.terminal:
            return
        self._closing = True
        self._write()

    def _write(self) -> None:
        if self._input < 0:
            return
        try:
            while self._pending:
                del self._pending[: os.write(self._input, self._pending)]
        except BlockingIOError:
            pass
        except OSError:  # EPIPE: nobody reads it any more
            self._pending.clear()
        self._hold(len(self._pending) > _STUCK)
        if self._closing and not self._pending:
            self._loop.forget(self._input)
            os.close(self._input)
            self._input = -1
        self.listen()

    def _hold(self, stuck: bool) -> None:
        for watcher in self.watchers:
            watcher.listen(not stuck)

    def signal(self, number: int) -> None:
        """Send a signal to the process."""
        processes.send_signal(self.pidfd, self.pid, number)

    def resize(self, rows: int, columns: int) -> None:
        """Change the size of the terminal, or of the one it will have."""
        self.size = (rows, columns)
        if self.terminal and self._input >= 0:
            terminal.set_size(self._input, rows, columns)

    def reap(self) -> int:
        """Collect the ended process: its exit status, 128 + n if signal n ended it.

        What it printed is read first; but not for ever, if a process that it has
        left behind goes on printing.
        """
        self._loop.forget(self.pidfd)
        _, status = os.waitpid(self.pid, 0)
        for descriptor in list(self._outputs):
            for _ in range(_FULL_PIPE):
                if descriptor not in self._outputs or not self._read(descriptor):
                    break
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code

    def close(self) -> None:
        """Let go of everything."""
        if self._log:
            self._log.close()
            self._log = None
        ends = {*self._outputs, self._input, self._slave, self.pidfd, *self._theirs}
        for descriptor in ends:
            if descriptor >= 0:
                self._loop.forget(descriptor)
                os.close(descriptor)
        self._outputs, self._theirs = {}, []
        self._input = self._slave = self.pidfd = -1
