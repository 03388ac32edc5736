"""A lesson in the real shell, on a real terminal, when things do not go smoothly."""

import os
import re
import signal
from collections.abc import Iterator

import pytest

from engine.engine import Engine
from labshell.lessons import library
from labshell.lessons.progress import Progress
from labshell.lessons.record import DONE
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
        typist.wait(lambda: f"{LESSON} · " in typist.tail(), "setting up")
        return typist

    @staticmethod
    def solution(step: str) -> tuple[str, ...]:
        return library.find(LESSON).step(step).solve

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
    typist.press("\x03")
    for line in (":nextt", ":answer", ":answer 77", "cat", "a word"):
        typist.type(line)
    # The terminal's echo, and cat's: before that, Ctrl-C would find no cat to end.
    typist.wait(lambda: typist.screen.count("a word") == 2, "starting cat")
    typist.press("\x03")
    typist.type(":goto 33")
    assert desk.record.step == "recall"
    assert not desk.record.of("recall").done
    typist.type(":answer there")
    typist.wait(lambda: desk.record.of("recall").done, "answering")


def test_goto_and_panic_are_words_of_the_shell(desk):
    typist = desk.sits_down()
    typist.type(":goto notes")
    typist.wait(lambda: desk.record.step == "notes", "going there")
    typist.type("lab rm -f {{name}}")
    typist.type(":panic")
    typist.wait(lambda: "All is as it was" in typist.screen, "panicking")
    for line in desk.solution("notes"):
        typist.type(line)
    typist.wait(lambda: desk.record.of("notes").earned == 4, "leaving notes")
    since = typist.screen.partition("All is as it was")[2]
    said, _, _ = since.partition("\x1b[?2004h")  # by this, the prompt begins
    assert not re.search(r"[+-] (mount|process|layer) ", said)


def test_a_drill_in_the_shell_takes_the_answer_and_gives_it_back(desk):
    other = library.find("process/rootfs")
    progress = Progress(desk.path)
    progress.of(other.name).finished = True
    card = next(step for step in other.steps if step.choices)
    progress.of(other.name).of(card.id).status = DONE
    progress.save(other.name)
    typist = desk.sits_down()
    typist.type(":drill")
    typist.wait(lambda: f"{other.name}/{card.id}" in typist.screen, "asking")
    typist.type(card.solve[0])
    typist.wait(lambda: Progress(desk.path).cards != {}, "answering")
    assert not desk.record.of("recall").done
    typist.type(":answer there")
    typist.wait(lambda: desk.record.of("recall").done, "answering the lesson")


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


def test_what_is_typed_while_a_lesson_opens_is_not_lost(fresh_root, tmp_path):
    lesson, progress = library.find("daemon/who-starts-whom"), tmp_path / "progress"
    typist = Typist(lesson, fresh_root, progress)
    try:
        typist.type(":answer process")
        typist.wait(
            lambda: Progress(progress).of(lesson.name).of("recall").done, "answering"
        )
    finally:
        typist.close()
        Engine(fresh_root).destroy()
