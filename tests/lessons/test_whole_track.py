"""A whole track, taken by somebody clumsy: slips, Ctrl-C, shells that are killed.

What counts is in the progress file: each step is done once, with all its points, and
what was done before a shell died is there when the next one opens.
"""

import os
import random
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from engine.engine import Engine
from labshell.lessons import library
from labshell.lessons.lesson import Lesson
from labshell.lessons.progress import Progress
from labshell.lessons.typist import Typist

TRACK = "commit"
LESSONS = [name for name in library.names() if name.startswith(f"{TRACK}/")]
CTRL_C, BACKSPACE, CTRL_U = "\x03", "\x7f", "\x15"
MOST_STEPS = 4  # that one shell lives for
pytestmark = [pytest.mark.require("root", "overlay"), pytest.mark.patience(600)]


class Clumsy(Typist):
    """Arrives where a `Typist` does, by detours."""

    def __init__(
        self, lesson: Lesson, root: Path, progress: Path, chance: random.Random
    ) -> None:
        super().__init__(lesson, root, progress)
        self._chance = chance

    def type(self, line: str) -> None:
        """Type one line, after something that comes to nothing."""
        self._chance.choice((self._slip, self._give_up, self._forget))()
        super().type(line)

    def _slip(self) -> None:
        self._child.send(f"lqb{BACKSPACE * 3}")

    def _give_up(self) -> None:
        # At a prompt: while something runs, the terminal forgets all that was typed.
        self.wait(lambda: self.tail().rstrip().endswith("#"), "a prompt")
        self.press(f"lab rm -f {CTRL_C}")
        # Typed before the shell has heard of it, the next line would be broken off too.
        self.wait(lambda: "#" in self.tail().rpartition("^C")[2], "a prompt again")

    def _forget(self) -> None:
        self._child.send(f"echo {CTRL_U}")
        super().type(self._chance.choice((":nxt", "lba ps", ":answer", ":goto 99", "")))

    def opens(self) -> None:
        """Wait until the step is shown at which the student left off."""
        self.wait(lambda: f"{self.lesson.name} · " in self.tail(), "opening")

    def takes(self, most: int) -> None:
        """Do up to so many steps, and stop in the middle of going on."""
        for _ in range(most):
            step = self.record.step
            self._settle()
            if not self.record.of(step).done:
                for line in self.lesson.step(step).solve:
                    self.type(line)
                self._await_solved(step)
            self.type(":next")
            self.wait(partial(self._has_left, step), f"leaving {step}")
            if self.record.finished:
                return

    def _has_left(self, step: str) -> bool:
        return self.record.finished or self.record.step != step

    @property
    def record(self):
        """What is saved of the lesson."""
        return Progress(self._progress).of(self.lesson.name)

    def dies(self) -> None:
        """The shell is killed: nobody gets to save anything."""
        os.kill(self.pid, signal.SIGKILL)
        self._child.close(force=True)


@pytest.fixture
def engine(fresh_root: Path) -> Iterator[Engine]:
    engine = Engine(fresh_root)
    yield engine
    engine.destroy()


def test_a_track_is_taken_to_its_end_whatever_happens(
    engine: Engine, tmp_path: Path
) -> None:
    assert LESSONS
    progress, chance = tmp_path / "progress.json", random.Random(TRACK)
    for name in LESSONS:
        lesson = library.find(name)
        while not Progress(progress).of(name).finished:
            before = done(progress, name)
            shell = Clumsy(lesson, engine.root, progress, chance)
            try:
                shell.opens()
                assert done(progress, name) == before
                shell.takes(chance.randint(1, MOST_STEPS))
            finally:
                shell.dies()
            assert before.items() <= done(progress, name).items()
        record = Progress(progress).of(name)
        assert record.attempt == 1
        assert sum(step.earned for step in record.steps.values()) == lesson.maximum


def done(progress: Path, name: str) -> dict[str, tuple[int, str]]:
    """The steps that are done: what each has earned, and what was answered."""
    steps = Progress(progress).of(name).steps
    return {id: (one.earned, one.answer) for id, one in steps.items() if one.done}
