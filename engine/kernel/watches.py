"""Watches: being told that a file has changed, instead of asking again and again.

man: inotify(7)
Try it: `lab logs -f NAME` under `strace -e inotify_add_watch,read`
"""

import os
from pathlib import Path

from engine.kernel import libc

_IN_MODIFY, _IN_MOVED_TO, _IN_CREATE = 0x2, 0x80, 0x100
_IN_CLOEXEC = os.O_CLOEXEC


def on_change(path: Path) -> int:
    """A descriptor that becomes readable whenever the file at `path` is written."""
    return _watch(path, _IN_MODIFY)


def on_files_in(directory: Path) -> int:
    """The same for any file in a directory, and for files that are new there.

    A file that is renamed, so that another takes its place, is not lost this way.
    """
    return _watch(directory, _IN_MODIFY | _IN_CREATE | _IN_MOVED_TO)


def _watch(path: Path, changes: int) -> int:
    watch = libc.call("inotify_init1", _IN_CLOEXEC)
    try:
        libc.call("inotify_add_watch", watch, str(path), changes, target=str(path))
    except BaseException:
        os.close(watch)
        raise
    return watch
