"""Counters: what the kernel notes down about a control group.

    what                    version 1                         version 2
    processor time          cpuacct.usage (ns)                cpu.stat (µs)
    held back by its quota  cpu.stat                          cpu.stat
    memory now              memory.usage_in_bytes             memory.current
      of it, file pages     memory.stat total_inactive_file   memory.stat inactive_file
      that could go
    killed for memory       memory.oom_control                memory.events
    out of memory now       memory.oom_control under_oom      (it is killed at once)
    read and written        blkio.throttle.io_service_bytes…  io.stat
    processes               pids.current                      pids.current
    refused for too many    pids.events                       pids.events

Nothing is reset by reading, and all of it goes with the group. A counter that this
kernel does not keep reads as 0.

man: cgroups(7); Documentation/admin-guide/cgroup-v2.rst of the kernel
Try it: `lab run -d --name box busybox sleep 60; lab stats --no-stream box`
"""

import os
from collections.abc import Mapping
from typing import NamedTuple

from engine.errors import SyscallError
from engine.kernel import cgroups, group_files
from engine.kernel.pseudo_files import group_of, read_text

_OUT_OF_MEMORY = "memory.oom_control"
UNLIMITED = 1 << 60  # bytes: version 1 says "no limit" by a number above this


class Counters(NamedTuple):
    """What a group has used so far, and what it uses now.

    Times in nanoseconds, memory in bytes; `memory_limit` and `pids_limit` None for
    none; `memory_failures` is how often memory was refused at the limit; `disks` maps
    "major:minor" to bytes read and written.
    """

    cpu: int = 0
    cpu_user: int = 0
    cpu_system: int = 0
    periods: int = 0
    throttled_periods: int = 0
    throttled_time: int = 0
    memory: int = 0
    memory_peak: int = 0
    memory_limit: int | None = None
    memory_failures: int = 0
    memory_details: Mapping[str, int] = {}
    memory_kills: int = 0
    under_oom: bool = False
    disks: Mapping[str, tuple[int, int]] = {}
    pids: int = 0
    pids_limit: int | None = None

    @property
    def memory_in_use(self) -> int:
        """Memory without the file pages that could go at any time, as Docker counts."""
        name = "inactive_file" if cgroups.version() == 2 else "total_inactive_file"
        inactive = self.memory_details.get(name, 0)
        return self.memory - inactive if inactive < self.memory else self.memory


def read(group: str) -> Counters | None:
    """The counters of a group; None if there is no such group."""
    if not cgroups.exists(group):
        return None
    return (_read_v2 if cgroups.version() == 2 else _read_v1)(group)


def _read_v1(group: str) -> Counters:
    tick = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    spent = _table(group, "cpuacct", "cpuacct.stat")
    quota = _table(group, "cpu", "cpu.stat")
    oom = _table(group, "memory", _OUT_OF_MEMORY)
    limit = _number(group, "memory", "memory.limit_in_bytes")
    return Counters(
        cpu=_number(group, "cpuacct", "cpuacct.usage") or 0,
        cpu_user=spent.get("user", 0) * tick,
        cpu_system=spent.get("system", 0) * tick,
        periods=quota.get("nr_periods", 0),
        throttled_periods=quota.get("nr_throttled", 0),
        throttled_time=quota.get("throttled_time", 0),
        memory=_number(group, "memory", "memory.usage_in_bytes") or 0,
        memory_peak=_number(group, "memory", "memory.max_usage_in_bytes") or 0,
        memory_limit=limit if (limit or UNLIMITED) < UNLIMITED else None,
        memory_failures=_number(group, "memory", "memory.failcnt") or 0,
        memory_details=_table(group, "memory", "memory.stat"),
        memory_kills=oom.get("oom_kill", 0),
        under_oom=oom.get("under_oom", 0) == 1,
        disks=_disks_v1(group),
        pids=_number(group, "pids", "pids.current") or 0,
        pids_limit=_number(group, "pids", "pids.max"),
    )


def _disks_v1(group: str) -> dict[str, tuple[int, int]]:
    """Lines such as "8:0 Read 4096"; the last one is a total."""
    found: dict[str, dict[str, int]] = {}
    name = "blkio.throttle.io_service_bytes_recursive"
    for line in _text(group, "blkio", name).splitlines():
        words = line.split()
        if len(words) == 3:
            found.setdefault(words[0], {})[words[1]] = int(words[2])
    return {d: (n.get("Read", 0), n.get("Write", 0)) for d, n in found.items()}


