"""The fifo: where a container that was created waits until it is started.

    create    mkfifo ROOT/ID/exec.fifo; init opens it, becomes ready, and polls it
    start     opens it for writing, writes a byte, and removes it

Init has opened it before its root changed, so it needs no path and no /proc any more.
A fifo that nobody reads cannot be opened for writing without waiting (ENXIO): so start
sees that init has ended. And as long as the name is there, the container is "created".

man: fifo(7), mkfifo(3), poll(2)
Try it: `labshell-runc create box; ls -l /run/labshell-runc/box`
"""

import errno
import os
import select
import socket
from collections.abc import Callable
from pathlib import Path

from engine import files
from engine.errors import InvalidState
from engine.runtime import channel

_NAME = "exec.fifo"


def make(directory: Path) -> int:
    """Make the fifo of the container in `directory`, and open init's end of it."""
    os.mkfifo(directory / _NAME, 0o600)
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    return os.open(directory / _NAME, flags)


def waiting(fifo: int, report: socket.socket) -> Callable[[], None]:
    """What init does last before execve: say that it is ready, and wait."""

    def wait() -> None:
        channel.send(report, {"ready": True})
        poll = select.poll()
        poll.register(fifo, select.POLLIN)
        poll.poll()
        os.close(fifo)

    return wait


def is_there(directory: Path) -> bool:
    """Whether the container has not been started yet."""
    return (directory / _NAME).exists()


def let_go(directory: Path) -> None:
    """Start the container. InvalidState if its init has ended meanwhile."""
    flags = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with files.closing(os.open(directory / _NAME, flags)) as fifo:
            os.write(fifo, b"!")
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        raise InvalidState(
            "cannot start a container that has stopped",
            f"Its init was killed: `labshell-runc delete {directory.name}`.",
        ) from error
    (directory / _NAME).unlink()
