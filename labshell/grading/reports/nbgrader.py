"""nbgrader.csv: the columns of `nbgrader export`, for what reads those already.

    assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,
    late_submission_penalty,score,max_score

The last word of a name is taken for the last name; of "Lovelace, Ada", what is before
the comma. `timestamp` is when the file was received, if received.csv says it; that and
`duedate` are in UTC, as nbgrader's own.

Source: nbgrader/plugins/export.py of jupyter/nbgrader
Try it: `lab grade --assignment layers-1 -o OUT --report nbgrader`
"""

from collections.abc import Iterator
from datetime import UTC, datetime

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
    first, last = _names(one.name if one else "")
    came = datetime.fromisoformat(row.received) if row.received else None
    raw = float(sum(item.earned for item in row.items))
    scores: list[object] = ["", "", ""]
    if is_counted(row):
        scores = [raw, round(raw - row.earned, 2), row.earned]
    who = [row.student, last, first, one.email if one else ""]
    times = [_in_utc(asked.due), _in_utc(came) if came else ""]
    return [asked.name, *times, *who, *scores, asked.maximum]


def _names(name: str) -> tuple[str, str]:
    """First and last name."""
    last, comma, first = name.partition(",")
    if not comma:
        first, _, last = name.rpartition(" ")
    return first.strip(), last.strip()


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
