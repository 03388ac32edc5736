"""The jobs, each done by labshell and by its rivals.

Every function takes the Field, does its job in turns, and returns a Contest. What is
timed is what a student would type: one `lab` line and one `docker` line. "Warm" is a
line in the open shell, where Python is already there.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.engine import Engine
from labshell.cli import run_line
from tests.benchmarks import restarting, rivals
from tests.benchmarks.timing import Contest, Work, nothing, race

HOME = Path(__file__).parents[2]
RUN_TRUE = ("run", "--rm", "--network", "none", "busybox", "true")
TEN_THOUSAND_FILES = (
    "for d in $(seq 100); do mkdir -p /data/$d;"
    " for f in $(seq 100); do echo $d $f > /data/$d/$f; done; done"
)
WATCHERS = ("shim", "spawner")
MANY, MINUTE = 100, 60.0
ONE_LARGE_FILE = "dd if=/dev/urandom of=/large bs=1M count=200 2>/dev/null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Who takes part: our engine, and the words that begin each rival's commands."""

    engine: Engine
    docker: list[str] | None
    podman: list[str] | None
    runc: list[str] | None
    rounds: int

    def lab(self, *line: str) -> Work:
        """A line of `lab` in a process of its own."""
        return _process(str(HOME / "lab"), "--root", str(self.engine.root), *line)

    def warm(self, *line: str) -> Work:
        """A line of `lab` inside the open shell."""

        def work() -> None:
            code = run_line(self.engine, list(line))
            if code:
                raise RuntimeError(f"lab {' '.join(line)}: exit code {code}")

        return work

    def race(self, workers: dict[str, Work | None], after: Work = nothing) -> dict:
        """Race those who are here; `after` follows everybody's work."""
        here = {name: (work, after) for name, work in workers.items() if work}
        return race(here, self.rounds)


def _process(*command: str) -> Work:
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _if(words: list[str] | None, *line: str) -> Work | None:
    return _process(*words, *line) if words else None


def one_shot(field: Field) -> Contest:
    """A container from nothing to its end, with a fresh process for the command."""
    podman = _if(field.podman, *RUN_TRUE[:2], *rivals.PODMAN_LIMITS, *RUN_TRUE[2:])
    times = field.race(
        {
            "lab": field.lab(*RUN_TRUE),
            "docker": _if(field.docker, *RUN_TRUE),
            "podman": podman,
        }
    )
    return Contest(job="run", times=times, unit="ms", rival="docker", target=0.4)


def warm(field: Field) -> Contest:
    """The same from the open shell, against the runtime alone."""
    runc = _if(field.runc)
    times = field.race({"lab": field.warm(*RUN_TRUE), "runc": runc})
    return Contest(job="run, warm", times=times, unit="ms", rival="runc", target=1.5)


def recording(field: Field) -> Contest:
    """What it costs to write down each act of a start, with a fresh process."""
    return _recording(field, "run, recorded", field.lab(*RUN_TRUE))


def recording_warm(field: Field) -> Contest:
    """The same from the open shell."""
    return _recording(field, "run, warm, recorded", field.warm(*RUN_TRUE))


def _recording(field: Field, job: str, lab: Work) -> Contest:
    """A small difference takes many rounds to be seen."""

    def without() -> None:
        os.environ["LABSHELL_ACTS"] = "off"
        try:
            lab()
        finally:
            del os.environ["LABSHELL_ACTS"]

    workers = {"lab": (lab, nothing), "unrecorded": (without, nothing)}
    times = race(workers, 10 * field.rounds)
    return Contest(job=job, times=times, unit="ms", rival="unrecorded", target=1.03)


def execute(field: Field) -> Contest:
    """One more process in a container that runs."""
    with both_running(field, "sleep", "1000"):
        line = ("exec", "bench", "true")
        times = field.race(
            {"lab": field.warm(*line), "docker": _if(field.docker, *line)}
        )
    return Contest(
        job="exec, warm", times=times, unit="ms", rival="docker", target=0.25
    )


def shim_memory(field: Field) -> Contest:
    """What it costs to watch over one container."""
    with both_running(field, "sleep", "1000"):
        shim = next(p for p in field.engine.processes() if p.role == "shim")
        times = {"lab": rivals.memory([shim.pid])}
        if field.docker:
            times["docker"] = rivals.memory(rivals.shims_of(field.docker, "bench"))
    return Contest(job="shim, PSS", times=times, unit="kB", rival="docker", target=0.5)


def memory_of_ten(field: Field) -> Contest:
    """The same for ten containers, a share each; ours with the spawner."""
    names = [f"bench-{number}" for number in range(10)]
    with contextlib.ExitStack() as stack:
        for name in names:
            stack.enter_context(both_running(field, "sleep", "1000", name=name))
        ours = [p.pid for p in field.engine.processes() if p.role in WATCHERS]
        times = {"lab": rivals.memory(ours) / len(names)}
        if field.docker:
            theirs = rivals.shims_of(field.docker, *names)
            times["docker"] = rivals.memory(theirs) / len(names)
    return Contest(
        job="shim of ten, PSS", times=times, unit="kB", rival="docker", target=0.5
    )


