"""Accommodations: more days, or more time of the machine, for one student.

    layers-1/accommodations.csv, for one assignment; or in the course's folder, for all
        student,extension,time_factor
        s003,48h,
        s004,2026-12-05T23:59+01:00,
        s009,,2

`extension` is so many hours (`48h`) or days (`2d`) after the deadline, or a new one (of
one assignment only). `time_factor` multiplies `limits.seconds`, for work that takes the
machine longer. A cell of the assignment's file replaces that of the course's. A fourth
column `note` may be kept; only `lab grade export` has it.

Whose a file is, only its token says, and that is read while the clock runs. So what
took too long is looked at again with the largest factor that anybody has, and then, its
owner known, more than their own share of that is still a timeout: see classroom.py. The
name of a file gives nobody a second.

Try it: `lab grade … -o OUT` with such a line, then `due` in OUT/marks.json
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from labshell.grading import sheets
from labshell.grading.assignment import Assignment
from labshell.grading.sheets import Line, read_sheet

FILE = "accommodations.csv"
COLUMNS, OPTIONAL = ("student", "extension", "time_factor"), ("note",)
_SPAN = re.compile(r"([0-9]{1,4})([hd])")
_LARGEST_FACTOR = 10.0
_HOW = f"As in `s003,48h,` or `s009,,2`; nothing of {FILE} was applied."


@dataclass(frozen=True, slots=True, kw_only=True)
class Accommodation:
    """What one student has more of than the others."""

    due: datetime | None = None
    extension: timedelta = timedelta()
    time_factor: float = 1.0


Accommodations = Mapping[str, Accommodation]  # by student
_NONE = Accommodation()


def read_accommodations(
    assignment: Assignment, roster: Mapping[str, str]
) -> Accommodations:
    """Those of an assignment and of its course. SheetError names the line that errs."""
    found: dict[str, Accommodation] = {}
    folder = assignment.folder
    for path, due in ((folder.parent / FILE, None), (folder / FILE, assignment.due)):
        seen = set()
        for line in read_sheet(path, COLUMNS, OPTIONAL):
            student = line.cells["student"]
            if student not in roster:
                raise line.problem(f"there is no student {student[:60]!r}", _HOW)
            if student in seen:
                raise line.problem(f"{student} is there twice", _HOW)
            seen.add(student)
            found[student] = _read(line, found.get(student, _NONE), due)
    return found


def _read(line: Line, before: Accommodation, due: datetime | None) -> Accommodation:
    extension, factor = line.cells["extension"], line.cells["time_factor"]
    if not extension and not factor:
        raise line.problem("an extension or a time factor is needed", _HOW)
    if factor:
        before = replace(before, time_factor=_factor(line, factor))
    if span := _SPAN.fullmatch(extension):
        number, unit = int(span[1]), span[2]
        length = timedelta(hours=number) if unit == "h" else timedelta(days=number)
        return replace(before, extension=length, due=None)
    if extension:
        return replace(before, due=_due(line, extension, due))
    return before


def _factor(line: Line, text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 1 <= factor <= _LARGEST_FACTOR:
        raise line.problem(
            f"time_factor: a number from 1 to {_LARGEST_FACTOR:g} is needed, not "
            f"{text[:60]!r}",
            _HOW,
        )
    return factor


def _due(line: Line, text: str, due: datetime | None) -> datetime:
    try:
        moment = sheets.moment(text)
    except ValueError as error:
        raise line.problem(
            f"extension: `48h`, `2d` or a time is needed, not {text[:60]!r}", _HOW
        ) from error
    if due is None:
        raise line.problem("extension: of all assignments, hours or days only", _HOW)
    if moment.tzinfo is None:
        meant = sheets.with_zone(moment)
        raise line.problem(f"extension: its zone is missing: {meant} is in UTC", _HOW)
    if moment < due:
        raise line.problem(f"extension: before the deadline, {due.isoformat()}", _HOW)
    return moment


def due_of(student: str, due: datetime, given: Accommodations) -> datetime:
    """This student's deadline."""
    one = given.get(student, _NONE)
    return one.due or due + one.extension


def time_factor_of(student: str, given: Accommodations) -> float:
    """How many times `limits.seconds` this student's work may take."""
    return given.get(student, _NONE).time_factor


def largest_time_factor(given: Accommodations) -> float:
    """The largest that anybody has, 1 if nobody has one."""
    return max((one.time_factor for one in given.values()), default=1.0)
