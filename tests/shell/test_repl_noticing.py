"""A lesson notices work that is done in another terminal, while a line is typed."""

import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from labshell.lessons import library
from labshell.lessons.progress import Progress
from labshell.lessons.record import StepRecord
from labshell.lessons.values import derive
from tests.shell.open_shell import OpenShell

if TYPE_CHECKING:
    from engine.engine import Engine

LESSON, STEP = "commit/init-layer", "commit"
pytestmark = pytest.mark.require("root", "overlay")


class Learner:
    """Somebody at the step of a lesson in which something is to be done."""

    def __init__(self, shell: OpenShell, progress: Path) -> None:
        self.shell, self.path = shell, progress

    def goes_to_the_step(self) -> None:
        self.shell.type(f"lab learn {LESSON}\r")
        self.shell.expect("1/11 recall")
        self.shell.type(f":goto {STEP}\r")
        self.shell.expect("says what is missing")
        self.shell.until_prompt()

    @property
    def name(self) -> str:
        """The name of the lesson's container."""
        seed = Progress(self.path).seed_of(LESSON)
        return derive(seed, LESSON, library.find(LESSON).rules)["name"]

    @property
    def step(self) -> StepRecord:
        return Progress(self.path).of(LESSON).of(STEP)


@pytest.fixture(params=["xterm", "dumb"])
def learner(
    request: pytest.FixtureRequest,
    engine: "Engine",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Learner]:
    progress = tmp_path / "progress.json"
    monkeypatch.setenv("LABSHELL_PROGRESS", str(progress))
    learner = Learner(OpenShell(engine.root, tmp_path, term=request.param), progress)
    try:
        learner.goes_to_the_step()
        yield learner
    finally:
        learner.shell.child.close(force=True)


def test_it_is_said_above_the_line_that_is_being_typed(
    learner: Learner, engine: "Engine"
) -> None:
    learner.shell.type("echo ha''lf")
    engine.commit(learner.name, f"{learner.name}-copy:1")
    learner.shell.expect("tells how the image")
    learner.shell.until_prompt()
    assert learner.step.earned == 2
    learner.shell.type("way\r")
    learner.shell.expect("halfway")


def test_nobody_looks_any_more_when_the_shell_was_killed(learner: Learner) -> None:
    shell = learner.shell.child
    children = Path(f"/proc/{shell.pid}/task/{shell.pid}/children").read_text().split()
    commands = [Path(f"/proc/{pid}/cmdline").read_text() for pid in children]
    assert any("labshell.lessons.lookout" in command for command in commands)
    processes = [os.pidfd_open(int(pid)) for pid in children]
    os.kill(shell.pid, signal.SIGKILL)
    shell.expect(pexpect.EOF)
    for process in processes:
        assert select.select([process], [], [], 60)[0]
        os.close(process)
