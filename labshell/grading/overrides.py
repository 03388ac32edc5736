"""Overrides: points that a person gives, and that no regrade takes away.

    layers-1/overrides.csv
        student,item,points,reason,by
        s007,clean,4,"the name had a capital letter: agreed by mail",ada

A check sees what it was written to see. Where a person has looked and knows better, the
line above replaces the points of one item. It lies beside the assignment and not among
the marks, so each grading applies it anew, to whatever the student has handed in, or to
nothing at all; who did it, and why, stands in the row.

What lateness costs is taken off afterwards, as from all points: who should not be late
has an extension, see accommodations.py.

Try it: write such a line, `lab grade … -o OUT`, `lab grade … -o OUT` again
"""

from collections.abc import Mapping
from dataclasses import replace

from labshell.grading.assignment import Assignment
from labshell.grading.rows import (
    GRADED,
    NOT_LOOKED_AT,
    CheckMark,
    ItemMark,
    Override,
    Row,
    status_of,
)
from labshell.grading.sheets import Line, read_sheet
from labshell.messages import marked

FILE = "overrides.csv"
COLUMNS = ("student", "item", "points", "reason", "by")
Overrides = Mapping[str, Mapping[str, Override]]  # by student, by item
_LONGEST = 1000  # characters of a cell
_HOW = f"As in `s007,clean,4,agreed by mail,ada`; nothing of {FILE} was applied."


def read_overrides(assignment: Assignment, roster: Mapping[str, str]) -> Overrides:
    """All overrides of an assignment. SheetError names the line that is unsound."""
    most = {item.id: item.maximum for item in assignment.items}
    found: dict[str, dict[str, Override]] = {}
    for line in read_sheet(assignment.folder / FILE, COLUMNS):
        student, item = line.cells["student"], line.cells["item"]
        if student not in roster:
            raise line.problem(f"there is no student {student[:60]!r}", _HOW)
        if item not in most:
            raise line.problem(f"there is no item {item[:60]!r}", _HOW)
        if item in found.get(student, {}):
            raise line.problem(f"{student} has an override for {item} already", _HOW)
        found.setdefault(student, {})[item] = _override(line, most[item])
    return found


def _override(line: Line, most: int) -> Override:
    points, reason, by = (line.cells[name] for name in ("points", "reason", "by"))
    if not (points.isascii() and points.isdecimal() and int(points[:9]) <= most):
        raise line.problem(
            f"a whole number of points from 0 to {most} is needed, not {points[:60]!r}",
            _HOW,
        )
    for name, cell in (("reason", reason), ("by", by)):
        if not cell or len(cell) > _LONGEST:
            raise line.problem(f"{name}: a text is needed", _HOW)
    return Override(points=int(points), reason=reason, by=by)


def apply(row: Row, assignment: Assignment, given: Mapping[str, Override]) -> Row:
    """The row with these overrides; an item of one needs no other verdict."""
    if not given:
        return row
    looked_at = row.items or _not_looked_at(assignment)
    items = tuple(replace(one, override=given.get(one.item)) for one in looked_at)
    status = status_of(items)
    if status != GRADED and not row.items:
        status = row.status  # why the other items have no verdict
    texts = [
        f"{item}: {one.points} by {one.by}, {one.reason}" for item, one in given.items()
    ]
    note = "; ".join(filter(None, [row.note, *texts]))
    return replace(row, items=items, status=status, note=note)


def _not_looked_at(assignment: Assignment) -> tuple[ItemMark, ...]:
    """The items of a student of whom nothing could be looked at."""
    return tuple(
        ItemMark(
            item=item.id,
            checks=tuple(
                CheckMark(
                    check=check.name,
                    verdict=NOT_LOOKED_AT,
                    earned=0,
                    maximum=check.points,
                    message=marked("Nothing was looked at."),
                )
                for check in item.checks
            ),
        )
        for item in assignment.items
    )
