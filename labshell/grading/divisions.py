"""Divisions: how many control groups a script may make inside its sandbox's own.

    version 2   the kernel counts: cgroup.max.descendants, cgroup.max.depth
    version 1   nobody does. A thread looks now and then, and freezes what has too many

A group costs memory of the kernel's that no limit of the sandbox covers, and time of
whoever removes it: half a million can be made within the seconds of a run.

man: cgroups(7) on cgroup.max.descendants
Try it: `with: lab`, and a script that says `mkdir` a thousand times
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from engine.engine import Engine
from engine.errors import EngineError

MOST, DEEPEST = 500, 10
_MOMENT = 0.1  # seconds


@contextlib.contextmanager
def watched(engine: Engine, container: str) -> Iterator[int]:
    """Meanwhile it may have so many; a descriptor that is readable if it had more."""
    alarm = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    group = engine.cgroup(container)
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_MOMENT):
            if any(map(_has_too_many, _trees(group))):
                os.eventfd_write(alarm, 1)
                with contextlib.suppress(EngineError):  # it has just ended
                    engine.pause(container)
                return

    watcher = threading.Thread(target=watch, daemon=True)
    try:
        if (group / "cgroup.max.descendants").exists():
            (group / "cgroup.max.descendants").write_text(str(MOST))
            (group / "cgroup.max.depth").write_text(str(DEEPEST))
        else:
            watcher.start()
        yield alarm
    finally:
        over.set()
        if watcher.ident:
            watcher.join()
        os.close(alarm)


def were_too_many(alarm: int) -> bool:
    """Whether the descriptor of `watched` can be read; not if it is -1, for none."""
    try:
        return alarm >= 0 and os.eventfd_read(alarm) > 0
    except BlockingIOError:
        return False


def _trees(group: Path) -> list[Path]:
    """The group in each tree of version 1, of which we know one."""
    tree = group.parents[1]
    found = (other / group.relative_to(tree) for other in tree.parent.iterdir())
    return [place for place in found if place.is_dir()]


def _has_too_many(group: Path) -> bool:
    found, waiting = 0, [str(group)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                inside = [entry.path for entry in entries if entry.is_dir()]
        except FileNotFoundError:
            continue
        except OSError:  # too deep for a path
            return True
        found += len(inside)
        waiting += inside
        if found > MOST:
            return True
    return False
