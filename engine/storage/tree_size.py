"""How much room a tree takes on the disk: what `du -sx` says.

Counted are blocks, not lengths, so that a sparse file counts for what it holds; a file
with several names counts once; other file systems that are mounted below do not count,
and no link is followed.

A container can make a tree of any depth, so only one directory is open at a time: the
walk goes down by name and up by "..", and looks whether it came back to where it was.

man: du(1), stat(2), openat(2)
Try it: `du -sx --block-size=1 /var/lib/labshell/volumes/*/_data`
"""

import contextlib
import os
import stat
from pathlib import Path

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 512  # bytes: the unit of st_blocks, on every file system


def tree_size(path: Path) -> int:
    """Bytes that what is in the directory `path` takes.

    What comes, goes or moves meanwhile may count or not. OSError if `path` cannot be
    opened.
    """
    walk = _Walk(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    try:
        while walk.step():
            pass
        return walk.total
    finally:
        walk.close()


class _Walk:
    """A walk over a tree: where it is, what is still to be seen there and above."""

    def __init__(self, top: int) -> None:
        self.total = 0
        self._device = os.fstat(top).st_dev
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
                below = os.open(self._below.pop(), _DIRECTORY, dir_fd=self._here)
                self._above.append((os.fstat(self._here).st_ino, self._below))
                self._move(below)
                self._below = self._measure()
            return True
        if not self._above:
            return False
        inode, self._below = self._above.pop()
        self._move(os.open("..", _DIRECTORY, dir_fd=self._here))
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
            self.total += status.st_blocks * _BLOCK
            if stat.S_ISDIR(status.st_mode):
                directories.append(name)
            elif status.st_nlink > 1:
                self._seen.add(status.st_ino)
        return directories
