"""The console: what becomes of our end of a container's terminal.

In the background it is given away: whoever called listens at a socket, and keeps it.

    conmon listens at --console-socket ◀── the open master ── labshell-runc, which ends

In the foreground we keep it, and relay: what is typed goes in, what is printed comes
out, and the size of the window follows ours. Without a terminal there is nothing to
relay, the streams are the program's own. Signals are passed on in both cases.

man: pty(7), unix(7) on SCM_RIGHTS, signal(7) on SIGWINCH, pidfd_open(2)
Try it: `labshell-runc run box` in a bundle of `labshell-runc spec`
"""

import contextlib
import errno
import os
import signal
import socket
from collections.abc import Iterator
from types import FrameType

from engine import files
from engine.errors import InvalidArgument, SyscallError
from engine.kernel import processes, terminal
from engine.runtime.loop import READ, Loop

_PASSED_ON = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGCONT")
_CHUNK = 65536  # bytes


class Console:
    """Takes the master of a terminal, sets its size, and sends it away or keeps it."""

    def __init__(self, path: str | None, window: tuple[int, int] | None) -> None:
        """`path` is the socket of whoever wants it; None if we keep it."""
        self.master = -1
        self._path, self._window = path, window

    def take(self, master: int) -> None:
        """The terminal has been made."""
        if self._window:
            terminal.set_size(master, *self._window)
        if self._path is None:
            self.master = master
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.connect(self._path)
                socket.send_fds(connection, [b"/dev/ptmx"], [master])
        except OSError as error:
            number = error.errno or errno.ECONNREFUSED
            raise SyscallError("connect", number, self._path) from error
        os.close(master)


def check(path: str | None, *, terminal: bool, detach: bool) -> None:
    """Raise InvalidArgument unless there is a socket exactly where one is needed."""
    if terminal and detach and path is None:
        raise InvalidArgument(
            "cannot allocate tty if the container will detach without setting "
            "a console socket",
            "--console-socket PATH, or process.terminal false in config.json.",
        )
    if path is not None and not (terminal and detach):
        raise InvalidArgument(
            "cannot use a console socket if there is no tty, or nobody detaches",
            "Leave --console-socket out.",
        )


def follow(pid: int, master: int) -> int:
    """Relay until our child `pid` has ended; its exit status, 128 + n for signal n.

    `master` is its terminal, -1 if it has none.
    """
    with files.closing(os.pidfd_open(pid)) as pidfd, _passing_on(pid, pidfd, master):
        raw = os.isatty(0) and master >= 0
        with terminal.raw(0) if raw else contextlib.nullcontext():
            _relay(pidfd, master)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if code >= 0 else 128 - code


@contextlib.contextmanager
def _passing_on(pid: int, pidfd: int, master: int) -> Iterator[None]:
    """Send the signals that we get to the process, for a while."""

    def pass_on(number: int, _: FrameType | None) -> None:
        processes.send_signal(pidfd, pid, number)

    def resize(*_: object) -> None:
        terminal.set_size(master, *terminal.size(0))

    kept = {name: signal.signal(getattr(signal, name), pass_on) for name in _PASSED_ON}
    if master >= 0 and os.isatty(0):
        kept["SIGWINCH"] = signal.signal(signal.SIGWINCH, resize)
        resize()
    try:
        yield
    finally:
        for name, handler in kept.items():
            signal.signal(getattr(signal, name), handler)


def _relay(pidfd: int, master: int) -> None:
    loop, ended = Loop(), []
    loop.watch(pidfd, READ, lambda: ended.append(True))
    if master >= 0:
        os.set_blocking(master, False)
        loop.watch(master, READ, lambda: _pass(loop, master, 1))
        with contextlib.suppress(PermissionError):  # a file is always ready: epoll(7)
            loop.watch(0, READ, lambda: _pass(loop, 0, master))
    while not ended:
        loop.turn()
    while master >= 0 and _pass(loop, master, 1):
        pass


def _pass(loop: Loop, source: int, target: int) -> bool:
    """Pass on what is there; whether there was anything."""
    try:
        data = os.read(source, _CHUNK)
    except BlockingIOError:
        return False
    except OSError:  # of a terminal that nobody has open any more: EIO
        data = b""
    if not data:
        loop.forget(source)
        return False
    with contextlib.suppress(BlockingIOError):  # a terminal whose program reads nothing
        files.write_all(target, data)
    return True
