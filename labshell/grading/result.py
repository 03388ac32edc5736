"""A grade as data. Every report is made from this, so that no two can disagree.

As JSON (`lab grade --json`), schema "labshell.grade/1":

    {"schema": "labshell.grade/1",
     "earned": 14, "maximum": 18,               over all lessons
     "lessons": [
       {"lesson": "commit/init-layer",          track/name
        "title": "What commit takes …",
        "earned": 14, "maximum": 18,
        "status": "finished",                   open | begun | finished
        "attempt": 1,                           counts `:reset lesson`
        "steps": [
          {"step": "notes", "kind": "do",
           "earned": 4, "maximum": 4,
           "status": "passed",                  open | passed | wrong | skipped
           "tries": 0, "hints": 1,              hints cost nothing
           "message": "…"}]}]}                  what the check said last

Steps without points are left out. A later version may add fields; a change that would
mislead an old reader changes the schema's name.

Try it: `lab grade --json | python3 -m json.tool`
"""

from dataclasses import dataclass
from typing import Any

SCHEMA = "labshell.grade/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepGrade:
    """What one step earned."""

    step: str
    kind: str
    earned: int
    maximum: int
    status: str
    tries: int
    hints: int
    message: str

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "step": self.step,
            "kind": self.kind,
            "earned": self.earned,
            "maximum": self.maximum,
            "status": self.status,
            "tries": self.tries,
            "hints": self.hints,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonGrade:
    """What one lesson earned."""

    lesson: str
    title: str
    status: str
    attempt: int
    steps: tuple[StepGrade, ...]

    @property
    def earned(self) -> int:
        """Points of all steps."""
        return sum(step.earned for step in self.steps)

    @property
    def maximum(self) -> int:
        """Points that there are."""
        return sum(step.maximum for step in self.steps)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "lesson": self.lesson,
            "title": self.title,
            "earned": self.earned,
            "maximum": self.maximum,
            "status": self.status,
            "attempt": self.attempt,
            "steps": [step.to_json() for step in self.steps],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What one student earned in all lessons."""

    lessons: tuple[LessonGrade, ...]

    @property
    def earned(self) -> int:
        """Points of all lessons."""
        return sum(lesson.earned for lesson in self.lessons)

    @property
    def maximum(self) -> int:
        """Points that there are."""
        return sum(lesson.maximum for lesson in self.lessons)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "schema": SCHEMA,
            "earned": self.earned,
            "maximum": self.maximum,
            "lessons": [lesson.to_json() for lesson in self.lessons],
        }
