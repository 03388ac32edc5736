"""A lesson as data: Lesson, Step, Choice, Answer, Wrong.

    Lesson ── steps ──> Step ── choices ──> Choice       predict
      │                   ├──── answer ───> Answer       explain
      │                   ├──── hints, solve, also
      │                   └──── wrong ────> Wrong        what must not pass, and why
      └── sections ────> Section            the prose of each step, see prose.py

`format.py` reads it from lesson.md and checks that it makes sense; nothing else
makes one.

Try it: `lab lesson list`
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from labshell.lessons.fields import LessonError
from labshell.lessons.outcomes import IN_ANY_LESSON
from labshell.lessons.prose import Section
from labshell.lessons.values import Rule, fill
from labshell.messages import marked, translate

KINDS = (
    marked("read"),
    marked("watch"),
    marked("predict"),
    marked("explain"),
    marked("do"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One choice of a prediction. A wrong one says `because` what it overlooks."""

    key: str
    says: str
    right: bool
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a right answer is: a number with a tolerance, or one of some texts."""

    number: float | None = None
    tolerance: float = 0
    texts: tuple[str, ...] = ()

    def accepts(self, given: str) -> bool:
        """Is this answer right? Case and surrounding space do not matter."""
        text = given.strip().casefold()
        if self.number is None:
            return text in [right.casefold() for right in self.texts]
        try:
            return abs(float(text.replace(",", ".")) - self.number) <= self.tolerance
        except ValueError:
            return False

    def example(self) -> str:
        """One right answer."""
        return self.texts[0] if self.number is None else f"{self.number:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """Something that must not pass: the lines, their exact points and message."""

    do: tuple[str, ...]
    earned: int
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a lesson."""

    id: str
    kind: str
    points: int
    ask: str = ""
    choices: tuple[Choice, ...] = ()
    answer: Answer | None = None
    misconceptions: Mapping[str, str] = field(default_factory=dict)
    check: str = ""
    hints: tuple[str, ...] = ()
    solve: tuple[str, ...] = ()
    also: tuple[tuple[str, ...], ...] = ()
    wrong: tuple[Wrong, ...] = ()
    panes: tuple[str, ...] = ()

    def says_to(self, answer: str, values: Mapping[str, str] | None = None) -> str:
        """What to say to a wrong answer that is a known misconception; else nothing."""
        given = answer.strip().casefold()
        for known, says in self.misconceptions.items():
            if fill(known, values or {}).casefold() == given:
                return says
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One lesson, in one language."""

    name: str
    folder: Path
    shown: str
    title: str
    concepts: tuple[int, ...]
    minutes: int
    needs: tuple[str, ...]
    rules: Mapping[str, Rule]
    panes: tuple[str, ...]
    source: tuple[str, ...]
    setup: str
    docker: bool
    programs: tuple[str, ...]
    steps: tuple[Step, ...]
    sections: Mapping[str, Section]
    messages: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_capstone(self) -> bool:
        """Is it the job at the end of its track, for which all the track is needed?"""
        return self.name.endswith("/capstone")

    @property
    def maximum(self) -> int:
        """All points that can be earned."""
        return sum(step.points for step in self.steps)

    def said(self, message: str, values: Mapping[str, str]) -> str:
        """What a check has said, in this lesson's language, or the environment's.

        Saved is what it said in English, with values and subject in their places.
        """
        general = ((english, translate(english)) for english in IN_ANY_LESSON)
        for english, text in (*self.messages.items(), *general):
            pattern, place = re.escape(fill(english, values)), re.escape("{subject}")
            pattern = pattern.replace(place, "(?P<subject>.*)", 1)
            pattern = pattern.replace(place, "(?P=subject)")
            if found := re.fullmatch(pattern, message, re.DOTALL):
                subject = found.groupdict().get("subject", "")
                return fill(text, values).replace("{subject}", subject)
        return message

    def step(self, id: str) -> Step:
        """The step with this id; LessonError if there is none."""
        for step in self.steps:
            if step.id == id:
                return step
        raise LessonError(
            translate("{lesson} has no step `{step}`").format(
                lesson=self.name, step=id
            ),
            translate("`:progress` lists them."),
        )