def commit_many(field: Field) -> Contest:
    """An image of a container in which 10,000 small files were written."""
    return _commit(field, "commit, 10,000 files", TEN_THOUSAND_FILES)


def commit_large(field: Field) -> Contest:
    """An image of a container in which one file of 200 MB was written."""
    return _commit(field, "commit, 200 MB", ONE_LARGE_FILE)


def _commit(field: Field, job: str, script: str) -> Contest:
    line = ("commit", "bench", "bench-image")
    with both_running(field, "sh", "-c", f"{script}; exec sleep 1000", ready=True):
        remove_both = _both(field, "rmi", "-f", "bench-image")

        def afterwards() -> None:
            remove_both(check=False)
            os.sync()  # nobody pays for what another has written

        times = field.race(
            {"lab": field.lab(*line), "docker": _if(field.docker, *line)},
            after=afterwards,
        )
    return Contest(job=job, times=times, unit="ms", rival="docker", target=0.7)


def save(field: Field) -> Contest:
    """An image with a layer of 200 MB, written into a file."""
    with large_image(field) as archive:
        times = field.race(
            {
                "lab": field.lab("save", "-o", str(archive), "bench-image"),
                "docker": _if(field.docker, "save", "-o", str(archive), "bench-image"),
            },
            after=os.sync,
        )
    return Contest(
        job="save, 200 MB", times=times, unit="ms", rival="docker", target=0.6
    )


def load(field: Field) -> Contest:
    """The same image, brought back from the file that docker wrote, or else we."""
    remove_both = _both(field, "rmi", "-f", "bench-image")

    def afterwards() -> None:
        remove_both(check=False)
        os.sync()

    with large_image(field) as archive:
        save_line = ("save", "-o", str(archive), "bench-image")
        (_if(field.docker, *save_line) or field.lab(*save_line))()
        afterwards()
        line = ("load", "-q", "-i", str(archive))
        times = field.race(
            {"lab": field.lab(*line), "docker": _if(field.docker, *line)},
            after=afterwards,
        )
    return Contest(
        job="load, 200 MB", times=times, unit="ms", rival="docker", target=1.0
    )


@contextlib.contextmanager
def large_image(field: Field) -> Iterator[Path]:
    """The image bench-image in both engines; a path for its archive."""
    with both_running(
        field, "sh", "-c", f"{ONE_LARGE_FILE}; exec sleep 1000", ready=True
    ):
        _both(field, "commit", "bench", "bench-image")(check=True)
    archive = field.engine.root / "bench.tar"
    os.sync()
    try:
        yield archive
    finally:
        _both(field, "rmi", "-f", "bench-image")(check=False)
        archive.unlink(missing_ok=True)


def difference(field: Field) -> Contest:
    """What 10,000 files changed."""
    script = f"{TEN_THOUSAND_FILES}; exec sleep 1000"
    with both_running(field, "sh", "-c", script, ready=True):
        line = ("diff", "bench")
        times = field.race(
            {"lab": field.lab(*line), "docker": _if(field.docker, *line)}
        )
    return Contest(
        job="diff, 10,000 files", times=times, unit="ms", rival="docker", target=1.0
    )


def restart(field: Field) -> Contest:
    """A hundred containers that never stay, for a minute: what watching them costs.

    The figure is the part of one core that all shims take in the second half, when
    every program is waited for longer than it ran. Docker is not asked.
    """
    made = restarting.begin(field.engine, MANY)
    pids = restarting.shims(field.engine, made)
    time.sleep(MINUTE / 2)
    before = restarting.descriptors(pids)
    cost = restarting.cpu_of(pids, MINUTE / 2)
    assert restarting.descriptors(pids) <= before, "descriptors leak"
    wrong = restarting.settle(field.engine, made)
    assert not wrong, "\n".join(wrong)
    for identity in made:
        field.engine.remove(identity)
    times = {"lab": 100 * cost, "a core": 100.0}
    return Contest(
        job=f"restart {MANY}, CPU", times=times, unit="%", rival="a core", target=0.1
    )


@contextlib.contextmanager
def both_running(
    field: Field, *command: str, name: str = "bench", ready: bool = False
) -> Iterator[None]:
    """A container with both engines; `ready`: once its script sleeps."""
    start = ("run", "-d", "--network", "none", "--name", name, "busybox", *command)
    both = _both(field, *start)
    both(check=True)
    try:
        if ready:
            # the script ends by becoming `sleep`
            wait = "until grep -q sleep /proc/1/comm; do sleep 0.1; done"
            _both(field, "exec", name, "sh", "-c", wait)(check=True)
        yield
    finally:
        _both(field, "rm", "-f", name)(check=False)


def _both(field: Field, *line: str) -> Callable[..., None]:
    """The same line for us and for docker."""

    def work(*, check: bool) -> None:
        lab = [str(HOME / "lab"), "--root", str(field.engine.root)]
        for words in filter(None, [lab, field.docker]):
            subprocess.run([*words, *line], check=check, capture_output=True)

    return work


JOBS = (
    one_shot,
    warm,
    recording,
    recording_warm,
    execute,
    shim_memory,
    memory_of_ten,
    commit_many,
    commit_large,
    save,
    load,
    difference,
    restart,
)
