"""Unfinished work: what a killed command was doing, and somebody must tidy up.

Blobs without an image, a volume without a record, a name that leads nowhere: nobody
would notice them, and they do no harm but take room. So whoever is about to make or
remove several things that belong together leaves a mark first:

    locks/unfinished-3f9a12cd     made and locked before the first change
                                  removed after the last

A mark whose lock is free was left by somebody who was killed, or who failed half way
and could not take everything back. The next command that finds one tidies up (see
containers/sweeping.py), and removes the mark.

man: flock(2)
Try it: `ls /var/lib/labshell/locks` while `lab load` reads an archive
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from engine import files
from engine.errors import EngineError, SyscallError

_MARK = "unfinished-"


class Mark:
    """The mark of one piece of work."""

    def __init__(self) -> None:
        self.stays = False  # for the next command, whatever comes of the work


@contextlib.contextmanager
def marked(locks: Path) -> Iterator[Mark]:
    """Leave a mark in the directory `locks` for as long as this lasts.

    What is refused has not begun: its mark goes, unless the work says that it `stays`.
    What the kernel would not do may be half done: its mark stays. A full disk has no
    room for a mark, and may be about to be relieved: then it is done without.
    """
    mark = Mark()
    path = locks / f"{_MARK}{os.urandom(4).hex()}"
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            locks.mkdir(mode=0o700, parents=True, exist_ok=True)
            held.enter_context(files.locked(path))
        try:
            yield mark
        except EngineError as error:
            if not (mark.stays or isinstance(error, SyscallError)):
                path.unlink(missing_ok=True)
            raise
        path.unlink(missing_ok=True)


def left(locks: Path) -> list[Path]:
    """The marks whose makers were killed, or have failed."""
    try:
        names = os.listdir(locks)
    except FileNotFoundError:
        return []
    marks = [locks / name for name in names if name.startswith(_MARK)]
    return [path for path in marks if not files.is_locked(path)]
