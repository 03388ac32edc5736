"""A class: whose each file is, and one row for every student.

    what an inspector found ──▶ look: whose it is, and its row   journal.py keeps it
                                            │
    roster, received.csv, deadline ─────────┴──▶ rows

A file is its student's by its token, which only the course key can tell: what it says
of itself is never believed. A fault of the grader's own is never zero points.

Try it: `lab grade class/ --assignment layers-1 -o OUT`
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from labshell.grading import course
from labshell.grading.assignment import BEST, Assignment, AssignmentError
from labshell.grading.inspector import Inspected, Inspector
from labshell.grading.journal import Look, version
from labshell.grading.rows import (
    ERROR,
    LATE,
    MISSING,
    TIMEOUT,
    UNGRADED,
    ItemMark,
    Row,
    status_of,
)
from labshell.grading.submission import Claim, SubmissionError

RECEIVED = "received.csv"


class Classroom:
    """One assignment of one course, and its graders."""

    def __init__(
        self, assignment: Assignment, roster: Mapping[str, str] | None = None
    ) -> None:
        """Key and roster are those in the folder above, if no roster is given."""
        folder = assignment.folder.parent
        key = course.read_key(folder / course.KEY)
        self.assignment = assignment
        self._roster = roster or course.read_roster(folder / course.ROSTER)
        self._tokens = {
            course.token(key, one, assignment.name): one for one in self._roster
        }

    def look(self, inspector: Inspector, file: Path, times: int = 1) -> Look:
        """Look at one file; `times` as long as usual. OSError if it cannot be read."""
        seconds = float(self.assignment.limits.seconds * times)
        return self._look_of(file, inspector.inspect(file, seconds))

    def _look_of(self, file: Path, found: Inspected) -> Look:
        base = Row(student="", status=ERROR, maximum=self._maximum, file=file.name)
        student = ""
        if found.limit == "seconds":
            row = replace(
                base, status=TIMEOUT, limit="seconds", note="it took too long"
            )
        elif found.limit:
            row = replace(base, limit=found.limit, note=f"too much {found.limit}")
        elif "error" in found.result:
            row = replace(base, note=str(found.result["error"]))
        elif not found.result:
            row = replace(base, status=UNGRADED, note="the grader failed, not the work")
        else:
            student, row = self._believed(found.result, base)
        if not student:
            student = self._named(file)
        return Look(
            file=file.name,
            version=version(file),
            student=student,
            row=replace(row, student=student),
        )

    @property
    def _maximum(self) -> int:
        return self.assignment.maximum

    def _believed(self, result: Mapping[str, Any], base: Row) -> tuple[str, Row]:
        """Whose it is by its token, and the row if what it says fits together."""
        try:
            claim = Claim.from_json(result["claim"])
            items = tuple(map(ItemMark.from_json, result["items"]))
            if [(i.item, i.maximum) for i in items] != self._asked:
                raise ValueError("other items than those of the assignment")
        except (LookupError, TypeError, ValueError, SubmissionError) as error:
            return "", replace(
                base, status=UNGRADED, note=f"the grader failed: {error}"
            )
        owner = self._tokens.get(claim.token, "")
        if not owner:
            return "", replace(base, note="its token is no student's")
        if owner != claim.student:
            return "", replace(base, note=f"its token is that of {owner}")
        return owner, replace(base, status=status_of(items), items=items)

    @property
    def _asked(self) -> list[tuple[str, int]]:
        return [(item.id, item.maximum) for item in self.assignment.items]

    def _named(self, file: Path) -> str:
        """Whose a file may be that says nothing to be believed: by its name."""
        return file.stem if file.stem in self._roster else ""

    def rows(
        self, looks: Iterable[Look], received: Mapping[str, datetime]
    ) -> list[Row]:
        """One row for each student of the roster, in its order."""
        best: dict[str, Row] = {}
        for look in looks:
            if look.student in self._roster:
                row = self._in_time(look.row, received.get(look.file))
                if self._is_better(row, best.get(look.student)):
                    best[look.student] = row
        nothing = Row(student="", status=MISSING, maximum=self._maximum)
        return [best.get(one) or replace(nothing, student=one) for one in self._roster]

    def _is_better(self, row: Row, before: Row | None) -> bool:
        """Of two files of one student: the later one, unless the better one counts.

        What has no marks is a student's by its name alone, which anybody can choose.
        """
        if before is None or bool(row.items) != bool(before.items):
            return before is None or bool(row.items)
        if self.assignment.keep != BEST:
            return True
        return row.earned >= before.earned

    def _in_time(self, row: Row, received: datetime | None) -> Row:
        if received is None or not row.items or received <= self.assignment.due:
            return row
        share = self.assignment.late.share(received - self.assignment.due)
        return replace(row, status=LATE, share=share)


def read_received(path: Path) -> dict[str, datetime]:
    """File -> when it was received, as whoever received it noted: `file,received`.

    Empty if there is no such file: then nobody is late.
    """
    found: dict[str, datetime] = {}
    if not path.exists():
        return found
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            try:
                moment = datetime.fromisoformat(row["received"])
                found[row["file"]] = moment if moment.tzinfo else moment.astimezone()
            except (KeyError, TypeError, ValueError) as error:
                raise AssignmentError(
                    f"{path}: `file,received` is needed, and times as in "
                    '"2026-12-01T23:59+01:00"',
                    "Mend the line, or take the file away: then nobody is late.",
                ) from error
    return found
