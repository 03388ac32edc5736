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

from engine.errors import NotFound
from labshell.grading.assignment import Assignment, AssignmentError, Item
from labshell.grading.reports.people import Person
from labshell.grading.rows import PARTIAL, SCHEMA, UNGRADED, Row
from labshell.lessons import saving
from labshell.lessons.values import fill

FILE = "marks.json"


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
    path = out / FILE
    try:
        data = saving.read(path)
        if (found := data["schema"]) != SCHEMA:
            raise ValueError(f"{SCHEMA} is needed, not {str(found)[:60]!r}")
        rows, name = [Row.from_json(row) for row in data["rows"]], data["assignment"]
    except FileNotFoundError as error:
        raise NotFound(f"There is no {path}", "Grade first: name FILEs.") from error
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        how = "Grade anew: name FILEs."
        raise AssignmentError(f"{path}: not the marks of a class: {error}", how) from (
            error
        )
    asked = [(item.id, item.maximum) for item in assignment.items]
    for row in rows:
        marked = [(item.item, item.maximum) for item in row.items]
        if name != assignment.name or (marked and marked != asked):
            raise AssignmentError(
                f"{path}: marks of another assignment than {assignment.name} is now",
                "Grade anew: name FILEs.",
            )
    return rows
