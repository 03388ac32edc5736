"""Files in layers and containers, looked at without following a link.

A check of a lesson reads what a student, or an image from anywhere, has put into a
layer. A link there may lead anywhere on this machine, and root would follow it. So a
path is walked name by name, each opened in the directory before it with O_NOFOLLOW:
a link on the way is an end, never a turn, and ".." leads nowhere.

A layer says about a name one of three things:

    it is here        the file is in this layer's directory
    it is hidden      a whiteout (device 0, 0), or a directory above it is opaque
    nothing           look in the layer below

man: open(2) on O_NOFOLLOW, the kernel's filesystems/overlayfs
Try it: `lab layers NAME --paths`, then `ls -la` in the directories.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MOST_BYTES = 1 << 20  # read from one file, unless somebody needs more
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PLACE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_OPAQUE = ("trusted.overlay.opaque", "user.overlay.opaque")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one directory tree says about a path."""

    status: os.stat_result | None = None
    hidden: bool = False
    data: bytes | None = None


def look(root: Path, path: str, most: int = MOST_BYTES) -> Found:
    """What is at `path` in the tree `root`; of a file, the first `most` bytes, too."""
    *parents, name = _parts(path)
    if ".." in (*parents, name):
        return Found()
    try:
        here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return Found()
    try:
        hidden = False
        for parent in parents:
            hidden |= _is_opaque(here)
            if (status := _status(parent, here)) is None:
                return Found(hidden=hidden)
            if not stat.S_ISDIR(status.st_mode):
                return Found(hidden=True)
            below = os.open(parent, _DIRECTORY, dir_fd=here)
            os.close(here)
            here = below
        return _at_the_end(name, here, hidden or _is_opaque(here), most)
    finally:
        os.close(here)


def file_system(root: Path, path: str) -> os.statvfs_result | None:
    """The file system at `path` in the tree `root`; None for a link, or nothing."""
    if ".." in (parts := _parts(path)):
        return None
    try:
        here = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        for name in parts:
            below = os.open(name, _PLACE, dir_fd=here)
            os.close(here)
            here = below
        is_link = stat.S_ISLNK(os.fstat(here).st_mode)
        return None if is_link else os.fstatvfs(here)
    except OSError:
        return None
    finally:
        os.close(here)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part] or ["."]


def _status(name: str, directory: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except (FileNotFoundError, ValueError):
        return None


def _is_opaque(directory: int) -> bool:
    """Does this directory hide the one of the same name in the layers below?"""
    for name in _OPAQUE:
        try:
            if os.getxattr(directory, name) == b"y":
                return True
        except OSError:
            continue
    return False


def _at_the_end(name: str, directory: int, hidden: bool, most: int) -> Found:
    status = _status(name, directory)
    if status is None:
        return Found(hidden=hidden)
    if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
        return Found(hidden=True)
    if not stat.S_ISREG(status.st_mode):
        return Found(status=status)
    with os.fdopen(os.open(name, _FILE, dir_fd=directory), "rb") as file:
        return Found(status=status, data=file.read(most))


def look_through(layers: Sequence[Path], path: str) -> Found:
    """What `layers`, topmost first, show together at `path`, as overlay would."""
    for layer in layers:
        found = look(layer, path)
        if found.status is not None:
            return found
        if found.hidden:
            break
    return Found()


def paths_in(root: Path) -> Iterator[str]:
    """Every path in the tree `root`, as seen from there: "/srv/token"."""
    for directory, names, files in os.walk(root):
        below = directory.removeprefix(str(root))
        yield from (f"{below}/{name}" for name in (*names, *files))
