"""`lab grade`: what you have earned in the lessons; or marks for a class.

    lab grade                              one's own, from the progress that was saved
    lab grade FILE… --assignment DIR       what was handed in, inspected anew
    lab grade --report … --assignment DIR  other files of the marks that are kept
    lab grade VERB OUT                     what to do with the marks: marks.py

Try it: `lab learn`, then `lab grade`
"""

import difflib
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.engine import Engine
from engine.errors import InvalidArgument
from labshell.commands import reporting, suggest
from labshell.commands.branching import Branching
from labshell.commands.grammar import Option
from labshell.commands.lessons import tell_broken
from labshell.commands.listing import JSON, print_json

if TYPE_CHECKING:
    from labshell.grading.grading import Asked
    from labshell.grading.rounds import Watcher

_CLASS = "For a class"
_VERBS = {
    verb: f"labshell.commands.marks:{verb}"
    for verb in ("triage", "viva", "export", "purge")
}
_HELP = """
Show what you have earned, lesson by lesson; or grade what a class handed in.

Points of lessons are noted when the work is done, and kept. Hints cost nothing.

With FILEs: each is inspected as bytes by a process that is nobody, and nothing that
it says is believed. Scripts that the assignment asks for are run, each in a container
of its own, if you are root. With a folder, every student of the roster has a row;
with FILEs alone or --student, the rows of all others stay as OUT has them. The exit
status is 0 if every file could be looked at. A file received.csv (`file,received`)
beside the FILEs says who is late. The schemas of --json and of OUT/marks.json are
described in labshell/grading/result.py and rows.py. Without FILEs, the marks
that OUT holds are shown, and each --report is made of them. Pseudonyms stand in
reports; names come from --roster alone.

--compare takes a former OUT, or its marks.json: each change is listed and written
to OUT/changes.json. A mark that would be lower stays as it was, unless
--allow-lower confirms it, or overrides.csv.

If the first word is one of the verbs below, it is that; a file called so is ./FILE.
"""


def _path(names: Sequence[str], metavar: str, help: str) -> Option:
    kind = click.Path(path_type=Path)
    return Option([*names], type=kind, metavar=metavar, help=help, under=_CLASS)


@click.command(
    cls=Branching,
    help=_HELP,
    verbs=_VERBS,
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
        _path(
            ["--compare", "old"], "OLD", "List what changes since OLD; lower no mark."
        ),
        Option(
            ["--allow-lower", "lower"],
            is_flag=True,
            help="With --compare: marks may become less.",
            under=_CLASS,
        ),
        Option(
            ["--scheduler"],
            metavar="ADDRESS",
            help="Have the workers of a Dask cluster look: tls://HOST:PORT.",
            under=_CLASS,
        ),
        _path(["--tls-ca"], "FILE", "With --scheduler: whom we trust."),
        _path(["--tls-cert"], "FILE", "With --scheduler: who we are."),
        _path(["--tls-key"], "FILE", "With --scheduler: the key to that."),
        click.Argument(
            ["files"],
            nargs=-1,
            type=click.Path(path_type=Path),
            metavar="[FILE|DIR...]",
            shell_complete=suggest.files_or(*_VERBS),
        ),
    ],
    examples="""
        lab grade
        lab grade class/ --assignment layers-1 -o marks --jobs 2
        lab grade class/ --assignment layers-1 -o marks --resume
        lab grade --assignment layers-1 -o marks --report feedback --report junit
        lab grade --assignment layers-1 -o marks --report canvas --roster roster.csv
        lab grade class/ --assignment layers-1 -o new --compare marks
        lab grade class/ --assignment layers-1 -o m --scheduler tcp://127.0.0.1:8786
        lab grade triage marks
        lab grade viva marks s001
    """,
)
@click.pass_obj
def grade(
    engine: Engine,
    /,
    json: bool,
    assignment: Path | None,
    out: Path | None,
    student: str | None,
    formats: tuple[str, ...],
    roster: Path | None,
    visible: bool,
    files: tuple[Path, ...],
    **how: Any,
) -> int:
    """What `lab grade` does, by what was given. `how`: see `Asked`."""
    if how["lower"] and how["old"] is None:
        raise InvalidArgument(
            "--allow-lower says what --compare OLD may do", "Name the former marks."
        )
    if not (files or assignment or out or formats or how["old"]):
        return _own(json)
    old, resume = how["old"], how["resume"]
    needs_files = bool(visible or student or old or resume)
    folder, out = _places(files, assignment, out, needs_files)
    from labshell.grading.grading import Asked
    from labshell.grading.intake import files_of
    from labshell.grading.keeping import by_former_names

    wanted = reporting.Wanted(out, formats, roster, json)
    found = files_of(files, student, out)
    if visible:
        return reporting.visible(found, folder, wanted)
    if not files:
        return reporting.again(folder, wanted)
    _tell_place(files, folder, out)
    # Only a folder shows who has handed in nothing.
    how["folders"] = [path for path in files if path.is_dir()]
    how["part"] = student is not None or not how["folders"]
    if how["part"]:
        found = by_former_names(out, found)
    return _class(Asked(files=found, folder=folder, out=out, **how), wanted)


