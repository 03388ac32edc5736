"""`lab grade … --report`: the marks of a class as files for other programs.

    write      with the marks that were just made
    again      from those that OUT holds, without looking at any file anew
    visible    of a kit's own checks, where neither key nor roster are: GitHub's runners

Try it: `lab grade --assignment layers-1 -o OUT --report junit`
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from engine.errors import InvalidArgument
from labshell.commands.grammar import Option
from labshell.commands.listing import print_json

if TYPE_CHECKING:
    from labshell.grading.assignment import Assignment
    from labshell.grading.reports.marks import Marks
    from labshell.grading.rows import Row

_HEADING = "Reports"
_NAMED = ("canvas", "moodle", "nbgrader")  # gradebooks, which find students by names
_MOST = 5  # students that are told by name
# The table in labshell/grading/reports/ is imported when a report is made, not before.
FORMATS = (
    *("junit", "gradescope", "github", "canvas", "moodle", "nbgrader"),
    *("feedback", "class"),
)

REPORT = Option(
    ["--report", "formats"],
    multiple=True,
    type=click.Choice(FORMATS),
    help="Write this, too; may be repeated.",
    under=_HEADING,
)
ROSTER = Option(
    ["--roster"],
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Who is who, for canvas, moodle and nbgrader.",
    under=_HEADING,
)
VISIBLE = Option(
    ["--visible"],
    is_flag=True,
    help="Only a kit's own checks: for who has no key.",
    under=_HEADING,
)


class Wanted(NamedTuple):
    """Where to, which reports, and the roster for those that have names."""

    out: Path
    formats: Sequence[str]
    roster: Path | None
    json: bool


def write(
    asked: "Assignment",
    rows: "Sequence[Row]",
    values: Mapping[str, Mapping[str, str]],
    wanted: Wanted,
) -> None:
    """Write the reports, and show the marks."""
    from labshell.grading import reports
    from labshell.grading.reports.marks import Marks
    from labshell.grading.reports.people import read_people

    people = read_people(wanted.roster) if wanted.roster else {}
    marks = Marks(assignment=asked, rows=rows, people=people, values=values)
    former = reports.write(marks, wanted.out, wanted.formats)
    for name in dict.fromkeys(wanted.formats):
        _tell(f"{wanted.out / reports.FORMATS[name].place}: written")
        if name in _NAMED:
            _tell_nameless(name, marks)
    for name in former:
        place = wanted.out / reports.FORMATS[name].place
        _tell(f"{place}: made of former marks; --report {name} makes it anew")
    _show(marks, wanted)


def _show(marks: "Marks", wanted: Wanted) -> None:
    from labshell.grading.reports.table import as_table

    if wanted.json:
        print_json(marks.to_json())
    else:
        click.echo(as_table(marks.rows))


def _tell(text: str) -> None:
    click.echo(text, err=True)


def _tell_nameless(name: str, marks: "Marks") -> None:
    """Who stands in a gradebook by a pseudonym, which it does not know."""
    without = [row.student for row in marks.rows if row.student not in marks.people]
    if without:
        who = "everybody" if not marks.people else ", ".join(without[:_MOST])
        more = "" if not marks.people or len(without) <= _MOST else " …"
        _tell(f"{name}: {who}{more} by pseudonym; --roster FILE with a line for each")


def again(folder: Path, wanted: Wanted) -> int:
    """Reports of the marks that were kept; without any, the marks are only shown."""
    from labshell.grading import kit
    from labshell.grading.classroom import Classroom
    from labshell.grading.reports.marks import Marks, read_rows

    asked = kit.lint(folder)
    rows = read_rows(wanted.out, asked)
    if wanted.formats:
        write(asked, rows, Classroom(asked).values(), wanted)
    else:
        _show(Marks(assignment=asked, rows=rows), wanted)
    return 0


def visible(files: Sequence[Path], folder: Path, wanted: Wanted) -> int:
    """What a kit's own checks give: for nobody's marks, so nobody need be believed."""
    from labshell.grading import keeping
    from labshell.grading.assignment import read_assignment
    from labshell.grading.rows import GRADED
    from labshell.grading.visible import as_visible, look

    if (wanted.out / keeping.FILE).exists():
        raise InvalidArgument(
            f"-o {wanted.out}: marks of all checks are there",
            "What the visible ones alone give needs another folder.",
        )
    asked = as_visible(read_assignment(folder))
    rows = [look(asked, file) for file in files]
    if twice := len(rows) - len({row.student for row in rows}):
        raise InvalidArgument(
            f"{twice} of the files are of a student who has another one, too",
            "One file for each student.",
        )
    wanted.out.mkdir(parents=True, exist_ok=True)
    write(asked, rows, {}, wanted)
    return 0 if {row.status for row in rows} <= {GRADED} else 1
