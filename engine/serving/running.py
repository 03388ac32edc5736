"""The server that runs: which process it is, and where it is asked.

    LOCK     {"pid": 4711, "address": "http://127.0.0.1:5000", …}

Whoever serves holds this file locked as long as it lives, and the kernel lets go of the
lock however it ends. So what is written in it is true while it is locked, and nobody
has to tidy up: a number alone, as in the files below /run that are called *.pid, may
be another process by now.

man: flock(2), pidfd_open(2)
Try it: `lab daemon start; cat /run/labshell/labd.sock.lock; lab daemon stop`
"""

import contextlib
import json
import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from engine import files
from engine.errors import Conflict, EngineBroken, ImageError
from engine.kernel import processes
from engine.oci.fields import Fields

_PATIENCE = 20.0  # seconds for a server to end
_LARGEST = 4096  # bytes


class Running(NamedTuple):
    """A server: its process, the URL at which it is asked, its files, its version."""

    pid: int
    address: str
    root: str = ""
    version: str = ""


@contextlib.contextmanager
def held(path: Path) -> Iterator[int | None]:
    """Hold the lock of a server, for `note`; None if another process does."""
    lock = files.try_lock(path)
    if lock is None:
        yield None
        return
    with files.closing(lock):
        os.ftruncate(lock, 0)  # what the last one has noted is not true any more
        yield lock


def note(lock: int, running: Running) -> None:
    """Tell others who serves, and where."""
    os.pwrite(lock, json.dumps(running._asdict()).encode(), 0)


def find(path: Path) -> Running | None:
    """Who holds the lock; None if nobody does. Conflict if it has noted nothing yet."""
    if not files.is_locked(path):
        return None
    with path.open("rb") as file:
        raw = file.read(_LARGEST)
    try:
        told = Fields.parse(raw, str(path))
        return Running(
            pid=told.number("pid"),
            address=told.text("address"),
            root=told.text("root"),
            version=told.text("version"),
        )
    except ImageError as error:
        raise Conflict(
            f"the server of {path} is about to start", "Try again in a moment."
        ) from error


def end(path: Path, running: Running) -> None:
    """End the server that holds this lock, and wait for its end."""
    try:
        process = os.pidfd_open(running.pid)
    except ProcessLookupError:  # it has just ended by itself
        return
    with files.closing(process):
        if find(path) == running:  # so the descriptor is that of the server
            processes.send_signal(process, running.pid, signal.SIGTERM)
            _wait(process, running)


def _wait(process: int, running: Running) -> None:
    if not select.select([process], [], [], _PATIENCE)[0]:
        raise EngineBroken(
            f"process {running.pid} does not end", f"`kill -9 {running.pid}` ends it."
        )
