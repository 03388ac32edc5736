"""Processors: which of them, how many, and how much of their time.

    --cpus 0.5            half of one processor's time, wherever it is taken
    --cpu-quota 50000     the same in the kernel's own words: 50 ms of processor time
    --cpu-period 100000   in every 100 ms
    --cpu-shares 512      half of the usual weight, when others want time too
    --cpuset-cpus 0,2-3   on these processors only
    --cpuset-mems 0       with the memory of these nodes only

man: cpuset(7); Documentation/scheduler/sched-bwc.rst of the kernel
Try it: `lab run --cpuset-cpus 0 busybox nproc`
"""

import os
from pathlib import Path

from engine.containers.options.asked import ContainerOptions
from engine.errors import InvalidArgument

_ONLINE = {
    "cpus": Path("/sys/devices/system/cpu/online"),
    "mems": Path("/sys/devices/system/node/online"),
}
_MOST = 1 << 13  # numbers of processors: the kernel's own limit


def check_processors(options: ContainerOptions) -> None:
    """Raise InvalidArgument, in Docker's words, for what makes no sense."""
    _check_conflicts(options)
    processors = os.cpu_count() or 1
    if options.cpus is not None and not 0.01 <= options.cpus <= processors:
        raise InvalidArgument(
            f"Range of CPUs is from 0.01 to {processors}.00, as there are only "
            f"{processors} CPUs available",
            "--cpus 0.5 is half of one processor's time.",
        )
    if options.cpu_shares is not None and not 2 <= options.cpu_shares <= 262144:
        raise InvalidArgument(
            "the range of --cpu-shares is from 2 to 262144", "1024 is one share."
        )
    period, quota = options.cpu_period, options.cpu_quota
    if period is not None and not 1000 <= period <= 1_000_000:
        raise InvalidArgument(
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s "
            "(i.e. 1000000)",
            "It is in microseconds; 100000 unless given.",
        )
    if quota is not None and quota < 1000 and quota != -1:
        raise InvalidArgument(
            "CPU cfs quota can not be less than 1ms (i.e. 1000)",
            "It is in microseconds of every --cpu-period; -1: no limit.",
        )
    for kind, wanted in (("cpus", options.cpuset_cpus), ("mems", options.cpuset_mems)):
        if wanted is not None:
            _check_set(kind, wanted)


def _check_conflicts(options: ContainerOptions) -> None:
    """--cpus is quota and period in one number: both at once contradict."""
    for name, value in (
        ("Period", options.cpu_period),
        ("Quota", options.cpu_quota),
    ):
        if options.cpus is not None and value is not None:
            raise InvalidArgument(
                f"Conflicting options: Nano CPUs and CPU {name} cannot both be set",
                "--cpus N is --cpu-quota N times --cpu-period: give the one or the "
                "others.",
            )


def _check_set(kind: str, wanted: str) -> None:
    """Raise InvalidArgument unless the machine has all that `wanted` names."""
    try:
        asked = numbers(wanted)
    except ValueError as error:
        raise InvalidArgument(
            f"Invalid value {wanted} for cpuset {kind}: invalid format: {error}",
            "A list of numbers and ranges: 0,2-3.",
        ) from error
    try:
        online = _ONLINE[kind].read_text().strip()
    except FileNotFoundError:  # a machine with one node may not say so
        online = "0"
    if not asked <= numbers(online):
        what = {"cpus": "CPUs", "mems": "memory nodes"}[kind]
        raise InvalidArgument(
            f"Requested {what} are not available - requested {wanted}, available: "
            f"{online}",
            "Choose among those that there are.",
        )


def numbers(text: str) -> set[int]:
    """{0, 2, 3} for "0,2-3". ValueError for what is no such list."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()) or len(part) > 11:
            raise ValueError(part)
        low, high = int(first), int(last or first)
        if not low <= high < _MOST:
            raise ValueError(part)
        found.update(range(low, high + 1))
    return found
