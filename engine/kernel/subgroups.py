"""Subgroups: the groups that a container has made inside its own, however many.

    ID/          last
      a/         third      down: openat(2) of a name in the directory where we are
        b/       first      up:   ".."
      c/         second     so one descriptor is open, wherever that is

Whoever may divide a group may do so a thousand times, one group inside another, with
names of 255 letters each: no path of that length can be opened, and a function that
calls itself for each would come to Python's end. A group that cannot be found has
processes that nobody ends. What is found has a path that can be opened: its own, or one
by the descriptor where that would be too long.

man: openat(2), path_resolution(7) on PATH_MAX, cgroups(7)
Try it: `lab run --privileged busybox mkdir -p /sys/fs/cgroup/memory/a/b`
"""

import os
from collections.abc import Iterator
from pathlib import Path

_LONGEST = 2048  # characters of a path that is used as it is: PATH_MAX is 4096
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def inside(path: Path) -> Iterator[Path]:
    """The directory of a group after those of all groups inside it.

    Each path is good until the next is asked for. What goes meanwhile may be left out.
    """
    here = os.open(path.parent, _FLAGS)
    names: list[str] = []  # from the top to where we are
    waiting = [[path.name]]
    try:
        while True:
            if not waiting[-1]:
                waiting.pop()
                if not names:
                    return
                here = _moved(here, "..")
                yield _path(path.parent, here, names)
                names.pop()
                continue
            names.append(waiting[-1].pop())
            try:
                here = _moved(here, names[-1])
            except FileNotFoundError:
                names.pop()
                continue
            with os.scandir(here) as entries:
                waiting.append(
                    [e.name for e in entries if e.is_dir(follow_symlinks=False)]
                )
    except FileNotFoundError:  # where we are has been removed
        return
    finally:
        os.close(here)


def _moved(here: int, name: str) -> int:
    """The directory of that name in the open one, which is closed."""
    there = os.open(name, _FLAGS, dir_fd=here)
    os.close(here)
    return there


def _path(above: Path, here: int, names: list[str]) -> Path:
    """The way to the last of `names`, which is in the open directory."""
    whole = os.path.join(above, *names)
    if len(whole) < _LONGEST:
        return Path(whole)
    return Path(f"/proc/self/fd/{here}", names[-1])
