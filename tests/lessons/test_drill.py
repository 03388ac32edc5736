"""What was understood is asked again: with new values, later and later."""

import io
from datetime import date, timedelta

import pytest
from rich.console import Console

from labshell.lessons import drill, library
from labshell.lessons.drilling import Drilling
from labshell.lessons.progress import Progress
from labshell.lessons.record import DONE, WRONG
from labshell.lessons.runner import LessonRunner
from labshell.lessons.screen import Screen

LESSON = "commit/init-layer"
TODAY = date(2026, 11, 29)


@pytest.fixture(autouse=True)
def learned(tmp_path, monkeypatch):
    """A student who has finished the lesson, and got one prediction wrong."""
    monkeypatch.setenv("LABSHELL_PROGRESS", str(tmp_path / "progress.json"))
    progress = Progress()
    record = progress.of(LESSON)
    record.finished, record.step = True, "elsewhere"
    for step in library.find(LESSON).steps:
        record.of(step.id).status = WRONG if step.id == "twice" else DONE
    progress.save(LESSON)
    return progress


class Student:
    """Somebody who is asked, on one day."""

    def __init__(self, language="en"):
        self.shown = io.StringIO()
        screen = Screen(language, Console(file=self.shown, width=100))
        self.drilling = Drilling(screen)

    def asks(self, today=TODAY) -> str:
        return self._saw(lambda: self.drilling.ask(today))

    def answers(self, text, today=TODAY) -> str:
        return self._saw(lambda: self.drilling.answer(text, today))

    def _saw(self, action) -> str:
        before = len(self.shown.getvalue())
        action()
        return " ".join(self.shown.getvalue()[before:].split())


def right(card) -> str:
    return card.step.solve[0].removeprefix(":answer ")


def test_questions_are_cards_and_work_is_not(learned):
    found = drill.cards(learned, [library.find(LESSON)])
    names = {card.step.id for card in found}
    assert names == {
        "recall", "guess-hosts", "guess-commit", "layers", "twice", "elsewhere"
    }  # fmt: skip


def test_the_lesson_that_is_being_learnt_is_not_asked_about(learned):
    learned.current = LESSON
    assert drill.cards(learned, [library.find(LESSON)]) == []


def test_a_step_that_was_skipped_is_not_asked_about(learned):
    learned.of(LESSON).of("recall").status = "skipped"
    found = drill.cards(learned, [library.find(LESSON)])
    assert "recall" not in {card.step.id for card in found}


def test_the_values_are_new_each_time(learned):
    lesson = library.find(LESSON)
    texts = {
        card.fill("{{note}}")
        for _ in range(3)
        for card in drill.cards(learned, [lesson])
    }
    assert len(texts) == 18


def test_a_right_answer_is_asked_later_and_later_and_a_wrong_one_again(learned):
    card = drill.cards(learned, [library.find(LESSON)])[0]
    days = []
    for right in (True, True, True, True, True, True, False):
        drill.note(Progress(), card, right, TODAY)
        days.append((drill.when(Progress(), card) - TODAY).days)
    assert days == [1, 3, 7, 16, 35, 35, 0]


def test_each_question_comes_once_until_nothing_is_due():
    student = Student()
    for _ in range(6):
        assert ":drill" in student.asks()
        assert "That is it." in student.answers(right(student.drilling._card))
    assert "Nothing is to be repeated today. the next one: 2026-11-30" in student.asks()
    assert "due: 6" in student.asks(TODAY + timedelta(days=1))


def test_a_wrong_answer_is_answered_and_comes_again():
    student = Student()
    student.asks()
    card = student.drilling._card
    wrong = next(choice.key for choice in card.step.choices if not choice.right)
    assert "It is: " in student.answers(wrong)
    assert not student.drilling.asks
    assert drill.when(Progress(), card) == TODAY


def test_what_is_no_choice_costs_nothing(learned):
    student = Student()
    student.asks()
    with pytest.raises(Exception, match="is no choice"):
        student.answers("77")
    assert student.drilling.asks
    assert Progress().cards == {}


def test_it_speaks_chinese():
    student = Student("zh")
    assert "待复习：" in student.asks()
    assert "正确。" in student.answers(right(student.drilling._card))


def test_in_the_shell_the_answer_goes_to_the_question_and_needs_no_lesson(engine):
    shown = io.StringIO()
    runner = LessonRunner(engine, "en", Console(file=shown, width=100))
    assert runner.handle("drill")
    assert runner.handle("answer", "1")
    assert runner.handle("answer", "1")
    assert "No lesson is open" in shown.getvalue()
    assert len(Progress().cards) == 1


def test_before_anything_is_finished_it_says_so():
    Progress().forget()
    assert "before a lesson is finished" in Student().asks()


def test_reset_all_forgets_the_cards_too(learned):
    card = drill.cards(learned, [library.find(LESSON)])[0]
    drill.note(learned, card, True, TODAY)
    learned.forget()
    assert Progress().cards == {}
