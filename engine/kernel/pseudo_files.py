"""Pseudo-files: what the kernel tells in files of /proc and /sys.

They lie on no disk. The kernel writes the text when somebody reads it, so its size is
not known before: read(2) is asked until there is no more.

    Path.read_text      open fstat ioctl lseek lseek fstat read read close
    read_text           open                               read read close

A start looks into some thirty of them, and each call counts.

man: proc(5), sysfs(5)
Try it: `strace -c cat /proc/self/stat`
"""

import functools
import os
from pathlib import Path

from engine.files import closing

_EVERYBODY = "4294967295"  # so many users there are where none is left out
_PIECE = 4096  # bytes; the kernel gives no more than a page at a time


def read_text(path: Path | str) -> str:
    """All that such a file tells. OSError if it is not there, or has just gone."""
    pieces = []
    with closing(os.open(path, os.O_RDONLY | os.O_CLOEXEC)) as descriptor:
        while piece := os.read(descriptor, _PIECE):
            pieces.append(piece)
    return b"".join(pieces).decode(errors="surrogateescape")


def group_of(pid: int, controller: str) -> str:
    """The control group of a process, below the root of the controller's tree.

    The controller of version 2's one tree is "". OSError if the process has ended.
    """
    for line in read_text(f"/proc/{pid}/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return path.lstrip("/")
    return ""


def write_text(path: Path | str, text: str) -> None:
    """Give the kernel a few words."""
    with closing(os.open(path, os.O_WRONLY | os.O_CLOEXEC)) as descriptor:
        os.write(descriptor, text.encode())


@functools.cache
def is_nested() -> bool:
    """Whether we are in a user namespace that is not the machine's."""
    try:
        return read_text("/proc/self/uid_map").split() != ["0", "0", _EVERYBODY]
    except OSError:  # without /proc nobody can tell
        return False
