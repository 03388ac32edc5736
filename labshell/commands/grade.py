"""`lab grade`: what you have earned in the lessons; or marks for a class.

    lab grade                              one's own, from the progress that was saved
    lab grade FILE… --assignment DIR       what was handed in, inspected anew
    lab grade --report … --assignment DIR  other files of the marks that are kept

Try it: `lab learn`, then `lab grade`
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.engine import Engine
from engine.errors import InvalidArgument, NotFound
from labshell.commands import reporting
from labshell.commands.grammar import Option, Verb
from labshell.commands.lessons import tell_broken
from labshell.commands.listing import JSON, print_json

if TYPE_CHECKING:
    from labshell.grading.journal import Look

_CLASS = "For a class"


def _path(names: Sequence[str], metavar: str, help: str) -> Option:
    kind = click.Path(path_type=Path)
    return Option([*names], type=kind, metavar=metavar, help=help, under=_CLASS)


@click.command(
    cls=Verb,
    params=[
        JSON,
        _path(["--assignment"], "DIR", "The instructor's folder of it."),
        _path(["-o", "--output", "out"], "OUT", "A folder for the marks."),
        Option(
            ["--jobs"],
            type=click.IntRange(1, 64),
            default=1,
            metavar="N",
            help="Look at so many at once (1).",
            under=_CLASS,
        ),
        Option(
            ["--student"],
            metavar="ID",
            help="Only what is this pseudonym's, by the file's name.",
            under=_CLASS,
        ),
        Option(
            ["--resume"],
            is_flag=True,
            help="Go on where a grading was cut short.",
            under=_CLASS,
        ),
        reporting.REPORT,
        reporting.ROSTER,
        reporting.VISIBLE,
        click.Argument(
            ["files"],
            nargs=-1,
            type=click.Path(path_type=Path),
            metavar="[FILE|DIR...]",
        ),
    ],
    examples="""
        lab grade
        lab grade class/ --assignment layers-1 -o marks --jobs 2
        lab grade class/ --assignment layers-1 -o marks --resume
        lab grade --assignment layers-1 -o marks --report feedback --report junit
        lab grade --assignment layers-1 -o marks --report canvas --roster roster.csv
    """,
)
@click.pass_obj
def grade(
    engine: Engine,
    json: bool,
    assignment: Path | None,
    out: Path | None,
    jobs: int,
    student: str | None,
    resume: bool,
    formats: tuple[str, ...],
    roster: Path | None,
    visible: bool,
    files: tuple[Path, ...],
) -> int:
    """Show what you have earned, lesson by lesson; or grade what a class handed in.

    Points of lessons are noted when the work is done, and kept. Hints cost nothing.

    With FILEs: each is inspected as bytes by a process that is nobody, and nothing of
    it is run or believed. Every student of the roster has a row. The exit status is 0
    if every file could be looked at. A file received.csv (`file,received`) beside the
    FILEs says who is late. The schemas of --json and of OUT/marks.json are described in
    labshell/grading/result.py and rows.py. Without FILEs, each --report is made of the
    marks that OUT holds. Pseudonyms stand in reports; names come from --roster alone.
    """
    if not (files or assignment or out or formats):
        return _own(json)
    if not (files or formats) or assignment is None or out is None:
        raise InvalidArgument(
            "what a class handed in is graded by an --assignment, to a folder -o OUT: "
            "all three are needed",
            "`lab grade` alone shows what you have earned yourself.",
        )
    folder = assignment.absolute()
    wanted = reporting.Wanted(out.absolute(), formats, roster, json)
    if visible:
        return reporting.visible(_files(files, student), folder, wanted)
    if not files:
        return reporting.again(folder, wanted)
    return _class(files, folder, wanted, jobs, student, resume)


def _own(json: bool) -> int:
    from labshell.grading.grade import grade as graded
    from labshell.grading.table import as_table
    from labshell.lessons import library
    from labshell.lessons.progress import Progress
    from labshell.messages import language

    spoken = language()
    lessons, broken = library.readable(library.names(), spoken)
    result = graded(Progress(), lessons)
    if json:
        print_json(result.to_json())
    else:
        print(as_table(result, spoken))
    return tell_broken(broken)


def _class(
    given: Sequence[Path],
    folder: Path,
    wanted: reporting.Wanted,
    jobs: int,
    student: str | None,
    resume: bool,
) -> int:
    from labshell.grading import journal, kit, rounds
    from labshell.grading.classroom import RECEIVED, Classroom, read_received
    from labshell.grading.rows import PARTIAL, UNGRADED

    asked = kit.lint(folder)
    files = _files(given, student)
    received: dict[str, datetime] = {}
    for place in {file.parent for file in files}:
        received |= read_received(place / RECEIVED)
    wanted.out.mkdir(parents=True, exist_ok=True)
    classroom, mark = Classroom(asked), journal.fingerprint(asked)
    kept = journal.Journal(wanted.out / journal.FILE, mark, resume=resume)
    try:
        looks = rounds.grade(
            classroom, files, kept, jobs, None if wanted.json else _tell
        )
    finally:
        kept.close()
    rows = classroom.rows(looks, received)
    reporting.write(asked, rows, classroom.values(), wanted)
    strays = [look for look in looks if not look.student]
    for look in strays:
        click.echo(f"{look.file}: nobody's: {look.row.note}", err=True)
    failed = {UNGRADED, PARTIAL} & {look.row.status for look in looks}
    return 1 if failed else 0


def _tell(look: "Look") -> None:
    click.echo(f"{look.file}: {look.row.status}", err=True)


def _files(given: Sequence[Path], student: str | None) -> list[Path]:
    """Every file that is meant, by its name; those of a folder are its *.tar."""
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            found += sorted(path.glob("*.tar"), key=lambda one: one.stat().st_mtime_ns)
        elif path.is_file():
            found.append(path)
        else:
            raise NotFound(f"No such file: {path}", "A file, or a folder of *.tar.")
    names = [one.name for one in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InvalidArgument(
            f"two files are called {min(twice)}", "Give each a name of its own."
        )
    return [one for one in found if student is None or one.stem == student]
