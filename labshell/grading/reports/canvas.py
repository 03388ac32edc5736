"""canvas.csv: what Canvas takes at "Gradebook, Import".

    Student,ID,SIS User ID,SIS Login ID,Section,Small and clean
        Points Possible,,,,,10
    Ada Lovelace,4711,A-1815,ada,Monday,7

Canvas finds a student by the first of these columns that it knows. A cell is empty for
what could not be graded: an import of it changes nothing.

Source: "How do I import grades in the Gradebook?", Canvas Instructor Guide; and
lib/gradebook_importer.rb of instructure/canvas-lms
Try it: `lab grade --assignment layers-1 -o OUT --report canvas --roster roster.csv`
"""

from collections.abc import Iterator

from labshell.grading.reports.escaping import sheet
from labshell.grading.reports.marks import Marks, is_counted

_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


def files(marks: Marks) -> Iterator[tuple[str, str]]:
    """The file and its text."""
    asked = marks.assignment
    lines: list[list[object]] = [
        [*_COLUMNS, asked.title],
        ["    Points Possible", "", "", "", "", asked.maximum],
    ]
    for row in marks.rows:
        one = marks.person(row.student)
        who = [one.name, one.id, one.sis_id, one.login, one.section]
        lines.append([*who, row.earned if is_counted(row) else ""])
    yield "canvas.csv", sheet(lines)
