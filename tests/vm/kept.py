"""What is slow to make is made once, and kept for the next run of the tests.

    CACHE/vm-trixie-3f9a…       a folder, named for what it is and what it is made of
    CACHE/vm-trixie-new-k2x…    one that is not finished, or never was
    CACHE/vm-trixie.lock        held by who makes one

Two that want it at once: the second waits for the first. One that is killed leaves a
folder that nobody takes for a finished one, and that the next removes. Debian packages
in an image stay as they were on the day; to renew them, remove the cache.

man: flock(2), rename(2)
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import workshop

WEEK = 7 * 24 * 3600


def made(name: str, key: str, build: Callable[[Path], None]) -> Path:
    """The folder that `build` fills, built if it is not there.

    `key` is a digest of everything that `build` makes it of.
    """
    cache = workshop.cache()
    directory = cache / f"{name}-{key}"
    with _alone(cache / f"{name}.lock"):
        if not directory.exists():
            _remove_old(cache, name)
            unfinished = Path(tempfile.mkdtemp(prefix=f"{name}-new-", dir=cache))
            build(unfinished)
            unfinished.rename(directory)
        os.utime(directory)
    return directory


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Wait until no other process builds. The lock ends with its holder."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _remove_old(cache: Path, name: str) -> None:
    """What was never finished, and what nobody has used for a week."""
    for path in cache.glob(f"{name}-*"):
        unfinished = path.name.startswith(f"{name}-new-")
        if unfinished or path.stat().st_mtime < time.time() - WEEK:
            shutil.rmtree(path)
