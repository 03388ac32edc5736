"""Work is noticed where nothing was typed: the process that looks while one types."""

import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import EngineError
from labshell.lessons import library, skeleton
from labshell.lessons.attempt import Attempt
from labshell.lessons.lines import run_hidden
from labshell.lessons.lookout import Lookout
from labshell.lessons.outcomes import COULD_NOT_RUN
from labshell.lessons.progress import Progress

SECONDS = 30
pytestmark = pytest.mark.require("root", "overlay")


@pytest.fixture
def attempt(engine, tmp_path) -> Attempt:
    """A student at the step of a lesson in which something is to be done."""
    skeleton.make("layers/010.trial", tmp_path)
    lesson = library.find("layers/trial", folder=tmp_path)
    attempt = Attempt(engine, Progress(tmp_path / "progress.json"), lesson)
    attempt.begin()
    attempt.enter([step.id for step in lesson.steps].index("work"))
    attempt.check()
    return attempt


@pytest.fixture
def lookout(engine) -> Iterator[Lookout]:
    lookout = Lookout(engine)
    yield lookout
    lookout.close()


def told(lookout: Lookout) -> int:
    """How often it has told that there is news, when it does."""
    assert select.select([lookout.descriptor], [], [], SECONDS)[0], "nothing was told"
    return os.read(lookout.descriptor, 1000).count(b"\n")


def elsewhere(attempt: Attempt, line: str) -> None:
    """Do something in another process."""
    finished = run_hidden(attempt.engine, attempt.fill(line))
    assert finished.code == 0, finished.output


def test_work_in_another_process_is_told_once(attempt, lookout):
    lookout.watch(attempt)
    elsewhere(attempt, "lab tag busybox nothing:new; lab rmi nothing:new")
    elsewhere(attempt, "lab exec {{name}} touch /{{note}}")
    assert told(lookout) == 1
    assert attempt.check().passed


def test_what_no_event_tells_of_is_noticed_too(attempt, lookout):
    lookout.watch(attempt)
    container = attempt.engine.container(attempt.values["name"])
    Path(f"/proc/{container.state.pid}/root/{attempt.values['note']}").touch()
    assert told(lookout) == 1
    assert attempt.check().passed


def test_each_new_state_is_told_until_the_work_is_done(attempt, lookout):
    lookout.watch(attempt)
    elsewhere(attempt, "lab exec {{name}} touch /other")
    assert told(lookout) == 1
    assert attempt.check().earned == 1
    lookout.watch(attempt)
    elsewhere(attempt, "lab exec {{name}} mv /other /{{note}}")
    assert told(lookout) == 1


def test_a_check_that_prints_or_raises_is_no_news(attempt, lookout):
    checks = attempt.lesson.folder / "checks.py"
    right = checks.read_text()
    checks.write_text("def note_is_there(lab):\n    print('here')\n    1 / 0\n")
    assert attempt.look().verdict == COULD_NOT_RUN
    lookout.watch(attempt)
    elsewhere(attempt, "lab exec {{name}} touch /{{note}}")
    checks.write_text(right)  # mended while it looks: it is loaded afresh each time
    assert told(lookout) == 1


def test_nothing_runs_for_a_step_that_nothing_is_to_be_done_in(attempt, lookout):
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    before = children.read_text()
    attempt.enter(0)
    lookout.watch(attempt)
    lookout.watch(None)
    assert children.read_text() == before


def test_it_is_said_once_that_nobody_looks_any_more(attempt, lookout):
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    before = set(children.read_text().split())
    lookout.watch(attempt)
    (process,) = set(children.read_text().split()) - before
    os.kill(int(process), signal.SIGKILL)
    os.waitid(os.P_PID, int(process), os.WEXITED | os.WNOWAIT)
    with pytest.raises(EngineError, match="not noticed any more"):
        lookout.watch(attempt)
    lookout.watch(attempt)
    assert not lookout.heard()
