"""Limits: numbers in the files of a control group that the kernel keeps to.

    what                 version 1                    version 2
    memory               memory.limit_in_bytes        memory.max
    memory and swap      memory.memsw.limit_in_bytes  memory.swap.max (swap alone)
    memory, if short     memory.soft_limit_in_bytes   memory.low
    memory, slowed       (nothing)                    memory.high
    eagerness to swap    memory.swappiness            (nothing)
    no killing           memory.oom_control           (nothing)
    cpu time             cpu.cfs_quota_us             cpu.max
    cpu share            cpu.shares                   cpu.weight
    which processors     cpuset.cpus                  cpuset.cpus
    disk share           blkio.bfq.weight             io.bfq.weight
    processes            pids.max                     pids.max

What is to be written where is first a list, `plan`, and then done: when a container
starts by `limit`, while it runs by `changed`, which undoes all of it if the kernel
refuses a part.

man: cgroups(7); Documentation/admin-guide/cgroup-v2.rst of the kernel
Try it: `lab run -m 64m busybox cat /sys/fs/cgroup/memory/memory.limit_in_bytes`
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from engine.errors import SyscallError
from engine.kernel import cgroups, group_files
from engine.kernel.pseudo_files import read_text
from engine.oci.resources import Resources

Write = tuple[Path, str]  # a file, and what to write into it


def limit(group: str, resources: Resources) -> None:
    """Write the limits that the specification asks for; None leaves one alone."""
    for path, value in plan(group, resources):
        group_files.write(path, value)


@contextlib.contextmanager
def changed(group: str, resources: Resources) -> Iterator[None]:
    """Write new limits into a group that is in use.

    If the kernel refuses one, or what is done inside `with` fails, the old ones are
    put back: all of the change happens, or nothing.
    """
    old: list[Write] = []
    try:
        for path, value in plan(group, resources):
            before = read_text(path).strip()
            group_files.write(path, value)
            old.append((path, before))
        yield
    except BaseException:
        for path, before in reversed(old):
            with contextlib.suppress(SyscallError):  # the first error is told
                group_files.write(path, before)
        raise


def plan(group: str, resources: Resources) -> list[Write]:
    """The files of `group` and what must be written into them, in this order."""
    return (_plan_v2 if cgroups.version() == 2 else _plan_v1)(group, resources)


def _plan_v1(group: str, resources: Resources) -> list[Write]:
    wanted: list[tuple[str, str, int | str | None]] = [
        *_memory_v1(group, resources),
        ("memory", "memory.soft_limit_in_bytes", resources.memory_reservation),
        ("memory", "memory.swappiness", resources.swappiness),
        ("memory", "memory.oom_control", 1 if resources.oom_kill_disable else None),
        ("cpu", "cpu.shares", resources.cpu_shares),
        ("cpu", "cpu.cfs_period_us", resources.cpu_period),
        ("cpu", "cpu.cfs_quota_us", resources.cpu_quota),
        ("cpuset", "cpuset.cpus", resources.cpus),
        ("cpuset", "cpuset.mems", resources.mems),
        ("blkio", "blkio.bfq.weight", resources.block_weight),
        ("pids", "pids.max", _count(resources.pids)),
    ]
    return [
        (cgroups.directory(group, controller) / name, str(value))
        for controller, name, value in wanted
        if value is not None
    ]


def _memory_v1(group: str, resources: Resources) -> list[tuple[str, str, int | None]]:
    """Memory, and memory with swap, which must never be less than memory alone.

    So where memory grows past the sum that holds now, the sum goes first.
    """
    alone = ("memory", "memory.limit_in_bytes", resources.memory)
    both = ("memory", "memory.memsw.limit_in_bytes", resources.memory_swap)
    try:
        now = int(read_text(cgroups.directory(group, "memory") / both[1]))
    except FileNotFoundError:  # the kernel does not count swap
        return [alone]
    return [both, alone] if (resources.memory or 0) > now else [alone, both]


def _plan_v2(group: str, resources: Resources) -> list[Write]:
    place = cgroups.directory(group, "")
    wanted = {
        "memory.max": _number_or_max(resources.memory),
        "memory.low": _number_or_max(resources.memory_reservation),
        "memory.high": _number_or_max(resources.memory_high),
        "memory.swap.max": _swap_alone(place, resources),
        "cpu.weight": _weight_of_shares(resources.cpu_shares),
        "cpu.max": _bandwidth(resources),
        "cpuset.cpus": resources.cpus,
        "cpuset.mems": resources.mems,
        "io.bfq.weight": resources.block_weight,
        "pids.max": _count(resources.pids),
    }
    return [(place / n, str(value)) for n, value in wanted.items() if value is not None]


def _swap_alone(place: Path, resources: Resources) -> str | None:
    """Version 2 limits swap by itself, not together with memory."""
    both = resources.memory_swap
    if both is None or not (place / "memory.swap.max").exists():
        return None
    return _number_or_max(both - (resources.memory or 0) if both > 0 else -1)


def _weight_of_shares(shares: int | None) -> int | None:
    """2…262144 shares of version 1 become 1…10000 of weight, as runc and crun do."""
    return None if shares is None else 1 + (shares - 2) * 9999 // 262142


def _bandwidth(resources: Resources) -> str | None:
    """Quota and period are one file: "50000 100000"."""
    if resources.cpu_quota is None and resources.cpu_period is None:
        return None
    quota = -1 if resources.cpu_quota is None else resources.cpu_quota
    return f"{_number_or_max(quota)} {resources.cpu_period or 100000}"


def _count(pids: int | None) -> str | None:
    """0 and less mean no limit."""
    return None if pids is None else _number_or_max(pids or -1)


def _number_or_max(value: int | None) -> str | None:
    if value is None:
        return None
    return "max" if value < 0 else str(value)


def is_known(group: str, name: str) -> bool:
    """Whether this kernel can limit `name`, a field of Resources.

    `group` may be any group but the root of a tree, which has not all of the files.
    """
    first, second = _OPTIONAL[name]
    if cgroups.version() == 2:
        return bool(second) and (cgroups.directory(group, "") / second).exists()
    controller = first.partition(".")[0]
    if not first or controller not in cgroups.trees():
        return False
    return (cgroups.directory(group, controller) / first).exists()


# What not every kernel can: its file on version 1, and on version 2.
_OPTIONAL = {
    "memory_swap": ("memory.memsw.limit_in_bytes", "memory.swap.max"),
    "swappiness": ("memory.swappiness", ""),
    "oom_kill_disable": ("memory.oom_control", ""),
    "memory_high": ("", "memory.high"),
    "cpus": ("cpuset.cpus", "cpuset.cpus"),
    "mems": ("cpuset.mems", "cpuset.mems"),
    "block_weight": ("blkio.bfq.weight", "io.bfq.weight"),
}
