"""Counters: what the kernel notes down about a control group.

    what                 version 1                    version 2
    killed for memory    memory.oom_control           memory.events

man: cgroups(7); Documentation/admin-guide/cgroup-v2.rst of the kernel
"""

from engine.errors import SyscallError
from engine.kernel import cgroups


def memory_kills(group: str) -> int:
    """How many processes of the group the kernel has killed because memory ran out."""
    name = "memory.events" if cgroups.version() == 2 else "memory.oom_control"
    try:
        text = (cgroups.directory(group, "memory") / name).read_text()
    except (OSError, SyscallError):
        return 0
    counts = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    return int(counts.get("oom_kill", 0))
