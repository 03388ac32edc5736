"""Spaced repetition: what was once understood is asked again before it is forgotten.

Every question of a lesson that can be answered by thinking (a prediction; an
explanation whose answer stands in the lesson) is a card, once its step is done. A card
stands in a box; a right answer moves it up, a wrong one back to the first:

    box       0      1      2      3      4      5
    days      0      1      3      7     16     35       until it is asked again

The values are new each time, and so is the order of the choices, so that it is not the
place of an answer that is remembered. Which box a card is in, and when it is due, is
saved with the progress, as `"cards": {"commit/init-layer/twice": [2, "2026-11-30"]}`.

See: S. Leitner, So lernt man lernen (1972).
Try it: `:drill`
"""

import os
from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from labshell.lessons.lesson import Choice, Lesson, Step
from labshell.lessons.picking import position
from labshell.lessons.progress import Progress
from labshell.lessons.record import DONE, WRONG
from labshell.lessons.values import derive, fill, shuffled

DAYS = (0, 1, 3, 7, 16, 35)


class Card(NamedTuple):
    """One question with values of its own."""

    lesson: Lesson
    step: Step
    seed: str

    @property
    def name(self) -> str:
        """How the progress file calls it."""
        return f"{self.lesson.name}/{self.step.id}"

    def fill(self, text: str) -> str:
        """A text of the lesson, with the values of this card."""
        return fill(text, derive(self.seed, self.lesson.name, self.lesson.rules))

    def choices(self) -> list[Choice]:
        """The choices, in an order of this card's own."""
        by_key = {choice.key: choice for choice in self.step.choices}
        return [by_key[k] for k in shuffled(self.seed, self.step.id, tuple(by_key))]

    def choice(self, text: str) -> Choice | None:
        """The choice that was meant, by its number on the screen."""
        choices = self.choices()
        if (place := position(text, len(choices))) is not None:
            return choices[place]
        return next((choice for choice in choices if choice.key == text), None)

    def judge(self, text: str) -> tuple[bool, str]:
        """Is it right, and what there is to say to it?"""
        if self.step.answer is None:
            choice = self.choice(text)
            right = choice is not None and choice.right
            return right, self.fill(choice.because) if choice else ""
        return self.step.answer.accepts(text), self.fill(self.step.says_to(text))

    def solution(self) -> str:
        """What is right."""
        if self.step.answer is not None:
            return self.step.answer.example()
        return self.fill(next(c.says for c in self.step.choices if c.right))


def cards(progress: Progress, lessons: Iterable[Lesson]) -> list[Card]:
    """Every question that may be asked, the one that is due longest first.

    Those of the lesson that is being learnt are not among them: they are too fresh.
    """
    found = [
        Card(lesson=lesson, step=step, seed=os.urandom(8).hex())
        for lesson in lessons
        if lesson.name in progress.lessons and lesson.name != progress.current
        for step in lesson.steps
        if _is_card(step)
        and progress.of(lesson.name).of(step.id).status in (DONE, WRONG)
    ]
    return sorted(found, key=lambda card: when(progress, card))


def _is_card(step: Step) -> bool:
    return bool(step.choices) or step.answer is not None


def when(progress: Progress, card: Card) -> date:
    """When a card is due; long ago, if it was never asked."""
    _, due = progress.cards.get(card.name, (0, date.min.isoformat()))
    return date.fromisoformat(due)


def note(progress: Progress, card: Card, right: bool, today: date) -> None:
    """Move a card up or back, and save when it is due again."""
    box, _ = progress.cards.get(card.name, (0, ""))
    box = min(box + 1, len(DAYS) - 1) if right else 0
    due = today + timedelta(days=DAYS[box])
    progress.save_card(card.name, box, due.isoformat())
