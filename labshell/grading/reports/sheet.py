"""marks.csv: a line for each student, a column for each item.

    student,status,earned,maximum,share,limit,note,clean,recipe

Source: RFC 4180
Try it: `column -s, -t OUT/marks.csv`
"""

from collections.abc import Iterator

from labshell.grading.reports.escaping import sheet
from labshell.grading.reports.marks import Marks
from labshell.grading.rows import Row

_COLUMNS = ("student", "status", "earned", "maximum", "share", "limit", "note")


def files(marks: Marks) -> Iterator[tuple[str, str]]:
    """The file and its text."""
    ids = [item.id for item in marks.assignment.items]
    cells = (_cells(row, ids) for row in marks.rows)
    yield "marks.csv", sheet([[*_COLUMNS, *ids], *cells])


def _cells(row: Row, ids: list[str]) -> list[object]:
    earned = {item.item: item.earned for item in row.items}
    data = row.to_json()
    return [*(data[name] for name in _COLUMNS), *(earned.get(id, "") for id in ids)]
