"""Reports: the rows of a class as a table to read and as files for other programs.

    OUT/marks.json   all of it, see rows.py
    OUT/marks.csv    a line for each student, a column for each item, for gradebooks

What students wrote travels into these files: control characters are made visible, and a
cell that a spreadsheet would take for a formula is marked as text.

Source: OWASP, "CSV Injection"
Try it: `lab grade class/ --assignment layers-1 -o OUT; column -s, -t OUT/marks.csv`
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labshell.grading.assignment import Assignment
from labshell.grading.rows import SCHEMA, ItemMark, Row
from labshell.lessons import saving
from labshell.messages import marked, translate
from labshell.views.tables import printable, table

JSON, CSV = "marks.json", "marks.csv"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ROWS = (marked("STUDENT"), marked("STATUS"), marked("POINTS"), "")
_ITEMS = (marked("ITEM"), marked("CHECK"), marked("POINTS"), "")
_COLUMNS = ("student", "status", "earned", "maximum", "share", "limit", "note")


def as_json(assignment: Assignment, rows: Sequence[Row]) -> dict[str, Any]:
    """The marks of a class as plain data."""
    return {
        "schema": SCHEMA,
        "assignment": assignment.name,
        "maximum": assignment.maximum,
        "rows": [row.to_json() for row in rows],
    }


def write(assignment: Assignment, rows: Sequence[Row], out: Path) -> None:
    """Write all reports into the folder `out`; each is there whole, or as before."""
    saving.write(out / JSON, as_json(assignment, rows))
    with saving.whole(out / CSV) as file:
        file.write(_csv(assignment, rows).encode())


def _csv(assignment: Assignment, rows: Sequence[Row]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    ids = [item.id for item in assignment.items]
    writer.writerow([*_COLUMNS, *ids])
    for row in rows:
        writer.writerow(map(_cell, _cells(row, ids)))
    return text.getvalue()


def _cells(row: Row, ids: Sequence[str]) -> list[object]:
    earned = {item.item: item.earned for item in row.items}
    data = row.to_json()
    return [*(data[name] for name in _COLUMNS), *(earned.get(id, "") for id in ids)]


def _cell(value: object) -> str:
    """A cell that is text to every spreadsheet; numbers stay what they are."""
    text = printable(str(value))
    is_number = isinstance(value, int | float)
    return f"'{text}" if text.startswith(_FORMULA) and not is_number else text


def as_table(rows: Sequence[Row]) -> str:
    """The rows as a table of plain text."""
    lines = [
        (
            printable(row.student),
            row.status,
            f"{row.earned:g}/{row.maximum}",
            printable(row.note)[:60],
        )
        for row in rows
    ]
    return table([translate(text) for text in _ROWS], lines)


def items_table(items: Sequence[ItemMark]) -> str:
    """What each check gave, a line each."""
    lines = [
        (
            item.item,
            check.check.partition(":")[2],
            f"{check.earned}/{check.maximum}",
            printable(check.message),
        )
        for item in items
        for check in item.checks
    ]
    return table([translate(text) for text in _ITEMS], lines)
