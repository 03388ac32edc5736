"""Builds, ours beside Docker's classic builder: each line is what a student types.

    build       20 steps of RUN, nothing from the cache
    cached      the same, everything from the cache
    changed     one of 20,000 files in the context has changed since the last time
    memory      the most that the client took with 1 GB in its context

No step has a network, and both begin with the same busybox. What a round made is
removed after it, and not timed. Docker's client sends the context away and its daemon
builds; of the daemon no memory is counted.

man: wait4(2) on ru_maxrss
"""

import contextlib
import itertools
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests import workshop
from tests.benchmarks.jobs import HOME, Field
from tests.benchmarks.timing import Contest, Work, nothing, race

STEPS, FILES, LARGE = 20, 20_000, 1 << 30
MOST_ROUNDS = 5
_CLASSIC = {**os.environ, "DOCKER_BUILDKIT": "0", "DOCKER_CLI_HINTS": "false"}


@contextlib.contextmanager
def context(*instructions: str) -> Iterator[Path]:
    """A directory with a Dockerfile that begins FROM busybox."""
    with tempfile.TemporaryDirectory(dir=workshop.DISK) as name:
        text = "\n".join(("FROM busybox", *instructions, ""))
        (Path(name) / "Dockerfile").write_text(text)
        yield Path(name)


def twenty_runs() -> contextlib.AbstractContextManager[Path]:
    """A context whose Dockerfile runs 20 programs."""
    return context(*(f"RUN echo {number} > /{number}" for number in range(STEPS)))


def sides(field: Field) -> dict[str, list[str]]:
    """The words with which a command begins, for each who takes part."""
    lab = [str(HOME / "lab"), "--root", str(field.engine.root)]
    return {"lab": lab, **({"docker": field.docker} if field.docker else {})}


def build(words: list[str], place: Path, *options: str) -> Work:
    """Build what is in `place`."""
    command = [*words, "build", "-q", "--network", "none", "-t", "bench-built"]

    def work() -> None:
        line = [*command, *options, str(place)]
        subprocess.run(line, check=True, env=_CLASSIC, stdout=subprocess.DEVNULL)

    return work


def forget(words: list[str]) -> Work:
    """Remove what was built, and let the disk come to rest."""

    def work() -> None:
        for line in (("rmi", "-f", "bench-built"), ("image", "prune", "-f")):
            subprocess.run([*words, *line], capture_output=True)
        os.sync()

    return work


def build_twenty(field: Field) -> Contest:
    """Twenty containers, twenty commits."""
    with twenty_runs() as place:
        workers = {
            name: (build(words, place, "--no-cache"), forget(words))
            for name, words in sides(field).items()
        }
        times = race(workers, min(field.rounds, MOST_ROUNDS))
    return _contest("build, 20 RUN", times, target=0.1)


def build_cached(field: Field) -> Contest:
    """Nothing is to be done."""
    with twenty_runs() as place:
        workers = {}
        for name, words in sides(field).items():
            build(words, place)()
            workers[name] = (build(words, place), nothing)
        times = race(workers, field.rounds)
        for words in sides(field).values():
            forget(words)()
    return _contest("build, 20 RUN, cached", times, target=1.0)


def build_changed(field: Field) -> Contest:
    """All files are looked at, and one layer with all of them is made anew."""
    with context("COPY . /all/") as place:
        for number in range(FILES):
            path = place / f"{number % 100}" / f"{number}"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"{number}\n")
        contents = itertools.count()
        workers = {}
        for name, words in sides(field).items():
            work = build(words, place)
            work()

            def changed(work: Work = work) -> None:
                (place / "7" / "7").write_text(f"{next(contents)}\n")
                work()

            workers[name] = (changed, forget(words))
        times = race(workers, min(field.rounds, MOST_ROUNDS))
    return _contest(f"build, 1 of {FILES:,} files changed", times, target=1.0)


def build_memory(field: Field) -> Contest:
    """A context much larger than what it may take in memory."""
    with context("COPY large /large") as place:
        with (place / "large").open("wb") as file:
            for _ in range(LARGE >> 20):
                file.write(os.urandom(1 << 20))
        times = {}
        for name, words in sides(field).items():
            times[name] = _most_memory([*words, "build", "-q", str(place)]) / 1e6
            subprocess.run([*words, "image", "prune", "-f"], capture_output=True)
    return Contest(
        job="build, 1 GB of context, memory",
        times=times,
        unit="MB",
        rival="docker",
        target=2.0,
    )


def _most_memory(command: list[str]) -> int:
    """Run it; the most memory that it and its children had at once, in bytes."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawnp(command[0], command, _CLASSIC, file_actions=quiet)
    _, status, used = os.wait4(pid, 0)
    assert status == 0, f"{command}: {status}"
    return used.ru_maxrss * 1024


def _contest(job: str, times: dict[str, float], target: float) -> Contest:
    return Contest(job=job, times=times, unit="ms", rival="docker", target=target)


JOBS = (build_twenty, build_cached, build_changed, build_memory)
