"""An engine and a progress file of their own for one proof, or one demonstration.

    /var/tmp/labshell-room-XXXX/    nobody else may look; locked as long as its maker
        root/                       lives
        progress.json

The proof and a demonstration happen in a room: nothing of the student's own is touched,
and nothing is left. A room is on a real disk, because an overlay's upper directory must
not be on tmpfs.

Who is told to end takes the room away first. Who is killed cannot: whoever makes the
next room takes the dead one's away (places.py), those first who still work in it (a
bash, and its `lab` lines), then what they have made.

man: flock(2), proc_pid_environ(5)
Try it: `lab learn --play`, and in another terminal `ls /var/tmp/labshell-room-*`
"""

import contextlib
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from engine.engine import Engine
from engine.errors import EngineError
from labshell import places
from labshell.ending import ended_by_signals
from labshell.lessons.progress import Progress
from labshell.lessons.servers import forget_login, serving
from labshell.messages import translate

_PREFIX = "labshell-room-"
_SECONDS = 10.0  # for who was killed to be gone


@contextlib.contextmanager
def room(seed: str) -> Iterator[tuple[Engine, Progress]]:
    """An engine and a progress file for the student with this seed, removed at the end.

    Raises EngineError if something in the engine refuses to go.
    """
    sweep()
    with ended_by_signals(), _place() as place:
        progress = Progress(place / "progress.json")
        progress.seed = seed
        yield Engine(place / "root"), progress


@contextlib.contextmanager
def _place() -> Iterator[Path]:
    """A new directory, locked, and removed with the engine in it."""
    place, lock = places.make(places.ABOVE, _PREFIX)
    try:
        try:
            yield place
        finally:
            _remove(place)
    finally:
        os.close(lock)


def sweep() -> None:
    """Take away the rooms of those that were killed. EngineError if one does not go."""
    for place in places.left(places.ABOVE, _PREFIX):
        try:
            _end_all(place / "root")
            _remove(place)
        except (EngineError, OSError) as error:
            says = translate("{place}, left by a killed proof, does not go: {why}")
            raise EngineError(
                says.format(place=place, why=error),
                translate("What is in its way? `findmnt`, then `rm -r` by hand."),
            ) from error


def _end_all(root: Path) -> None:
    """Kill who works with this engine: they would make more while all of it goes."""
    end = time.monotonic() + _SECONDS
    while (alive := list(_workers(root))) and time.monotonic() < end:
        for process in alive:
            signal.pidfd_send_signal(process, signal.SIGKILL)
        for process in alive:
            # Gone is who has let go of all files, the locks among them: not before.
            select.select([process], [], [], max(0, end - time.monotonic()))
            os.close(process)


def _workers(root: Path) -> Iterator[int]:
    """A pidfd of each process that works with this engine."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is somebody else's
            if _works_with(process, os.fsencode(root)):
                yield os.pidfd_open(int(process.name))


def _works_with(process: Path, root: bytes) -> bool:
    """Is it a `lab` or a bash of this engine, or one of the engine's own servers?"""
    if b"LABSHELL_ROOT=" + root in (process / "environ").read_bytes().split(b"\0"):
        return True
    words = (process / "cmdline").read_bytes()
    return root in words and b"engine." in words


def _remove(place: Path) -> None:
    """The engine and all that it has made, then the files: those tell of the rest."""
    engine = Engine(place / "root")
    for server in serving(engine):  # logins are the only thing not in the room
        forget_login(engine, server.address)
    engine.destroy()
    shutil.rmtree(place)
