"""Controllers: what a control group must be given by the one above before it is of use.

Version 2: a group has the files of a controller, memory.max or cpu.max, only if the
group above hands that controller down; and that group only has it to give if it was
given it. So from the top on, name by name:

    /sys/fs/cgroup/cgroup.subtree_control                +memory +pids
    /sys/fs/cgroup/labshell-TAG/cgroup.subtree_control   +memory +pids

Nothing is taken away here: others may need it. A scope is a top, too: what it has was
given by systemd, and above it nothing is ours. A group that hands down may have no
processes of its own, the machine's root excepted. Version 1 has one thing of this kind:
nobody can join a group of the cpuset tree that has no processors and memory nodes.

man: cgroups(7); Documentation/admin-guide/cgroup-v2.rst, "Top-down Constraint"
Try it: `cat /sys/fs/cgroup/cgroup.subtree_control`
"""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from engine.kernel.pseudo_files import read_text

_WANTED = ("memory", "cpu", "pids", "io", "cpuset")
_CPUSET = ("cpuset.cpus", "cpuset.mems")

Write = tuple[Path, str]  # a file, and what to write into it


def to_hand_down(group: Path, tops: Collection[Path]) -> Iterator[Write]:
    """What must be written for the group, the topmost first; each before the next."""
    if group in tops:
        return
    yield from to_hand_down(group.parent, tops)
    has = _words(group.parent / "cgroup.controllers")
    file = group.parent / "cgroup.subtree_control"
    given = _words(file)
    missing = [name for name in _WANTED if name in has and name not in given]
    if missing:
        yield file, " ".join(f"+{name}" for name in missing)


def to_fill_cpuset(group: Path, tops: Collection[Path]) -> Iterator[Write]:
    """The same for a group in the cpuset tree of version 1: those of the group above.

    "clone_children" makes the kernel fill in what is made below.
    """
    if group in tops:
        return
    for name in _CPUSET:
        if not _words(group / name):
            yield from to_fill_cpuset(group.parent, tops)
            yield group / name, " ".join(_words(group.parent / name))
            yield group / "cgroup.clone_children", "1"


def keeper(group: Path) -> Path | None:
    """The unit of systemd whose limits are kept in the group, if it has not left them
    to others: its own, or the nearest above.
    """
    for place in (group, *group.parents):
        if place.suffix in (".slice", ".scope", ".service") and place.is_dir():
            delegated = "trusted.delegate" in os.listxattr(place)
            return None if delegated else place
    return None


def _words(file: Path) -> list[str]:
    return read_text(file).split()
