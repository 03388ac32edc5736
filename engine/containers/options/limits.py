"""Limits: from what was asked to what the control group is told.

    check       what makes no sense is refused, in Docker's words
    possible    what this kernel cannot do is left out, with Docker's warning
    resources   the rest, as the runtime specification writes it

    -m 64m                     memory 64 MiB, memory and swap together 128 MiB
    -m 64m --memory-swap -1    memory 64 MiB, as much swap as there is
    --cpus 1.5                 150 ms of every 100 ms: a quota and a period

Try it: `lab create -m 1k busybox`; `lab run -m 64m --cpus 0.5 busybox true`
"""

from typing import Any, NamedTuple

from engine.containers.house import House
from engine.containers.options.asked import ContainerOptions
from engine.containers.options.processors import check_processors
from engine.errors import InvalidArgument
from engine.kernel import limits
from engine.oci.resources import Resources

SMALLEST_MEMORY = 6 << 20  # bytes: with less, not even the engine's init could run
CPU_PERIOD = 100_000  # microseconds: the kernel's own default
_TOGETHER = "--memory-swap is memory and swap together."


def check(options: ContainerOptions) -> None:
    """Raise InvalidArgument, in Docker's words, for limits that make no sense."""
    _check_memory(options)
    _check_soft_memory(options)
    check_processors(options)
    score, weight = options.oom_score_adj or 0, options.blkio_weight
    if not -1000 <= score <= 1000:
        raise InvalidArgument(
            f"Invalid value {score}, range for oom score adj is [-1000, 1000]",
            "1000: the first to be killed when memory runs out; -1000: never.",
        )
    if weight is not None and not 10 <= weight <= 1000:
        raise InvalidArgument(
            "Range of blkio weight is from 10 to 1000", "500 is the usual weight."
        )


def refuse_too_little(memory: int | None) -> None:
    """Raise InvalidArgument for a limit with which nothing can run."""
    if memory is not None and memory < SMALLEST_MEMORY:
        raise InvalidArgument(
            "Minimum memory limit allowed is 6MB",
            "Give more: -m 64m is enough for most programs of busybox.",
        )


def _check_memory(options: ContainerOptions) -> None:
    memory, swap = options.memory, options.memory_swap
    refuse_too_little(memory)
    if swap in (None, 0, -1):
        return
    if memory is None:
        raise InvalidArgument(
            "You should always set the Memory limit when using Memoryswap limit, see "
            "usage",
            f"Give -m too: {_TOGETHER}",
        )
    if swap is not None and swap < memory:
        raise InvalidArgument(
            "Minimum memoryswap limit should be larger than memory limit, see usage",
            _TOGETHER,
        )


def _check_soft_memory(options: ContainerOptions) -> None:
    """What memory may be asked for besides the limit that kills."""
    reserved, high = options.memory_reservation, options.memory_high
    if reserved is not None and reserved < SMALLEST_MEMORY:
        raise InvalidArgument(
            "Minimum memory reservation allowed is 6MB",
            "It is what the container shall keep when memory is short: 32m.",
        )
    if reserved is not None and options.memory and options.memory < reserved:
        raise InvalidArgument(
            "Minimum memory limit can not be less than memory reservation limit, see "
            "usage",
            "The reservation is what it keeps when memory is short, -m the most.",
        )
    if high is not None and high < SMALLEST_MEMORY:
        raise InvalidArgument(
            "Minimum memory high limit allowed is 6MB",
            "Beyond it the kernel slows the container down, and takes memory back.",
        )
    swappiness = options.memory_swappiness
    if swappiness is not None and not 0 <= swappiness <= 100:
        raise InvalidArgument(
            f"invalid value: {swappiness}. Valid memory swappiness range is 0-100",
            "0: swap as late as possible; 100: as readily as dropping file pages.",
        )


class _Optional(NamedTuple):
    """An option that not every kernel can fulfil, and Docker's warning if it cannot.

    `limit` is what the kernel must know: a field of Resources.
    """

    option: str
    limit: str
    warning: str


_NO = "Your kernel does not support"
_MISSING = "capabilities or the cgroup is not mounted."
_NO_CPUSET = f"{_NO} cpuset or the cgroup is not mounted. Cpuset discarded."
_OPTIONAL = (
    _Optional(
        "memory_swappiness",
        "swappiness",
        f"{_NO} memory swappiness {_MISSING} Memory swappiness discarded.",
    ),
    _Optional(
        "oom_kill_disable",
        "oom_kill_disable",
        f"{_NO} OomKillDisable. OomKillDisable discarded: cgroup version 2 has no such "
        "switch. --memory-high is the nearest: beyond it a container is slowed down, "
        "not killed.",
    ),
    _Optional("cpuset_cpus", "cpus", _NO_CPUSET),
    _Optional("cpuset_mems", "mems", _NO_CPUSET),
    _Optional(
        "blkio_weight",
        "block_weight",
        f"{_NO} Block I/O weight or the cgroup is not mounted. Weight discarded.",
    ),
)
_DEPENDING = ("memory", "memory_high", *(optional.option for optional in _OPTIONAL))


def possible(house: House, options: ContainerOptions) -> ContainerOptions:
    """The options without what this kernel cannot do, and a notice for each.

    What the kernel can is seen in the engine's own control group. memory.high has no
    substitute: without it, that option is refused.
    """
    if not options.to_json().keys() & {*_DEPENDING}:  # nothing of it was asked for
        return options
    group, warnings = house.engine_group(), house.notices
    for name, limit, warning in _OPTIONAL:
        if name in options.to_json() and not limits.is_known(group, limit):
            warnings.append(warning)
            unasked: Any = False if getattr(options, name) is True else None
            options = options._replace(**{name: unasked})
    if options.memory_high and not limits.is_known(group, "memory_high"):
        raise InvalidArgument(
            "cgroup version 1 has no memory.high: --memory-high needs version 2",
            "The nearest that there is: --memory-reservation, which acts when memory "
            "is short.",
        )
    wants_swap = options.memory and options.memory_swap != -1
    if wants_swap and not limits.is_known(group, "memory_swap"):
        warnings.append(f"{_NO} swap limit {_MISSING} Memory limited without swap.")
        options = options._replace(memory_swap=-1)
    if options.oom_kill_disable and not options.memory:
        warnings.append(
            "OOM killer is disabled for the container, but no memory limit is set, "
            "this can result in the system running out of resources."
        )
    return options


def resources(options: ContainerOptions) -> Resources:
    """The limits of the control group; by default as much swap as memory."""
    swap = options.memory_swap or None
    if swap is None and options.memory is not None:
        swap = 2 * options.memory
    quota, period = options.cpu_quota, options.cpu_period
    if options.cpus is not None:
        quota, period = int(options.cpus * CPU_PERIOD), CPU_PERIOD
    return Resources(
        memory=options.memory,
        memory_reservation=options.memory_reservation,
        memory_swap=swap,
        memory_high=options.memory_high,
        swappiness=options.memory_swappiness,
        oom_kill_disable=options.oom_kill_disable or None,
        cpu_shares=options.cpu_shares,
        cpu_quota=quota,
        cpu_period=period,
        cpus=options.cpuset_cpus,
        mems=options.cpuset_mems,
        block_weight=options.blkio_weight,
        pids=options.pids_limit,
    )
