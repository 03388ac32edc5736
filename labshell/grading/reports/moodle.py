"""moodle.csv: what Moodle takes at "Grades, Import, CSV file".

    Username,ID number,Email address,Small and clean,Feedback
    ada,A-1815,ada@example.org,7,"clean 7/7; …"

"Identify user by" is set to one of the first three, the grade and the feedback are
mapped to the grade item. Moodle shows feedback as HTML: so there is no `<` in it.

Source: https://docs.moodle.org/en/Grade_import
Try it: `lab grade --assignment layers-1 -o OUT --report moodle --roster roster.csv`
"""

from collections.abc import Iterator

from labshell.grading.reports.escaping import sheet
from labshell.grading.reports.marks import Marks, is_counted
from labshell.grading.reports.wording import messages, remarks
from labshell.grading.rows import Row

_IN_HTML = str.maketrans("<>", "‹›")


def files(marks: Marks) -> Iterator[tuple[str, str]]:
    """The file and its text."""
    head = ("Username", "ID number", "Email address")
    lines: list[list[object]] = [[*head, marks.assignment.title, "Feedback"]]
    for row in marks.rows:
        one = marks.people.get(row.student)
        who = [one.login, one.sis_id, one.email] if one else [row.student, "", ""]
        lines.append([*who, row.earned if is_counted(row) else "", _feedback(row)])
    yield "moodle.csv", sheet(lines)


def _feedback(row: Row) -> str:
    if not row.items:
        parts = remarks(row)
    else:
        parts = [
            f"{item.item} {item.earned}/{item.maximum}: {messages(item)}"
            for item in row.items
        ]
    return "; ".join(parts).translate(_IN_HTML)
