"""A session: a terminal, or three pipes, connected to a container's program.

    keyboard ──▶ stdin ──▶ │ shim │ ──▶ program
    screen   ◀── stdout ◀──│      │ ◀──

With a terminal (-t) the student's own is put into raw mode, so that every key goes
through, Ctrl-C too, and its size is passed on whenever the window changes. Without
one, Ctrl-C arrives here as a signal and is sent to the container's process 1.

The keys Ctrl-P Ctrl-Q leave the container running and give the prompt back.

man: termios(3), signal(7) on SIGWINCH
Try it: `lab run -it busybox sh`, then Ctrl-P Ctrl-Q, then `lab ps`
"""

import contextlib
import os
import select
import signal
import socket
from collections.abc import Iterator
from types import FrameType
from typing import Any

from engine.containers.house import House
from engine.containers.record import Container
from engine.errors import InvalidState
from engine.kernel import terminal
from engine.runtime import channel, client
from engine.runtime.client import Connection

DETACH_KEYS = b"\x10\x11"  # Ctrl-P Ctrl-Q
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_PIECE = 32768  # bytes of input passed on at once


class Detached(Exception):
    """The student left with the detach keys; the container runs on."""


class Session:
    """One attached container or exec."""

    def __init__(
        self, connection: Connection, *, tty: bool, request: dict[str, Any]
    ) -> None:
        """`request` is what makes the program start: {"do": "start"} or an exec."""
        self._connection = connection
        self._tty = tty
        self._request = request
        self._interrupts = 0

    def start(self) -> None:
        """Start the program. EngineError, with its exit code, if that fails."""
        fields = dict(self._request)
        if self._tty and os.isatty(0):
            fields["rows"], fields["columns"] = terminal.size(0)
        self._connection.ask(fields.pop("do"), **fields)

    def wait(self) -> int:
        """The exit status, once there is one; output is dropped meanwhile."""
        return self._connection.wait_for_exit()

    def close(self) -> None:
        """Hang up; the container runs on."""
        self._connection.close()

    def interact(
        self,
        stdin: int | None = 0,
        stdout: int = 1,
        stderr: int = 2,
        detach_keys: bytes = DETACH_KEYS,
    ) -> int:
        """Copy input and output until the program ends; its exit status.

        Descriptors as of this process; `stdin` None sends no input. Returns 0 after
        the detach keys. BrokenPipeError if nobody reads the output any more: then the
        container runs on, as under Docker.
        """
        outputs = {channel.STDOUT: stdout, channel.STDERR: stderr}
        with self._terminal_of(stdin), self._signals() as wakeup:
            copier = _Copier(self._connection, stdin, detach_keys if self._tty else b"")
            try:
                for kind, payload in self._connection.early:
                    _write(outputs[kind], payload)
                while self._connection.exit_status is None:
                    copier.turn(outputs, wakeup)
            except Detached:
                return 0
        return self._connection.exit_status

    @contextlib.contextmanager
    def _terminal_of(self, stdin: int | None) -> Iterator[None]:
        """Raw mode, if both sides are terminals."""
        if not self._tty or stdin is None or not os.isatty(stdin):
            yield
            return
        self._pass_size_on(stdin)
        with terminal.raw(stdin):
            yield

    def _pass_size_on(self, descriptor: int) -> None:
        rows, columns = terminal.size(descriptor)
        with contextlib.suppress(*client.GONE):  # the program has ended already
            self._connection.tell("resize", rows=rows, columns=columns)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[int]:
        """Pass signals on to the container while this lasts.

        Yields a descriptor that becomes readable when a signal came, to wake select.
        """
        reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        previous: dict[int, Any] = {}
        wakeup = None
        try:
            with contextlib.suppress(ValueError):  # not the main thread: no signals
                for forwarded in () if self._tty else _FORWARDED:
                    previous[forwarded] = signal.signal(forwarded, self._forward)
                if self._tty:
                    previous[signal.SIGWINCH] = signal.signal(
                        signal.SIGWINCH, self._resized
                    )
                wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
            yield reading
        finally:
            if wakeup is not None:
                signal.set_wakeup_fd(wakeup)
            for number, handler in previous.items():
                signal.signal(number, handler)
            os.close(reading)
            os.close(writing)

    def _forward(self, number: int, frame: FrameType | None) -> None:
        """Pass a signal on; who presses Ctrl-C three times wants to leave."""
        self._interrupts += number == signal.SIGINT
        if self._interrupts == 3:
            error = InvalidState(
                "the container runs on: its process 1 does not react to Ctrl-C",
                "The kernel spares a process 1 that has no handler: `lab kill NAME`.",
            )
            error.exit_code = 128 + signal.SIGINT
            raise error
        with contextlib.suppress(*client.GONE):
            self._connection.tell("signal", number=number)

    def _resized(self, number: int, frame: FrameType | None) -> None:
        self._pass_size_on(0)


def attach(house: House, container: Container, stdin: bool) -> Session:
    """A session with a container, which starts it if it does not run yet."""
    house.prepare()
    connection = client.reach(house.place, container.directory)
    connection.ask("attach", stdin=stdin, releases=container.options.auto_remove)
    request = {"do": "wait" if container.active else "start"}
    return Session(connection, tty=container.options.tty, request=request)


class _Copier:
    """Moves bytes between a session's descriptors and its connection.

    Sending never waits: while input cannot be taken, output must still be read, or a
    program that copies one to the other would stand still for ever.
    """

    def __init__(
        self, connection: Connection, stdin: int | None, detach_keys: bytes
    ) -> None:
        self._connection = connection
        self._stdin = stdin
        self._keys = detach_keys
        self._typed = b""
        self._unsent = b""

    def turn(self, outputs: dict[bytes, int], wakeup: int) -> None:
        """Wait for something to copy, and copy it."""
        shim = self._connection.socket.fileno()
        sources = [shim, wakeup]
        if self._stdin is not None and not self._unsent:
            sources.append(self._stdin)
        ready, room, _ = select.select(sources, [shim] if self._unsent else [], [])
        if wakeup in ready:
            os.read(wakeup, 512)
        if shim in ready:
            kind, payload = self._connection.receive()
            if kind in outputs:
                _write(outputs[kind], payload)
        if room:
            self._send()
        if self._stdin is not None and self._stdin in ready:
            self._copy_input(self._stdin)

    def _copy_input(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, _PIECE)
        except OSError:  # the terminal has gone
            data = b""
        if not data:
            self._stdin = None
            self._unsent = channel.encode({"do": "close-stdin"})
        elif data := self._without_detach_keys(data):
            self._unsent = channel.STDIN + data
        self._send()

    def _send(self) -> None:
        """Send what waits to be sent, if there is room for it now."""
        if not self._unsent:
            return
        try:
            self._connection.socket.send(self._unsent, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except ConnectionError:
            pass  # the shim is ending: its last words are still to be read
        self._unsent = b""

    def _without_detach_keys(self, data: bytes) -> bytes:
        """Hold back what may be the beginning of the detach keys."""
        if not self._keys:
            return data
        data, self._typed = self._typed + data, b""
        if self._keys in data:
            raise Detached
        if data.endswith(self._keys[:1]):
            data, self._typed = data[:-1], self._keys[:1]
        return data


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
