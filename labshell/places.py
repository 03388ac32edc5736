"""Places: directories of one's own that go when whoever made them has ended.

    /var/tmp/labshell-room-XXXX/       a proof's room
    /var/tmp/labshell-sandbox-XXXX/    a grader's scratch engine

Nobody else may look, and its maker holds a lock on it. Who is killed leaves all of it
behind, and lets go of the lock: so whoever comes next can tell the dead from the
living, and takes away what those have left.

man: flock(2), open(2) on O_NOFOLLOW
Try it: `lab learn --play`, and in another terminal `ls /var/tmp/labshell-*`
"""

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

ABOVE = Path("/var/tmp")  # a real disk: an overlay's upper directory is not on tmpfs
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NOBODYS = FileNotFoundError, NotADirectoryError, PermissionError  # gone, or not ours


def make(above: Path, prefix: str) -> tuple[Path, int]:
    """A new place, and its lock: a descriptor to be closed when it has been removed.

    It gets its name when it is locked: before that, it would be taken for a dead one's.
    """
    made = Path(tempfile.mkdtemp(prefix=f"new-{prefix}", dir=above))
    lock = os.open(made, _DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return made.rename(made.with_name(made.name.removeprefix("new-"))), lock


def left(above: Path, prefix: str) -> Iterator[Path]:
    """The places of those who were killed; each is ours until the next is asked for."""
    for place in above.glob(f"{prefix}*"):
        with contextlib.suppress(*_NOBODYS):
            lock = os.open(place, _DIRECTORY)
            try:
                if _is_dead(lock):
                    yield place
            finally:
                os.close(lock)


def _is_dead(lock: int) -> bool:
    """Is it ours, and has nobody the lock? Then we have it now."""
    status = os.fstat(lock)
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
        return False  # somebody else has put it where everybody may write
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
