"""Usage: how much is in a tree of files, in two ways to count.

    content    what the files say they hold: the size that Docker prints
    disk       what they take on the disk: in blocks, without holes, with directories

A file of 1 byte has content 1 and takes a block of 4096. A file of 1 GB that was made
by truncate(1) has content 1 GB and takes nothing. A file with several names counts
once; the content of a symbolic link is where it leads. Other file systems that are
mounted below do not count, and no link is followed.

A container can make a tree of any depth, so only one directory is open at a time: the
walk goes down by name and up by "..", and looks whether it came back to where it was.

man: stat(2) on st_blocks, du(1), openat(2)
Try it: `lab system df -v`; `du -s /var/lib/labshell/snapshots/*`
"""

import contextlib
import os
import stat
from pathlib import Path
from typing import NamedTuple

from engine.files import open_directory

_BLOCK = 512  # bytes: the unit of st_blocks, on every file system


class Usage(NamedTuple):
    """Bytes in a tree: in its files, and on the disk."""

    content: int = 0
    disk: int = 0


def of(directory: Path) -> Usage:
    """The usage of a directory with everything in it; none if it is not there.

    What comes, goes or moves meanwhile may count or not.
    """
    try:
        top = open_directory(directory)
    except FileNotFoundError:
        return Usage()
    walk = _Walk(top)
    try:
        while walk.step():
            pass
        return Usage(walk.content, walk.disk)
    finally:
        walk.close()


class _Walk:
    """A walk over a tree: where it is, what is still to be seen there and above."""

    def __init__(self, top: int) -> None:
        status = os.fstat(top)
        self.content = 0
        self.disk = status.st_blocks * _BLOCK
        self._device = status.st_dev
        self._seen: set[int] = set()  # files with several names, by inode
        self._here = top
        self._below = self._measure()
        self._above: list[tuple[int, list[str]]] = []  # inode, what is left there

    def close(self) -> None:
        """Close the directory in which the walk is."""
        os.close(self._here)

    def step(self) -> bool:
        """Go down into one directory, or up; False when all was seen."""
        if self._below:
            with contextlib.suppress(OSError):  # it has gone, or is a link by now
                below = open_directory(self._below.pop(), self._here)
                self._above.append((os.fstat(self._here).st_ino, self._below))
                self._move(below)
                self._below = self._measure()
            return True
        if not self._above:
            return False
        inode, self._below = self._above.pop()
        self._move(open_directory("..", self._here))
        return os.fstat(self._here).st_ino == inode  # else it was moved meanwhile

    def _move(self, directory: int) -> None:
        os.close(self._here)
        self._here = directory

    def _measure(self) -> list[str]:
        """Count what is here; the directories to be seen, by name."""
        directories = []
        for name in os.listdir(self._here):
            try:
                status = os.stat(name, dir_fd=self._here, follow_symlinks=False)
            except FileNotFoundError:
                continue
            if status.st_dev != self._device or status.st_ino in self._seen:
                continue
            self.disk += status.st_blocks * _BLOCK
            if stat.S_ISDIR(status.st_mode):
                directories.append(name)
                continue
            self.content += status.st_size
            if status.st_nlink > 1:
                self._seen.add(status.st_ino)
        return directories
