"""Marks that were given: OUT/marks.json, read back by whoever works with them later.

A folder of marks may have been copied, edited or made by a newer labshell, so what is
read is looked at like anything else from outside, and what is wrong with it is said.

Try it: `lab grade triage OUT`
"""

import json
from dataclasses import dataclass
from pathlib import Path

from engine.errors import EngineError, NotFound
from labshell.grading.rows import SCHEMA, Row

FILE = "marks.json"
_LARGEST = 256 << 20  # bytes
_HOW = "Grade anew: `lab grade FILE… --assignment DIR -o OUT`."


class MarksError(EngineError):
    """What is called marks is none, or damaged, or newer than this labshell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The rows of one grading, by pseudonym and in the roster's order."""

    assignment: str
    rows: dict[str, Row]

    def row(self, student: str) -> Row:
        """The row of one student. NotFound if there is none."""
        if student not in self.rows:
            raise NotFound(
                f"{self.assignment}: there is no student {student[:60]!r}",
                "A pseudonym is needed, as in the roster.",
            )
        return self.rows[student]


def read_kept(path: Path) -> Kept:
    """The marks in a folder OUT, or in a marks.json. NotFound, MarksError."""
    path = path / FILE if path.is_dir() else path
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
        data = json.loads(text) if len(text) <= _LARGEST else {}
        if (found := data["schema"]) != SCHEMA:
            raise MarksError(
                f"{path}: {SCHEMA} is needed, not {str(found)[:60]!r}",
                "It was made by another version of labshell. " + _HOW,
            )
        rows = [Row.from_json(row) for row in data["rows"]]
        return Kept(
            assignment=str(data["assignment"]),
            rows={row.student: row for row in rows},
        )
    except FileNotFoundError as error:
        raise NotFound(f"There are no marks: {path}", _HOW) from error
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as no:
        raise MarksError(f"{path}: these are no marks: {no}", _HOW) from no
