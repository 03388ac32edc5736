"""nbgrader.csv: the columns of `nbgrader export`, for what reads those already.

    assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,
    late_submission_penalty,score,max_score

The last word of a name is taken for the last name. When a file was handed in is not
known here, so `timestamp` is empty; `duedate` is in UTC, as nbgrader's own.

Source: nbgrader/plugins/export.py of jupyter/nbgrader
Try it: `lab grade --assignment layers-1 -o OUT --report nbgrader`
"""

from collections.abc import Iterator
from datetime import UTC

from labshell.grading.reports.escaping import sheet
from labshell.grading.reports.marks import Marks, is_counted
from labshell.grading.rows import Row

_COLUMNS = (
    *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name"),
    *("email", "raw_score", "late_submission_penalty", "score", "max_score"),
)


def files(marks: Marks) -> Iterator[tuple[str, str]]:
    """The file and its text."""
    lines = [_cells(marks, row) for row in marks.rows]
    yield "nbgrader.csv", sheet([_COLUMNS, *lines])


def _cells(marks: Marks, row: Row) -> list[object]:
    asked, one = marks.assignment, marks.people.get(row.student)
    due = asked.due.astimezone(UTC).replace(tzinfo=None)
    first, _, last = (one.name if one else "").rpartition(" ")
    raw = float(sum(item.earned for item in row.items))
    scores: list[object] = ["", "", ""]
    if is_counted(row):
        scores = [raw, round(raw - row.earned, 2), row.earned]
    who = [row.student, last, first, one.email if one else ""]
    return [asked.name, due, "", *who, *scores, asked.maximum]