def _read_v2(group: str) -> Counters:
    cpu = _table(group, "", "cpu.stat")
    events = _table(group, "", "memory.events")
    return Counters(
        cpu=cpu.get("usage_usec", 0) * 1000,
        cpu_user=cpu.get("user_usec", 0) * 1000,
        cpu_system=cpu.get("system_usec", 0) * 1000,
        periods=cpu.get("nr_periods", 0),
        throttled_periods=cpu.get("nr_throttled", 0),
        throttled_time=cpu.get("throttled_usec", 0) * 1000,
        memory=_number(group, "", "memory.current") or 0,
        memory_peak=_number(group, "", "memory.peak") or 0,
        memory_limit=_number(group, "", "memory.max"),
        memory_failures=events.get("max", 0),
        memory_details=_table(group, "", "memory.stat"),
        memory_kills=events.get("oom_kill", 0),
        disks=_disks_v2(group),
        pids=_number(group, "", "pids.current") or 0,
        pids_limit=_number(group, "", "pids.max"),
    )


def _disks_v2(group: str) -> dict[str, tuple[int, int]]:
    """Lines such as "8:0 rbytes=4096 wbytes=0 rios=1 …"."""
    found = {}
    for line in _text(group, "", "io.stat").splitlines():
        device, *words = line.split()
        numbers = dict(word.split("=", 1) for word in words if "=" in word)
        found[device] = (int(numbers.get("rbytes", 0)), int(numbers.get("wbytes", 0)))
    return found


def _text(group: str, controller: str, name: str) -> str:
    """What is in a file of the group; "" if there is none, or the group has gone."""
    try:
        return read_text(cgroups.directory(group, controller) / name)
    except (OSError, SyscallError):
        return ""


def _number(group: str, controller: str, name: str) -> int | None:
    """One number; None for "max" and where there is no such file."""
    text = _text(group, controller, name).strip()
    return int(text) if text.isdigit() else None


def _table(group: str, controller: str, name: str) -> dict[str, int]:
    """Lines of a name and a number."""
    pairs = (line.split() for line in _text(group, controller, name).splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}


class Allowed(NamedTuple):
    """What a group itself may take, bytes and processes; None: what those above may."""

    memory: int | None = None
    pids: int | None = None


def allowed(pid: int) -> Allowed:
    """What the control group of a process may take; of one that has ended: nothing."""
    v2 = cgroups.version() == 2
    try:
        group = group_of(pid, "" if v2 else "memory")
        pids = group if v2 else group_of(pid, "pids")
    except OSError:
        return Allowed()
    name = "memory.max" if v2 else "memory.limit_in_bytes"
    memory = _number(group, "memory", name) if group else None
    return Allowed(
        memory=None if memory is None or memory >= UNLIMITED else memory,
        pids=_number(pids, "pids", "pids.max") if pids else None,
    )


def limits_met(group: str) -> tuple[str, ...]:
    """Which limits of the group itself kept its processes from more: memory, pids."""
    v2 = cgroups.version() == 2
    file, word = ("memory.events.local", "oom") if v2 else (_OUT_OF_MEMORY, "oom_kill")
    met = {
        "memory": _table(group, "memory", file).get(word, 0),
        "pids": _table(group, "pids", "pids.events").get("max", 0),
    }
    return tuple(name for name, times in met.items() if times)


def memory_kills(group: str) -> int:
    """How many processes of the group the kernel has killed because memory ran out."""
    name = "memory.events" if cgroups.version() == 2 else _OUT_OF_MEMORY
    return _table(group, "memory", name).get("oom_kill", 0)


def is_memory_limited(group: str) -> bool:
    """Whether the group itself may use only so much memory."""
    v2 = cgroups.version() == 2
    limit = _number(group, "memory", "memory.max" if v2 else "memory.limit_in_bytes")
    return limit is not None and limit < UNLIMITED


def is_under_oom(group: str) -> bool:
    """Whether the group hangs for want of memory (version 1, its killer disabled)."""
    if cgroups.version() == 2:
        return False
    return _table(group, "memory", _OUT_OF_MEMORY).get("under_oom", 0) == 1


def oom_descriptor(group: str) -> int:
    """A descriptor that becomes readable when the group has run out of memory.

    Read 8 bytes from it each time it does (version 2: up to 4096), then look at
    `memory_kills`: it wakes for other reasons too, the end of the group among them.
    Version 1 sends to an eventfd(2) that is tied to memory.oom_control, version 2 is
    asked through inotify(7) to tell of changes of memory.events.
    """
    place = cgroups.directory(group, "memory")
    if cgroups.version() == 2:
        from engine.kernel import watches  # few containers have a limit

        watch = watches.on_change(place / "memory.events")
        os.set_blocking(watch, False)
        return watch
    watched = os.open(place / _OUT_OF_MEMORY, os.O_RDONLY | os.O_CLOEXEC)
    descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    try:
        group_files.write(place / "cgroup.event_control", f"{descriptor} {watched}")
    except SyscallError:
        os.close(descriptor)
        raise
    finally:
        os.close(watched)
    return descriptor
