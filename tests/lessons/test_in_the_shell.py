"""A lesson in the real shell, on a real terminal, when things do not go smoothly."""

import os
import signal
from collections.abc import Iterator

import pytest

from engine.engine import Engine
from labshell.lessons import library
from labshell.lessons.progress import Progress
from labshell.lessons.typist import NotUnderstood, Typist

LESSON = "commit/init-layer"
pytestmark = pytest.mark.require("root", "overlay")


class Desk:
    """A student at a terminal who can be interrupted, and sits down again."""

    def __init__(self, root, progress):
        self.root, self.path = root, progress
        self.typists: list[Typist] = []

    def sits_down(self) -> Typist:
        typist = Typist(library.find(LESSON), self.root, self.path)
        self.typists.append(typist)
        typist.wait(lambda: bool(self.record.world), "setting up")
        return typist

    @property
    def record(self):
        return Progress(self.path).of(LESSON)


@pytest.fixture
def desk(fresh_root, tmp_path) -> Iterator[Desk]:
    desk = Desk(fresh_root, tmp_path / "progress.json")
    yield desk
    for typist in desk.typists:
        typist.close()
    Engine(fresh_root).destroy()


def test_a_killed_shell_loses_no_progress(desk):
    first = desk.sits_down()
    first.type(":answer there")
    first.type(":next")
    first.wait(lambda: desk.record.step == "stack", "going on")
    os.kill(first.pid, signal.SIGKILL)
    second = desk.sits_down()
    assert desk.record.step == "stack"
    assert desk.record.of("recall").earned == 1
    second.type(":next")
    second.wait(lambda: desk.record.step == "guess-hosts", "going on")


def test_ctrl_c_and_nonsense_do_not_move_the_lesson(desk):
    typist = desk.sits_down()
    for line in ("\x03", ":nextt", ":answer", ":answer 77", "cat", "\x03", ":goto 3"):
        typist.type(line)
    assert desk.record.step == "recall"
    assert not desk.record.of("recall").done
    typist.type(":answer there")
    typist.wait(lambda: desk.record.of("recall").done, "answering")


def test_work_by_bash_and_by_another_route_is_noticed(desk):
    typist = desk.sits_down()
    while desk.record.step != "commit":
        before = desk.record.step
        typist.type(":skip" if not desk.record.of(before).done else ":next")
        typist.wait(lambda before=before: desk.record.step != before, f"past {before}")
    typist.type("for i in 1; do lab commit {{name}} {{name}}-copy:$i; done")
    typist.wait(lambda: desk.record.of("commit").earned == 2, "committing")


def test_what_never_happens_is_reported_with_the_screen(desk):
    typist = desk.sits_down()
    with pytest.raises(NotUnderstood, match="1/11 recall"):
        typist.wait(lambda: False, "nothing", seconds=1)
