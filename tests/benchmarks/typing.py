"""The shell under the fingers: what somebody who types should not feel.

    ready     from the start of `lab` to the echo of the first key
    echo      from a key to its echo, while twenty containers run: the worst of many
    panic     from `:panic` in the last step of a lesson until all is as it was

There is no rival: the "budget" is what a person does not notice, or will wait for.
Somebody who works on the same machine meanwhile is felt.

Try it: `sudo .venv/bin/python -m tests.benchmarks typing`
"""

import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from engine.engine import ContainerOptions
from labshell.lessons import library
from labshell.lessons.typist import Typist
from tests import workshop
from tests.benchmarks.jobs import Field
from tests.benchmarks.timing import Contest
from tests.shell.open_shell import OpenShell

CROWD, KEYS = 20, 60  # containers that run, keys that are typed
READY, ECHO, PANIC = 300.0, 16.0, 10_000.0  # milliseconds: the budgets
LESSON = "layers/copy-on-write"  # it has containers of its own


def _contest(job: str, milliseconds: float, budget: float) -> Contest:
    return Contest(
        job=job,
        times={"lab": milliseconds, "budget": budget},
        unit="ms",
        rival="budget",
        target=1.0,
    )


@contextlib.contextmanager
def _shell(field: Field) -> Iterator[OpenShell]:
    with tempfile.TemporaryDirectory(dir=workshop.DISK) as home:
        shell = OpenShell(field.engine.root, Path(home), term="xterm")
        try:
            yield shell
        finally:
            shell.leave()


def _echoed(shell: OpenShell, key: str) -> float:
    """Type a key; the milliseconds until something of it is on the screen."""
    began = time.perf_counter()
    shell.type(key)
    shell.expect(key)
    return (time.perf_counter() - began) * 1000


def typing_ready(field: Field) -> Contest:
    """The shell is started, and a key typed as soon as it asks for a line."""
    taken = []
    for _ in range(field.rounds):
        began = time.perf_counter()
        with _shell(field) as shell:
            _echoed(shell, "x")
            taken.append((time.perf_counter() - began) * 1000)
            shell.type("\x15")  # Ctrl-U
    return _contest("shell: started to first key", statistics.median(taken), READY)


def typing_echo(field: Field) -> Contest:
    """A line is typed while containers run, key by key."""
    with _crowd(field), _shell(field) as shell:
        taken = sorted(_echoed(shell, "xyz"[n % 3]) for n in range(KEYS))
        shell.type("\x15")
    return _contest(f"shell: a key's echo, worst of {KEYS}", taken[-1], ECHO)


@contextlib.contextmanager
def _crowd(field: Field) -> Iterator[None]:
    options = ContainerOptions(
        image="busybox", command=("sh", "-c", "while :; do sleep 1; done")
    )
    made: list[str] = []
    try:
        for _ in range(CROWD):
            made.append(field.engine.create(options).id)
            field.engine.start(made[-1])
        yield
    finally:
        for id in made:
            field.engine.remove(id, force=True)


def typing_panic(field: Field) -> Contest:
    """All that the lesson has made is in disorder, in its last step."""
    with tempfile.TemporaryDirectory(dir=workshop.DISK) as folder:
        typist = Typist(
            library.find(LESSON), field.engine.root, Path(folder) / "progress.json"
        )
        try:
            typist.walk()
            taken = [_panicked(field, typist, turn) for turn in range(field.rounds)]
            typist.reset()
        finally:
            typist.close()
    return _contest("lesson: :panic in its last step", max(taken), PANIC)


def _panicked(field: Field, typist: Typist, turn: int) -> float:
    for container in field.engine.containers(all=True):
        field.engine.remove(container.id, force=True)
    typist.screen = ""
    began = time.perf_counter()
    typist.type(":panic")
    typist.wait(lambda: "All is as it was" in typist.screen, f"panicking, turn {turn}")
    return (time.perf_counter() - began) * 1000


JOBS = [typing_ready, typing_echo, typing_panic]
