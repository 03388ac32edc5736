"""Stats: how much of the machine a container uses, computed as Docker does.

The kernel only counts up. How fast comes from two looks:

    CPU %    processor time of the group since the last look, divided by that of the
             whole machine (/proc/stat), times the number of processors: 200 % are two
             busy processors
    MEM      memory of the group without file pages that could go at any time
    LIMIT    the group's own, or the machine's memory if it has none
    NET      bytes of the interfaces in its network namespace, loopback left out
    BLOCK    bytes read from and written to disks

Source: docker/cli, cli/command/container/stats_helpers.go; Engine API 1.41,
ContainerStats
man: cgroups(7), proc(5) on stat and net/dev
Try it: `lab run -d --name box busybox sh -c 'while :; do :; done'; lab stats box`
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine import times
from engine.containers.house import House
from engine.containers.record import Container
from engine.kernel import counters
from engine.kernel.counters import Counters
from engine.times import NEVER

_NETWORK_COLUMNS = (
    *("rx_bytes", "rx_packets", "rx_errors", "rx_dropped"),
    *("tx_bytes", "tx_packets", "tx_errors", "tx_dropped"),
)
_NOTHING = Counters()


class Sample(NamedTuple):
    """One look at a container that runs: what it has used up to `at`.

    `machine_cpu` is the processor time of the whole machine in nanoseconds; `networks`
    maps an interface to its counters, by the API's names.
    """

    at: str
    counters: Counters
    machine_cpu: int
    networks: Mapping[str, Mapping[str, int]]


class Stats(NamedTuple):
    """What a container uses: the last look, and the one before. None: it did not run.

    Memory, network and disk in bytes.
    """

    id: str
    name: str
    now: Sample | None
    before: Sample | None
    processors: int
    machine_memory: int

    @property
    def _counters(self) -> Counters:
        return self.now.counters if self.now else _NOTHING

    @property
    def cpu_percent(self) -> float:
        """100.0 is one busy processor; 0.0 at the first look."""
        if self.now is None or self.before is None:
            return 0.0
        used = self.now.counters.cpu - self.before.counters.cpu
        machine = self.now.machine_cpu - self.before.machine_cpu
        if used <= 0 or machine <= 0:
            return 0.0
        return used / machine * self.processors * 100

    @property
    def memory(self) -> int:
        """Memory in use, without file pages that could go at any time."""
        return self._counters.memory_in_use

    @property
    def memory_limit(self) -> int:
        """The most that it may use; 0 if it does not run."""
        if self.now is None:
            return 0
        limit = self._counters.memory_limit
        return self.machine_memory if limit is None else limit

    @property
    def memory_percent(self) -> float:
        """Memory in use as a part of the limit."""
        return self.memory / self.memory_limit * 100 if self.memory_limit else 0.0

    @property
    def network(self) -> tuple[int, int]:
        """Received, sent."""
        found = self.now.networks.values() if self.now else ()
        received = sum(interface["rx_bytes"] for interface in found)
        return received, sum(interface["tx_bytes"] for interface in found)

    @property
    def disk(self) -> tuple[int, int]:
        """Read, written."""
        found = self._counters.disks.values()
        return sum(read for read, _ in found), sum(written for _, written in found)

    @property
    def pids(self) -> int:
        """Processes and threads."""
        return self._counters.pids

    @property
    def under_oom(self) -> bool:
        """It hangs for want of memory, because its killer is disabled."""
        return self._counters.under_oom

    @property
    def throttled(self) -> bool:
        """It was held back by its quota of processor time since the last look."""
        if self.now is None or self.before is None:
            return False
        before = self.before.counters.throttled_periods
        return self._counters.throttled_periods > before

    def to_json(self) -> dict[str, Any]:
        """In the shape of the Engine API, with what the kernel says of OOM."""
        return {
            "id": self.id,
            "name": f"/{self.name}",
            "read": self.now.at if self.now else NEVER,
            "preread": self.before.at if self.before else NEVER,
            "num_procs": 0,
            "pids_stats": _pids(self._counters) if self.now else {},
            "cpu_stats": self._cpu(self.now),
            "precpu_stats": self._cpu(self.before),
            "memory_stats": self._memory() if self.now else {},
            "blkio_stats": {"io_service_bytes_recursive": _disks(self._counters)},
            "storage_stats": {},
            "networks": dict(self.now.networks) if self.now else {},
        }

    def _cpu(self, sample: Sample | None) -> dict[str, Any]:
        found = sample.counters if sample else _NOTHING
        times = {
            "total_usage": found.cpu,
            "usage_in_kernelmode": found.cpu_system,
            "usage_in_usermode": found.cpu_user,
        }
        throttling = {
            "periods": found.periods,
            "throttled_periods": found.throttled_periods,
            "throttled_time": found.throttled_time,
        }
        machine: dict[str, int] = {}
        if sample:
            machine["system_cpu_usage"] = sample.machine_cpu
            machine["online_cpus"] = self.processors
        return {"cpu_usage": times, **machine, "throttling_data": throttling}

    def _memory(self) -> dict[str, Any]:
        found = self._counters
        return {
            "usage": found.memory,
            "max_usage": found.memory_peak,
            "stats": dict(found.memory_details),
            "failcnt": found.memory_failures,
            "limit": self.memory_limit,
            "oom_kill": found.memory_kills,
            "under_oom": found.under_oom,
        }


def _pids(found: Counters) -> dict[str, int]:
    limit = {} if found.pids_limit is None else {"limit": found.pids_limit}
    return {"current": found.pids, **limit}


def _disks(found: Counters) -> list[dict[str, Any]]:
    rows = []
    for device, amounts in found.disks.items():
        major, _, minor = device.partition(":")
        for operation, value in zip(("Read", "Write"), amounts, strict=True):
            place = {"major": int(major), "minor": int(minor)}
            rows.append({**place, "op": operation, "value": value})
    return rows


class Meter:
    """Looks at containers again and again, and remembers the last look."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._last: dict[str, Sample | None] = {}

    def measure(self, containers: Iterable[Container]) -> list[Stats]:
        """What each container uses, since the last call."""
        before, self._last = self._last, {}
        found = []
        for container in containers:
            sample = take(self._house, container)
            self._last[container.id] = sample
            found.append(
                Stats(
                    id=container.id,
                    name=container.name,
                    now=sample,
                    before=before.get(container.id),
                    processors=os.sysconf("SC_NPROCESSORS_ONLN"),
                    machine_memory=_machine_memory(),
                )
            )
        return found


