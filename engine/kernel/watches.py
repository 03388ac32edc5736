"""Watches: being told that a file has changed, instead of asking again and again.

man: inotify(7)
Try it: `lab logs -f NAME` under `strace -e inotify_add_watch,read`
"""

import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from engine.errors import SyscallError
from engine.kernel import libc

_IN_MODIFY, _IN_MOVED_FROM, _IN_MOVED_TO = 0x2, 0x40, 0x80
_IN_CREATE, _IN_DELETE = 0x100, 0x200
_IN_DELETE_SELF, _IN_MOVE_SELF = 0x400, 0x800
_IN_ONLYDIR, _IN_DONT_FOLLOW = 0x1000000, 0x2000000
_NAMES = _IN_MOVED_FROM | _IN_MOVED_TO | _IN_CREATE | _IN_DELETE
_IN_CLOEXEC = os.O_CLOEXEC


def on_change(path: Path) -> int:
    """A descriptor that becomes readable whenever the file at `path` is written."""
    return _watch(path, _IN_MODIFY)


def on_files_in(directory: Path) -> int:
    """The same for any file in a directory, and for files that are new there.

    A file that is renamed, so that another takes its place, is not lost this way.
    """
    return _watch(directory, _IN_MODIFY | _IN_CREATE | _IN_MOVED_TO)


def on_renaming(path: Path) -> int:
    """The same when the file or directory gets another name, or goes."""
    return _watch(path, _IN_MOVE_SELF | _IN_DELETE_SELF)


def _watch(path: Path, changes: int) -> int:
    watch = libc.call("inotify_init1", _IN_CLOEXEC)
    try:
        libc.call("inotify_add_watch", watch, str(path), changes, target=str(path))
    except BaseException:
        os.close(watch)
        raise
    return watch


class TreeWatch:
    """Tells when names come or go in whole trees: its descriptor can be read then.

    inotify(7) watches directories, not trees: a new one is watched once it is found.
    """

    def __init__(self, most: int = 1024) -> None:
        """`most` directories are watched: what lies in others is not told."""
        self.descriptor = libc.call("inotify_init1", _IN_CLOEXEC | os.O_NONBLOCK)
        self._most = most

    def cover(self, roots: Iterable[Path]) -> None:
        """Watch these trees, and what is new in them."""
        watched = 0
        for root in roots:
            for directory, _, _ in os.walk(root):
                watched += 1
                if watched > self._most or not self._add(directory):
                    return

    def _add(self, directory: str) -> bool:
        """Watch one directory; False if the kernel will not watch any more."""
        mask = _NAMES | _IN_ONLYDIR | _IN_DONT_FOLLOW
        try:
            libc.call(
                "inotify_add_watch", self.descriptor, directory, mask, target=directory
            )
        except SyscallError as error:
            if error.errno == errno.ENOSPC:  # fs.inotify.max_user_watches
                return False
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):  # it went meanwhile
                raise
        return True

    def drain(self) -> None:
        """Read what has been told up to now."""
        with suppress(BlockingIOError):
            while os.read(self.descriptor, 1 << 16):
                pass

    def close(self) -> None:
        """Watch nothing any more."""
        os.close(self.descriptor)
