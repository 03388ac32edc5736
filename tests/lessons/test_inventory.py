"""The concept inventory: asked before the lessons, asked after them, compared."""

import io
import json
import re

import pytest
from rich.console import Console

from engine.engine import Engine
from labshell.cli import run_line
from labshell.lessons import inventory, library
from labshell.lessons.inventory import AFTER, BEFORE
from labshell.lessons.progress import Progress
from labshell.lessons.screen import Screen
from labshell.lessons.taking import Taking


@pytest.fixture
def progress(tmp_path) -> Progress:
    return Progress(tmp_path / "progress.json")


class Student:
    """Somebody who takes it, and knows all answers but some."""

    def __init__(self, progress: Progress, language: str = "en") -> None:
        self.progress, self.shown = progress, io.StringIO()
        self.screen = Screen(language, Console(file=self.shown, width=80))
        self.questions = inventory.read(language)

    def take(self, *, wrong: tuple[str, ...] = (), until: int = 99) -> str:
        """Take what is open; leave before the question with this number."""
        asked = iter(self.questions.open(self._answers()))
        left = iter(range(until))

        def ask(says: str, choices: int) -> int:
            if next(left, None) is None:
                raise KeyboardInterrupt
            question = next(asked)
            offered = question.choices(self.progress.seed)
            assert choices == len(offered)
            right = [choice.right for choice in offered]
            return right.index(question.step.id not in wrong) + 1

        self.shown.truncate(0)
        Taking(self.questions, self.progress, self.screen).take(ask)
        return re.sub(r"\s+", " ", self.shown.getvalue())

    def _answers(self) -> dict[str, str]:
        taking = Taking(self.questions, self.progress, self.screen)
        return self.progress.inventory.get(taking.now, {})


def explained(id: str, shown: str) -> bool:
    """Is it said what a wrong choice of this question overlooks?"""
    found = next(q for q in inventory.read().questions if q.step.id == id)
    return any(c.because in shown for c in found.step.choices if not c.right)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_there_are_20_questions_in_every_language(language):
    found = inventory.read(language)
    assert len({question.step.id for question in found.questions}) == 20
    assert found.introduction
    assert all(question.concepts for question in found.questions)


def test_the_translation_is_complete():
    assert inventory.untranslated("zh") == []


def test_the_first_time_nobody_says_what_is_right(progress):
    shown = Student(progress).take(wrong=("byte",))
    assert "19 of 20 are right" in shown
    assert not explained("byte", shown)


def test_the_first_time_says_where_to_begin(progress):
    shown = Student(progress).take(wrong=("byte", "deleted"))
    assert "Begin with layers/copy-on-write" in shown


def test_who_knows_everything_is_sent_nowhere(progress):
    assert "Begin with" not in Student(progress).take()


def test_who_leaves_goes_on_where_they_were(progress):
    student = Student(progress)
    with pytest.raises(KeyboardInterrupt):
        student.take(until=7)
    assert len(Progress(progress.path).inventory[BEFORE]) == 7
    later = Student(Progress(progress.path))
    assert "8/20" in later.take()
    assert len(later.progress.inventory[BEFORE]) == 20


def test_the_second_time_shows_both_and_explains(progress):
    Student(progress).take(wrong=("byte", "root"))
    shown = Student(progress).take(wrong=("byte",))
    assert "18 of 20 before, 19 after" in shown
    assert "✗ ✓ You are root in a container" in shown
    assert explained("byte", shown)
    assert not explained("root", shown)


def test_an_export_takes_it_along(progress, tmp_path):
    Student(progress).take()
    other = Progress(tmp_path / "other.json")
    other.save_answers(BEFORE, {"byte": "block"})
    other.take_in(progress)
    assert len(other.inventory[BEFORE]) == 20
    assert other.inventory[BEFORE]["byte"] == "block"  # what was answered first here


def test_the_result_is_data_concept_by_concept(progress, monkeypatch, capsys):
    monkeypatch.setenv("LABSHELL_PROGRESS", str(progress.path))
    Student(progress).take(wrong=("byte",))
    progress.save_answers(AFTER, {"byte": "copy"})
    assert run_line(Engine(), ["lesson", "inventory", "--json"]) == 0
    result = {
        entry["question"]: entry
        for entry in json.loads(capsys.readouterr().out)["questions"]
    }
    assert result["byte"] == {
        "question": "byte", "concepts": [12], "before": False, "after": True
    }  # fmt: skip
    assert result["root"]["after"] is None


def test_by_hand_a_number_that_is_none_is_asked_again(progress, monkeypatch, capsys):
    monkeypatch.setenv("LABSHELL_PROGRESS", str(progress.path))
    monkeypatch.setattr("sys.stdin", io.StringIO("9\nx\n1\n"))
    assert run_line(Engine(), ["lesson", "inventory"]) == 130  # the lines have ended
    assert len(Progress(progress.path).inventory[BEFORE]) == 1


def test_lessons_come_after_those_that_they_need():
    order = list(library.names())
    for name in order:
        for needed in library.find(name).needs:
            assert order.index(needed) < order.index(name), f"{name} needs {needed}"