def _places(
    files: Sequence[Path], assignment: Path | None, out: Path | None, needs_files: bool
) -> tuple[Path, Path]:
    """The folders of the assignment and of the marks, if all is there."""
    if assignment is None or out is None:
        raise InvalidArgument(
            "a class is graded by an --assignment DIR, to a folder -o OUT: "
            "both are needed",
            _verb_meant(files)
            or "`lab grade` alone shows what you have earned yourself.",
        )
    if needs_files and not files:
        raise InvalidArgument(
            "no FILE is named, so there is nothing to grade", "Name FILEs or a folder."
        )
    return assignment.absolute(), out.absolute()


def _verb_meant(files: Sequence[Path]) -> str:
    """What to type, if the first word is no file and nearly a verb."""
    if not files or files[0].exists():
        return ""
    near = difflib.get_close_matches(str(files[0]), _VERBS, 1)
    return f"Is `lab grade {near[0]}` meant?" if near else ""


def _tell_place(files: Sequence[Path], folder: Path, out: Path) -> None:
    """Refuse an OUT among other things; tell what of the folders is left out."""
    from labshell.grading import intake

    intake.check_place(out, folder, files)
    for told in intake.left_out(files, out):
        click.echo(told, err=True)


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


def _class(asked: "Asked", wanted: reporting.Wanted) -> int:
    from labshell.commands.pinning import tell_differences
    from labshell.grading import comparing, keeping
    from labshell.grading.grading import grade_class, trace

    with _watching(wanted) as watcher:
        graded = grade_class(asked, watcher)
    reporting.write(graded.assignment, graded.rows, graded.values, wanted)
    keeping.note(asked.out, asked.folder, asked.files, graded.others)
    tell_differences(graded.assignment)
    if things := trace(asked, graded):
        click.echo(
            f"{asked.out}/honesty.json: {things} for staff to look at; no points "
            "depend on it",
            err=True,
        )
    if graded.changes and not wanted.json:
        click.echo(f"\n{comparing.as_table(graded.changes)}")
    for told in graded.told:
        click.echo(told, err=True)
    for look in graded.strays:
        click.echo(f"{look.file}: nobody's: {look.row.note}", err=True)
    return 0 if graded.whole else 1


def _watching(wanted: reporting.Wanted) -> AbstractContextManager["Watcher"]:
    """Who tells how it goes on: a bar on a terminal, else a line for each file."""
    from labshell.grading.rounds import Watcher

    if wanted.json or not sys.stderr.isatty():
        say = None if wanted.json else partial(click.echo, err=True)
        return nullcontext(Watcher(say))
    from rich.console import Console

    from labshell.views.rounds import Bar

    return Bar(Console(stderr=True, highlight=False))
