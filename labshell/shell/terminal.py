"""Lending the terminal: bash sits at a terminal of its own, and we copy.

    keyboard ──▶ this process ──▶ master ══ pseudo-terminal ══ slave ◀── bash, vim, top
    screen   ◀──              ◀──

While a command runs, our own terminal is "raw": every key travels to the pseudo-
terminal untouched, and the kernel's line discipline there turns Ctrl-C into SIGINT for
whoever is in the foreground, which is never us. A change of the window's size is handed
on, and the kernel tells the program with SIGWINCH. Between commands the terminal is
ours again, and whatever was typed too early is fetched back.

How do we know that all of a command's output has arrived? Bash prints a mark when it
is done, which is cut out of the stream: what came before the mark is the output.

man: pty(7), termios(3), tty_ioctl(4)
Try it: `tty` in the shell and in another window; `stty size` after a resize.
"""

import fcntl
import os
import select
import signal
import termios
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress

from labshell.shell.waking import Waker

KEYBOARD, SCREEN = 0, 1
_GRACE = 200  # milliseconds for the last output to arrive


def is_dumb() -> bool:
    """Can the student's terminal do nothing but print?"""
    return os.environ.get("TERM", "dumb") in ("dumb", "unknown")


@contextmanager
def raw(terminal: int) -> Iterator[None]:
    """Hand every key on as it is, with no echo and no meaning, and then stop that."""
    before = termios.tcgetattr(terminal)
    tty.setraw(terminal, termios.TCSADRAIN)  # not FLUSH: keys typed early are kept
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


class PseudoTerminal:
    """The terminal that bash and its programs sit at."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        self.name = os.ttyname(self.slave)
        self.mark = f"\x1b]lab;{os.urandom(8).hex()}\x07".encode()
        self.last = b"\n"  # the last byte shown: did the output end with its line?
        self._marked = False
        self.quiet = True  # until bash has been lent the terminal for the first time
        self._held = b""  # the end of the output, where it may be half a mark
        self._unsent = b""  # keys that the pseudo-terminal had no room for
        os.set_blocking(self.master, False)
        termios.tcsetattr(self.slave, termios.TCSANOW, termios.tcgetattr(KEYBOARD))
        self.resize()

    def resize(self) -> None:
        """Give the pseudo-terminal the size of our own terminal."""
        size = fcntl.ioctl(SCREEN, termios.TIOCGWINSZ, bytes(8))
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)

    def interrupt(self) -> None:
        """Press Ctrl-C for whoever is in the foreground there."""
        os.write(self.master, b"\x03")

    def lend(
        self,
        wakers: Sequence[int],
        finished: Callable[[], bool],
        *,
        quiet: bool = False,
    ) -> None:
        """Copy in both directions until `finished()`; asked whenever something happens.

        `wakers` are descriptors that wake us besides the two terminals. `quiet` throws
        the output away, and leaves the keys to the next prompt.
        """
        self.quiet = quiet
        with nullcontext() if quiet else raw(KEYBOARD), self._following_size():
            while not finished():
                self._copy_once(wakers)
            while not self._marked and self._read_within(_GRACE):
                pass
            self._show(self._held)
            self._held, self.quiet, self._marked = b"", False, False

    @contextmanager
    def _following_size(self) -> Iterator[None]:
        before = signal.signal(signal.SIGWINCH, lambda *_: self.resize())
        self.resize()
        try:
            yield
        finally:
            signal.signal(signal.SIGWINCH, before)

    def _copy_once(self, wakers: Sequence[int]) -> None:
        """Wait until something can be copied, and copy it."""
        poll = select.poll()
        poll.register(
            self.master, select.POLLIN | (select.POLLOUT if self._unsent else 0)
        )
        for waker in wakers:
            poll.register(waker, select.POLLIN)
        if not (self._unsent or self.quiet):
            poll.register(KEYBOARD, select.POLLIN)
        for descriptor, event in poll.poll():
            if descriptor == KEYBOARD:
                self._unsent += _read_keys()
            elif descriptor == self.master and event & select.POLLIN:
                self.show_output()
        self._send()

    def _send(self) -> None:
        """Pass on as many keys as there is room for: a program may not be reading."""
        with suppress(BlockingIOError):
            self._unsent = self._unsent[os.write(self.master, self._unsent) :]

    def _read_within(self, milliseconds: int) -> bool:
        poll = select.poll()
        poll.register(self.master, select.POLLIN)
        return bool(poll.poll(milliseconds)) and self.show_output()

    def waker(self) -> Waker:
        """Who speaks for the background jobs while our own terminal is the prompt's."""

        def heard() -> bool:
            if self.quiet:
                self.show_output()  # bash is still starting: thrown away
            return not self.quiet

        def say() -> str:
            self.show_output()
            self.end_line()
            return ""

        return Waker(self.master, heard, say)

    def show_output(self) -> bool:
        """Show what the programs printed; False if they printed nothing."""
        try:
            output = os.read(self.master, 65536)
        except BlockingIOError:
            return False
        data = self._held + output
        before, mark, after = data.partition(self.mark)
        self._marked |= bool(mark)
        data = before + after
        keep = _overlap(data, self.mark)
        self._held = data[len(data) - keep :]
        self._show(data[: len(data) - keep])
        return True

    def _show(self, data: bytes) -> None:
        if self.quiet:
            return
        if data:
            self.last = data[-1:]
        while data:
            data = data[os.write(SCREEN, data) :]

    def end_line(self) -> None:
        """Begin a new line, unless the cursor stands at the beginning of one.

        Where it stands nobody can tell: a program may have moved it. So a mark and a
        line full of spaces are printed. From the first column they fill that line, and
        are wiped out again; from any other the mark stays, and we are on the next line.
        """
        if self.last == b"\n":
            return
        if is_dumb():
            self._show(b"\n")
            return
        width = os.get_terminal_size(SCREEN).columns or 80
        self._show(("\x1b[2m⏎\x1b[0m" + " " * (width - 1) + "\r\x1b[K").encode())
        self.last = b"\n"

    def typed_ahead(self) -> str:
        """The keys that no program has read: they were meant for the next prompt."""
        before = termios.tcgetattr(self.slave)
        waiting = termios.tcgetattr(self.slave)
        waiting[3] &= ~(termios.ICANON | termios.ECHO)
        waiting[6][termios.VMIN] = waiting[6][termios.VTIME] = 0
        termios.tcsetattr(self.slave, termios.TCSANOW, waiting)
        try:
            keys = self._unsent + os.read(self.slave, 65536)
        finally:
            termios.tcsetattr(self.slave, termios.TCSANOW, before)
        self._unsent = b""
        text = keys.decode(errors="ignore").replace("\r", "\n")
        return "".join(key for key in text if key.isprintable() or key in "\n\t")

    def close(self) -> None:
        """Hang up: whoever still sits there gets SIGHUP."""
        os.close(self.slave)
        os.close(self.master)


def _read_keys() -> bytes:
    keys = os.read(KEYBOARD, 4096)
    if not keys:
        raise SystemExit(128 + signal.SIGHUP)  # the terminal is gone
    return keys


def _overlap(data: bytes, mark: bytes) -> int:
    """How many bytes at the end of `data` may be the beginning of `mark`?"""
    longest = min(len(data), len(mark) - 1)
    return next((n for n in range(longest, 0, -1) if data.endswith(mark[:n])), 0)
