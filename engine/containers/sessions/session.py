"""A session: a terminal, or three pipes, connected to a container's program.

    keyboard ──▶ stdin ──▶ │ shim │ ──▶ program
    screen   ◀── stdout ◀──│      │ ◀──

With a terminal (-t) the student's own is put into raw mode, so that every key goes
through, Ctrl-C too, and its size is passed on whenever the window changes. Without
one, Ctrl-C arrives here as a signal and is sent to the container's process 1; but not
to what was executed in it: there it only ends this side.

The keys Ctrl-P Ctrl-Q leave the container running and give the prompt back. Any number
of sessions may be attached to one container: all see its output, and what is typed in
each arrives in the order in which it is typed.

man: termios(3), signal(7) on SIGWINCH
Try it: `lab run -it busybox sh`, then Ctrl-P Ctrl-Q, then `lab ps`
"""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import FrameType
from typing import TYPE_CHECKING, Any

from engine.containers.sessions.attachment import Attachment
from engine.containers.sessions.copier import Copier
from engine.errors import InvalidState
from engine.runtime import channel, client
from engine.runtime.client import Connection

if TYPE_CHECKING:
    from engine.containers.sessions.stepping import Prepare
    from engine.gatekeeper import Decide

_FORWARDED = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
    signal.SIGTERM,
)


class Session:
    """One attached container or exec.

    `tty`: whether its program has a terminal; `detached`: whether it was left with the
    detach keys.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        name: str,
        tty: bool,
        request: dict[str, Any],
        detach_keys: bytes,
        silence: Callable[[], AbstractContextManager[None]],
        ends_input: bool = True,
        redraws: bool = False,
        prepare: "Prepare | None" = None,
    ) -> None:
        """`name` is the container's, `request` what makes the program start: {"do":
        "start"} or an exec. `silence` keeps others from writing on the terminal.

        `prepare` does what the start needs before, and is given who is to be asked;
        `ends_input`: when our input ends, the program reads an end of file; `redraws`:
        the program was there before us, and should paint its screen again.
        """
        self._connection = connection
        self._name = name
        self.tty = tty
        self._request = request
        self._keys = detach_keys if tty else b""
        self._silence = silence
        self._ends_input = ends_input
        self._redraws = redraws
        self._prepare = prepare
        self._interrupts = 0
        self.detached = False

    def start(
        self, decide: "Decide | None" = None, screen: int | None = 0
    ) -> int | None:
        """Start the program; the number of its process, if it was not there before.

        `decide` is asked before each act: see stepping.py. The program's terminal is
        as large as that of the descriptor `screen`. EngineError, with its exit code,
        if it cannot be started.
        """
        fields = dict(self._request)
        if self.tty and screen is not None and os.isatty(screen):
            fields["rows"], fields["columns"] = _size_of(screen)
        request = fields.pop("do")
        if decide is None:
            if self._prepare:
                with self._connection.preparing():
                    self._prepare(None)
            answer = self._connection.ask(request, **fields)
        else:
            from engine.containers.sessions import stepping

            answer = stepping.step(
                self._connection, decide, request, self._prepare, **fields
            )
        return answer.get("pid")

    def attachment(self) -> Attachment:
        """Our side of it, for whoever waits in a way of their own."""
        return Attachment(self._connection, self._keys, ends=self._ends_input)

    def wait(self) -> int:
        """The exit status, once there is one; output is dropped meanwhile."""
        return self._connection.wait_for_exit()

    def close(self) -> None:
        """Hang up; the container runs on."""
        self._connection.close()

    def interact(
        self,
        stdin: int | None = 0,
        stdout: int | None = 1,
        stderr: int | None = 2,
        *,
        signals: bool = True,
    ) -> int:
        """Copy input and output until the program ends; its exit status.

        Descriptors as of this process; None for a stream that is not wanted. If no
        output is, this ends with the input. `signals` are passed on to process 1,
        unless there is a terminal. Returns 0 after the detach keys. BrokenPipeError if
        nobody reads the output any more: then the container runs on, as under Docker.
        """
        wanted = {channel.STDOUT: stdout, channel.STDERR: stderr}
        outputs = {kind: to for kind, to in wanted.items() if to is not None}
        attachment = self.attachment()
        copier = Copier(attachment, stdin, outputs)
        passed = _FORWARDED if signals and not self.tty else ()
        with (
            self._silence(),
            self._terminal_of(stdin),
            self._signals(passed) as wakeup,
        ):
            for kind, payload in attachment.early():
                copier.show(kind, payload)
            while attachment.exit_status is None:
                copier.turn(wakeup)
                self.detached = attachment.detached
                if self.detached or copier.idle:
                    return 0
        return attachment.exit_status

    @contextlib.contextmanager
    def _terminal_of(self, stdin: int | None) -> Iterator[None]:
        """Raw mode, if both sides are terminals."""
        if not self.tty or stdin is None or not os.isatty(stdin):
            yield
            return
        if self._redraws:  # a new size is what makes it paint: so a wrong one first
            self._pass_size_on(stdin, more=1)
        self._pass_size_on(stdin)
        from engine.kernel import terminal

        with terminal.raw(stdin):
            yield

    def _pass_size_on(self, descriptor: int, more: int = 0) -> None:
        rows, columns = _size_of(descriptor)
        with contextlib.suppress(*client.GONE):  # the program has ended already
            self._connection.tell("resize", rows=rows + more, columns=columns)

    @contextlib.contextmanager
    def _signals(self, passed: tuple[signal.Signals, ...]) -> Iterator[int]:
        """Pass signals on to the container while this lasts.

        Yields a descriptor that becomes readable when a signal came, to wake select.
        """
        reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        previous: dict[int, Any] = {}
        wakeup = None
        try:
            with contextlib.suppress(ValueError):  # not the main thread: no signals
                for forwarded in passed:
                    previous[forwarded] = signal.signal(forwarded, self._forward)
                if self.tty:
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
                "The kernel spares a process 1 that has no handler: "
                f"`lab kill {self._name}`.",
            )
            error.exit_code = 128 + signal.SIGINT
            raise error
        with contextlib.suppress(*client.GONE):
            self._connection.tell("signal", number=number)

    def _resized(self, number: int, frame: FrameType | None) -> None:
        self._pass_size_on(0)


def _size_of(descriptor: int) -> tuple[int, int]:
    from engine.kernel import terminal  # many sessions have none

    return terminal.size(descriptor)
