"""Live pictures: what one costs while nothing happens, and how soon it is true again.

    idle      the part of a processor that `lab watch …` takes, of each the worst
    latency   from the end of what was done to the first byte of it on the screen
    noticed   from work in another terminal to the lookout's word in the open lesson

There is no rival: the "budget" is what a student should not feel. Somebody who works on
the same machine meanwhile is felt, above all by the latencies.

Try it: `sudo .venv/bin/python -m tests.benchmarks watch`
"""

import contextlib
import os
import select
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect

from engine.engine import ContainerOptions
from labshell.lessons import library, skeleton
from labshell.lessons.attempt import Attempt
from labshell.lessons.lookout import Lookout
from labshell.lessons.progress import Progress
from tests import workshop
from tests.benchmarks.jobs import Field
from tests.benchmarks.restarting import cpu_of
from tests.benchmarks.timing import Contest
from tests.shell.lines import Lab

PICTURES = ("mounts", "tree", "layers", "states", "cgroup", "net")
IDLE, QUIET = 5.0, 1.5  # seconds: so long is looked at, after so long without output
OF_A_CORE, MILLISECONDS, NOTICED = 2.0, 200.0, 1000.0  # the budgets


@contextlib.contextmanager
def _web(field: Field) -> Iterator[Path]:
    """A container that runs; its root directory as the machine sees it."""
    options = ContainerOptions(
        image="busybox", command=("sleep", "1000"), name="web", network="none"
    )
    made = field.engine.create(options).id
    field.engine.start(made)
    try:
        yield Path(f"/proc/{field.engine.container(made).state.pid}/root")
    finally:
        field.engine.remove(made, force=True)


@contextlib.contextmanager
def _watching(field: Field, picture: str) -> Iterator["pexpect.spawn[bytes]"]:
    """`lab watch` on a terminal of 40 columns, with its first picture drawn."""
    command = Lab(field.engine.root).command("watch", picture)
    child = pexpect.spawn(
        command[0],
        command[1:],
        dimensions=(200, 40),
        env={**os.environ, "TERM": "xterm"},
    )
    child.expect("Ctrl-C ends")
    _read_until_quiet(child)
    try:
        yield child
    finally:
        child.close(force=True)


def _read_until_quiet(child: "pexpect.spawn[bytes]") -> None:
    with contextlib.suppress(pexpect.TIMEOUT):
        while True:
            child.read_nonblocking(1 << 16, QUIET)


def watch_idle(field: Field) -> Contest:
    """Nothing happens."""
    with _web(field):
        taken = {picture: _idle(field, picture) for picture in PICTURES}
    return Contest(
        job="watch, idle: the worst picture",
        times={"lab": max(taken.values()), "budget": OF_A_CORE, **taken},
        unit="% core",
        rival="budget",
        target=1.0,
    )


def _idle(field: Field, picture: str) -> float:
    with _watching(field, picture) as child:
        return 100 * cpu_of([child.pid], IDLE)


def watch_latency(field: Field) -> Contest:
    """A file is written in a container; its layers show it."""
    taken = []
    with _web(field) as root, _watching(field, "layers") as child:
        for number in range(field.rounds):
            (root / f"new-{number}").touch()
            began = time.perf_counter()
            child.expect(f"new-{number}")
            taken.append((time.perf_counter() - began) * 1000)
            _read_until_quiet(child)
            (root / f"new-{number}").unlink()
            _read_until_quiet(child)
    return Contest(
        job="watch layers: written to seen",
        times={"lab": statistics.median(taken), "budget": MILLISECONDS},
        unit="ms",
        rival="budget",
        target=1.0,
    )


def watch_lesson(field: Field) -> Contest:
    """The work of a step is done where no event tells of it; the lookout sees it."""
    folder = workshop.DISK / f"lookout-bench-{os.getpid()}"
    skeleton.make("layers/010.trial", folder)
    lesson = library.find("layers/trial", folder=folder)
    attempt = Attempt(field.engine, Progress(folder / "progress.json"), lesson)
    attempt.begin()
    attempt.enter([step.id for step in lesson.steps].index("work"))
    lookout = Lookout(field.engine)
    try:
        taken = [_noticed(attempt, lookout) for _ in range(field.rounds)]
    finally:
        lookout.close()
        attempt.reset_lesson()
        workshop.clear(folder)
    return Contest(
        job="lesson: done elsewhere to noticed",
        times={"lab": statistics.median(taken), "budget": NOTICED},
        unit="ms",
        rival="budget",
        target=1.0,
    )


def _noticed(attempt: Attempt, lookout: Lookout) -> float:
    attempt.reset_step()
    attempt.check()
    lookout.watch(attempt)
    time.sleep(QUIET)
    while lookout.heard():
        pass
    container = attempt.engine.container(attempt.values["name"])
    root = Path(f"/proc/{container.state.pid}/root")
    (root / attempt.values["note"]).touch()
    began = time.perf_counter()
    select.select([lookout.descriptor], [], [])
    return (time.perf_counter() - began) * 1000


JOBS = [watch_idle, watch_latency, watch_lesson]
