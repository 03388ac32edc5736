"""Watches: being told that a file has changed, instead of asking again and again.

man: inotify(7)
Try it: `lab logs -f NAME` under `strace -e inotify_add_watch,read`
"""

import os
from pathlib import Path

from engine.kernel import libc

_IN_MODIFY = 0x2
_IN_CLOEXEC = os.O_CLOEXEC


def on_change(path: Path) -> int:
    """A descriptor that becomes readable whenever the file at `path` is written."""
    watch = libc.call("inotify_init1", _IN_CLOEXEC)
    libc.call("inotify_add_watch", watch, str(path), _IN_MODIFY, target=str(path))
    return watch