def take(house: House, container: Container) -> Sample | None:
    """A look at one container; None if it does not run."""
    found = counters.read(house.cgroup(container)) if container.running else None
    if found is None:
        return None
    # With the machine's own network there is nothing that is the container's alone.
    of_machine = container.options.network == "host"
    return Sample(
        at=times.now(),
        counters=found,
        machine_cpu=_machine_cpu(),
        networks={} if of_machine else _networks(container.state.pid),
    )


def _machine_cpu() -> int:
    """user, nice, system, idle, iowait, irq and softirq of all processors together."""
    first = Path("/proc/stat").read_text().split("\n", 1)[0]
    ticks = sum(map(int, first.split()[1:8]))
    return ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def _machine_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _networks(pid: int) -> dict[str, dict[str, int]]:
    """The interfaces that process `pid` sees, loopback left out."""
    try:
        lines = (
            Path(f"/proc/{pid}/net/dev").read_text(errors="replace").splitlines()[2:]
        )
    except OSError:  # it has ended
        return {}
    found = {}
    for line in lines:
        name, _, rest = line.partition(":")
        if name.strip() != "lo":
            numbers = [int(word) for word in rest.split()]
            values = (*numbers[:4], *numbers[8:12])
            found[name.strip()] = dict(zip(_NETWORK_COLUMNS, values, strict=True))
    return found
