"""Limits: how much of the machine it may take to look at a submission, and to run it.

    limits: {seconds: 20, memory: 512, unpacked: 1024, upload: 256,
             run: {seconds: 10, memory: 256, disk: 64, output: 1, cpus: 1, pids: 64}}

Sizes are in MB. What is not said is as it stands here.

Try it: `lab assignment lint layers-1`
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from labshell.lessons.fields import Fields

_TO_LOOK = ("seconds", "memory", "unpacked", "upload")
_TO_RUN = ("seconds", "memory", "disk", "output", "cpus", "pids")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """What one run may take: seconds, sizes in MB, processors, processes at once."""

    seconds: int = 10
    memory: int = 256
    disk: int = 64
    output: int = 1
    cpus: int = 1
    pids: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What looking at one submission may take: seconds, and sizes in MB.

    `memory` is that of the process that looks, `unpacked` all that comes out of layers,
    `upload` the file that is handed in, `run` what each run may take.
    """

    seconds: int = 20
    memory: int = 512
    unpacked: int = 1024
    upload: int = 256
    run: RunLimits = field(default_factory=RunLimits)


def read_limits(fields: Fields) -> Limits:
    """What stands below `limits`."""
    run = RunLimits(**_numbers(fields.inner("run"), RunLimits(), _TO_RUN))
    return Limits(**_numbers(fields, Limits(), _TO_LOOK), run=run)


def _numbers(fields: Fields, usual: object, names: Iterable[str]) -> dict[str, int]:
    """Limits by their names: numbers that make sense, or what is `usual`."""
    found = {name: fields.integer(name, getattr(usual, name)) for name in names}
    fields.done()
    for name, value in found.items():
        if not 0 < value <= 1 << 20:
            raise fields.problem(name, "a number from 1 to 1048576 is needed")
    return found
