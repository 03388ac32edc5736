"""Containers that are run again and again: what it costs, and whether it adds up.

    begin    N containers whose program prints a line and ends, `--restart always`
    cpu_of   the CPU time of all shims over some seconds, while they wait
    settle   each is stopped; how often it has run is told by three

        events `start`  =  events `die`  =  lines of its log

RestartCount is one less; or the same, if it was stopped between two attempts: an
attempt counts, as in Docker, from when it is decided. The CPU time includes that of
children that were reaped: a start is a child's work.

man: proc_pid_stat(5)
Try it: `sudo .venv/bin/python -m tests.benchmarks restart`
"""

import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from engine.engine import ContainerOptions, Engine, RestartPolicy

TICK = os.sysconf("SC_CLK_TCK")  # a second of CPU time in /proc
AGAIN = ("echo", "again")


def begin(engine: Engine, count: int) -> list[str]:
    """Run `count` containers that never stay; their IDs."""
    options = ContainerOptions(
        image="busybox", command=AGAIN, restart=RestartPolicy(name="always")
    )
    made = [engine.create(options).id for _ in range(count)]
    for identity in made:
        engine.start(identity)
    return made


def shims(engine: Engine, made: Sequence[str]) -> list[int]:
    """The process that watches over each."""
    return [engine.container(identity).state.shim_pid for identity in made]


def restarts(engine: Engine, made: Sequence[str]) -> int:
    """How often each has been run again, at least."""
    return min(engine.container(identity).state.restarts for identity in made)


def cpu_of(pids: Sequence[int], seconds: float) -> float:
    """The part of one processor that these take meanwhile: 0.1 is a tenth."""
    before, began = sum(map(_cpu, pids)), time.monotonic()
    time.sleep(seconds)
    return (sum(map(_cpu, pids)) - before) / (time.monotonic() - began)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICK  # its own, and its children's


def descriptors(pids: Sequence[int]) -> int:
    """How many files the one that holds most has open."""
    return max(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)


def settle(engine: Engine, made: Sequence[str]) -> list[str]:
    """Stop them; a line for each whose runs do not add up."""
    for identity in made:
        engine.stop(identity, timeout=0)
    told = Counter(
        (event.id, event.action)
        for event in engine.events(since=0.0, until=time.time())
    )
    wrong = []
    for identity in made:
        counted = engine.container(identity).state.restarts
        printed = sum(1 for _ in engine.logs(identity))
        starts, ends = told[identity, "start"], told[identity, "die"]
        if not starts == ends == printed or counted not in (starts - 1, starts):
            wrong.append(f"{counted=} {starts=} {ends=} {printed=}")
    return wrong
