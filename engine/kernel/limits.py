"""Limits: numbers in the files of a control group that the kernel keeps to.

    what                 version 1                    version 2
    memory               memory.limit_in_bytes        memory.max
    memory and swap      memory.memsw.limit_in_bytes  memory.swap.max (swap alone)
    cpu time             cpu.cfs_quota_us             cpu.max
    cpu share            cpu.shares                   cpu.weight
    processes            pids.max                     pids.max

man: cgroups(7); Documentation/admin-guide/cgroup-v2.rst of the kernel
Try it: `lab run -m 64m busybox cat /sys/fs/cgroup/memory/memory.limit_in_bytes`
"""

from engine.kernel import cgroups
from engine.oci.resources import Resources


def limit(group: str, resources: Resources) -> None:
    """Write the limits that the specification asks for; None leaves one alone."""
    (_limit_v2 if cgroups.version() == 2 else _limit_v1)(group, resources)


def _limit_v1(group: str, resources: Resources) -> None:
    files: list[tuple[str, str, int | None]] = [
        ("memory", "memory.limit_in_bytes", resources.memory),
        ("memory", "memory.memsw.limit_in_bytes", resources.memory_swap),
        ("cpu", "cpu.shares", resources.cpu_shares),
        ("cpu", "cpu.cfs_period_us", resources.cpu_period),
        ("cpu", "cpu.cfs_quota_us", resources.cpu_quota),
    ]
    for controller, name, value in files:
        if value is not None:
            path = cgroups.directory(group, controller) / name
            if name.startswith("memory.memsw") and not path.exists():
                continue  # the kernel does not count swap
            cgroups.write(path, str(value))
    if resources.pids is not None:
        most = "max" if resources.pids <= 0 else str(resources.pids)
        cgroups.write(cgroups.directory(group, "pids") / "pids.max", most)


def _limit_v2(group: str, resources: Resources) -> None:
    place = cgroups.directory(group, "")
    if resources.memory is not None:
        cgroups.write(place / "memory.max", _number_or_max(resources.memory))
    if resources.memory_swap is not None and (place / "memory.swap.max").exists():
        both, memory = resources.memory_swap, resources.memory or 0
        cgroups.write(
            place / "memory.swap.max", _number_or_max(both - memory if both > 0 else -1)
        )
    if resources.cpu_shares is not None:
        # 2…262144 shares of version 1 become 1…10000 of weight, as runc and crun do.
        weight = 1 + (resources.cpu_shares - 2) * 9999 // 262142
        cgroups.write(place / "cpu.weight", str(weight))
    if resources.cpu_quota is not None:
        quota = _number_or_max(resources.cpu_quota)
        cgroups.write(place / "cpu.max", f"{quota} {resources.cpu_period or 100000}")
    if resources.pids is not None:
        cgroups.write(place / "pids.max", _number_or_max(resources.pids or -1))


def _number_or_max(value: int) -> str:
    return "max" if value < 0 else str(value)
