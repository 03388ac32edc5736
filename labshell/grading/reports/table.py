"""Marks as a table of plain text.

    STUDENT   STATUS    POINTS
    s001      graded    7/10

Source: labshell/views/tables.py
Try it: `lab assignment try layers-1`
"""

from collections.abc import Sequence

from labshell.grading.rows import ItemMark, Row
from labshell.lessons.outcomes import COULD_NOT_RUN
from labshell.messages import marked, translate
from labshell.views.tables import printable, table

_ROWS = (marked("STUDENT"), marked("STATUS"), marked("POINTS"), "")
_ITEMS = (marked("ITEM"), marked("CHECK"), marked("POINTS"), "")


def as_table(rows: Sequence[Row]) -> str:
    """A line for each student."""
    lines = [
        (
            printable(row.student),
            row.status,
            f"{row.earned:g}/{row.maximum}",
            printable(_note(row))[:60],
        )
        for row in rows
    ]
    return table([translate(text) for text in _ROWS], lines)


def _note(row: Row) -> str:
    """Why it was not graded, or what could not be looked at."""
    checks = (check for item in row.items for check in item.checks)
    lacking = (check.message for check in checks if check.verdict == COULD_NOT_RUN)
    return row.note or next(lacking, "")


def items_table(items: Sequence[ItemMark]) -> str:
    """What each check gave, a line each; and what scripts printed that gave no more."""
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
    told = dict.fromkeys(item.log for item in items if item.log)
    logs = ("\n".join(map(printable, log.split("\n"))) for log in told)
    return "\n\n".join((table([translate(text) for text in _ITEMS], lines), *logs))
