"""Usage: how much is in a tree of files, in two ways to count.

    content    what the files say they hold: the size that Docker prints
    disk       what they take on the disk: in blocks, without holes, with directories

A file of 1 byte has content 1 and takes a block of 4096. A file of 1 GB that was made
by truncate(1) has content 1 GB and takes nothing. Hard links are one file with
several names: it counts once.

man: stat(2) on st_blocks, du(1)
Try it: `lab system df -v`; `du -s /var/lib/labshell/snapshots/*`
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

_DEEPEST = 128  # levels of directories, an open descriptor each
_BLOCK = 512  # bytes: the unit of st_blocks, whatever the file system's own is


@dataclass(slots=True)
class Usage:
    """Bytes in a tree: in its files, and on the disk."""

    content: int = 0
    disk: int = 0


def of(directory: Path) -> Usage:
    """The usage of a directory with everything in it; none if it is not there.

    What goes while we look is not counted. No link is followed.
    """
    usage = Usage()
    seen: set[tuple[int, int]] = set()
    top = str(directory)
    for path, deeper, names, descriptor in os.fwalk(top, follow_symlinks=False):
        if path.count("/") - top.count("/") >= _DEEPEST:
            deeper.clear()  # a container can make a tree of any depth
        usage.disk += os.fstat(descriptor).st_blocks * _BLOCK
        for name in names:
            try:
                status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            except FileNotFoundError:
                continue
            _count(usage, status, seen)
    return usage


def _count(usage: Usage, status: os.stat_result, seen: set[tuple[int, int]]) -> None:
    if status.st_nlink > 1:
        identity = (status.st_dev, status.st_ino)
        if identity in seen:
            return
        seen.add(identity)
    usage.disk += status.st_blocks * _BLOCK
    if stat.S_ISREG(status.st_mode):
        usage.content += status.st_size
