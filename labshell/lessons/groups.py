"""What a control group allows, as a check reads it: the kernel's files, both versions.

                    version 1                          version 2
    memory          memory.limit_in_bytes              memory.max
    processes       pids.max                           pids.max
    processors      cpu.cfs_quota_us / _period_us      cpu.max
    held still      freezer.state: FROZEN              cgroup.events: frozen 1

Version 1 has a tree for each controller, and a group is at the same place in each.
"No limit" is the word "max", -1, or a number that no machine has.

man: cgroups(7)
Try it: `lab acts NAME --concept cgroups`
"""

from pathlib import Path
from typing import NamedTuple

_TREE = Path("/sys/fs/cgroup")
_UNLIMITED = 1 << 60  # bytes: version 1 writes "no limit" as a number above this


class Limits(NamedTuple):
    """What one group may use: bytes, processes, processors; None: without a limit."""

    memory: int | None
    processes: int | None
    cpus: float | None


def read_limits(group: Path) -> Limits:
    """The limits of a group. `group` is its directory; on version 1 that of memory."""
    if (group / "cgroup.controllers").exists():
        quota, _, period = _text(group / "cpu.max").partition(" ")
        memory = _text(group / "memory.max")
        processes = _text(group / "pids.max")
    else:
        place = group.relative_to(_TREE / "memory")
        quota = _text(_TREE / "cpu" / place / "cpu.cfs_quota_us")
        period = _text(_TREE / "cpu" / place / "cpu.cfs_period_us")
        memory = _text(group / "memory.limit_in_bytes")
        processes = _text(_TREE / "pids" / place / "pids.max")
    limit = _number(quota)
    return Limits(
        memory=_number(memory),
        processes=_number(processes),
        cpus=None if limit is None else limit / int(period),
    )


def is_frozen(group: Path) -> bool:
    """Is the group held still, so that nobody in it gets the processor?"""
    if (group / "cgroup.controllers").exists():
        return "frozen 1" in _text(group / "cgroup.events").splitlines()
    place = group.relative_to(_TREE / "memory")
    return _text(_TREE / "freezer" / place / "freezer.state") == "FROZEN"


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return "max"  # the kernel has no such controller, so it limits nothing


def _number(text: str) -> int | None:
    if not text.isdecimal() or int(text) > _UNLIMITED:
        return None
    return int(text)
