"""The marks of a class: what every report is made of.

    classroom ── rows ──┐
    OUT/marks.json ─────┴─▶ Marks ──▶ any report, now or a week later

There are no names in it, unless a roster is given for a gradebook.

Try it: `lab grade --assignment layers-1 -o OUT --report canvas`
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labshell.grading.assignment import Assignment, AssignmentError, Item
from labshell.grading.kept import read_kept
from labshell.grading.reports.people import Person
from labshell.grading.rows import PARTIAL, SCHEMA, UNGRADED, Row
from labshell.lessons.values import fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The rows of a class; `values` are each student's own, `people` who they are."""

    assignment: Assignment
    rows: Sequence[Row]
    people: Mapping[str, Person] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def person(self, student: str) -> Person:
        """Who that is, or the pseudonym where no roster was given."""
        return self.people.get(student) or Person(name=student)

    def title(self, item: Item, student: str) -> str:
        """What this student was asked for."""
        return fill(item.title, self.values.get(student, {}))

    def to_json(self) -> dict[str, Any]:
        """As plain data, in the form that rows.py describes."""
        return {
            "schema": SCHEMA,
            "assignment": self.assignment.name,
            "maximum": self.assignment.maximum,
            "rows": [row.to_json() for row in self.rows],
        }


def is_counted(row: Row) -> bool:
    """Is there a number for a gradebook? Of what the grader failed at there is none."""
    return row.status not in (UNGRADED, PARTIAL)


def read_rows(out: Path, assignment: Assignment) -> list[Row]:
    """The rows that were kept in `out`. EngineError if they are of something else."""
    kept = read_kept(out)
    asked = [(item.id, item.maximum) for item in assignment.items]
    marked = [[(i.item, i.maximum) for i in row.items] for row in kept.rows.values()]
    if kept.assignment != assignment.name or any(m and m != asked for m in marked):
        raise AssignmentError(
            f"{out}: marks of another assignment than {assignment.name} is now",
            "Grade anew: name FILEs.",
        )
    return list(kept.rows.values())
