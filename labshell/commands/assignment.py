"""`lab assignment …`, `lab submit`: marked work, from an instructor's idea to a file.

    instructor   lab assignment new, lint, try    a folder: grading/assignment.py
                 lab assignment lessons           checks of lessons to take from
                 lab assignment pin               pinning.py: what it is now, noted
                 lab assignment export            kits and tokens for students
                 lab assignment gradescope        an autograder to upload
    student      lab submit                       what is handed in
    instructor   lab grade … --assignment         marks: commands/grade.py

Try it: `lab assignment new layers-1; lab assignment try layers-1`
"""

from pathlib import Path

import click

from engine.engine import Engine
from engine.errors import EngineError, InvalidArgument, NotFound
from labshell.commands.grammar import Option, Verb, Verbs
from labshell.commands.pinning import tell_differences
from labshell.views.tables import printable

_FOLDER = click.Argument(
    ["folder"], type=click.Path(path_type=Path), metavar="DIR", required=True
)


@click.command(
    cls=Verb,
    params=[_FOLDER],
    examples="""
        lab assignment new layers-1
    """,
)
@click.pass_obj
def new(engine: Engine, folder: Path) -> None:
    """Make an assignment that is sound as it is, to be changed one thing at a time.

    The folder above becomes that of a course, if it is none: with course.key, which
    nobody else may have, and roster.csv, the only place with names.
    """
    from labshell.grading import kit

    kit.new(folder.absolute())
    click.echo(folder)


@click.command(
    cls=Verb,
    params=[_FOLDER],
    examples="""
        lab assignment lint layers-1
    """,
)
@click.pass_obj
def lint(engine: Engine, folder: Path) -> None:
    """Read an assignment, its checks and its course, and say what is wrong."""
    from labshell.grading import kit

    assignment = kit.lint(folder.absolute())
    tell_differences(assignment)
    click.echo(
        f"{assignment.name}: {len(assignment.items)} items, {assignment.maximum} "
        f"points, {assignment.visible} of them by visible checks"
    )
    if kit.tells_of_another(assignment):
        click.echo("README.md, which students get, is about another assignment")


@click.command(
    cls=Verb,
    examples="""
        lab assignment lessons
    """,
)
@click.pass_obj
def lessons(engine: Engine) -> int:
    """List the checks of lessons that an item of an assignment can have.

    They look only at what can be handed in: an image, or the answer. The values that a
    check reads must be among the assignment's, as its lesson has them.
    """
    from labshell.commands.lessons import tell_broken
    from labshell.grading.lesson_checks import listed
    from labshell.lessons import library
    from labshell.views.tables import table

    found, broken = library.readable(library.names())
    rows = []
    for lesson in found:
        try:
            rows += [
                (x.name, x.kind, str(x.points), " ".join(x.values))
                for x in listed(lesson)
            ]
        except EngineError as error:
            broken.append(error)
    click.echo(table(("CHECK", "KIND", "POINTS", "VALUES"), rows))
    return tell_broken(broken)


@click.command(
    "try",
    cls=Verb,
    params=[_FOLDER],
    examples="""
        lab assignment try layers-1
    """,
)
@click.pass_obj
def try_(engine: Engine, folder: Path) -> int:
    """Solve an assignment by its own solution/, hand it in, and grade it.

    In an engine of its own, which is removed afterwards. The exit status is 0 if every
    point was earned.
    """
    from labshell.grading import trial
    from labshell.grading.assignment import read_assignment
    from labshell.grading.reports.table import items_table

    row = trial.solve(engine, folder.absolute())
    tell_differences(read_assignment(folder.absolute()))
    click.echo(items_table(row.items))
    click.echo(
        f"{row.status}: {row.earned:g}/{row.maximum} {printable(row.note)}".strip()
    )
    return 0 if row.earned == row.maximum else 1


@click.command(
    cls=Verb,
    params=[
        Option(
            ["-o", "--output", "out"],
            type=click.Path(path_type=Path),
            metavar="OUT",
            required=True,
            help="A new folder for the kit and the tokens.",
        ),
        _FOLDER,
    ],
    examples="""
        lab assignment export layers-1 -o handout
    """,
)
@click.pass_obj
def export(engine: Engine, out: Path, folder: Path) -> None:
    """Write what students get: the kit, the same for all, and a token for each.

    No solution, no answer and no hidden check is in it. The base images are, as they
    are now: so nothing is fetched later, by students or while grading.
    """
    from labshell.grading import kit

    students = kit.export(engine, folder.absolute(), out.absolute())
    click.echo(f"{out}/kit  {out}/tokens ({students} students)")


@click.command(
    cls=Verb,
    params=[
        Option(
            ["-o", "--output", "out"],
            type=click.Path(path_type=Path),
            metavar="FILE",
            required=True,
            help="The zip to upload.",
        ),
        Option(
            ["--roster"],
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Who is who, if the course's roster does not say it.",
        ),
        _FOLDER,
    ],
    examples="""
        lab assignment gradescope layers-1 -o autograder.zip
        lab assignment gradescope layers-1 -o autograder.zip --roster gradescope.csv
    """,
)
@click.pass_obj
def gradescope(engine: Engine, out: Path, roster: Path | None, folder: Path) -> None:
    """Write an autograder for Gradescope: the assignment, and what grades it.

    Students upload what `lab submit` makes. Whose it is, its token says; who uploads it
    must be that student: by the name, e-mail address or SID that Gradescope knows, and
    that the roster has under student, email or sis_id. The course key is not in it.
    """
    from labshell.grading.gradescope import zipped

    students = zipped.write(engine, folder.absolute(), out.absolute(), roster)
    click.echo(f"{out} ({students} students)")


assignment = Verbs(
    name="assignment",
    help="""
    Marked work for a course: make it, try it, hand it out.

    Lessons are for learning: their solutions are there to read. What is marked comes
    from an assignment, whose hidden checks never leave the instructor's folder.
    """,
    headings={
        "Verbs": {
            "new": "labshell.commands.assignment:new",
            "lint": "labshell.commands.assignment:lint",
            "lessons": "labshell.commands.assignment:lessons",
            "try": "labshell.commands.assignment:try_",
            "export": "labshell.commands.assignment:export",
            "pin": "labshell.commands.pinning:pin",
            "gradescope": "labshell.commands.assignment:gradescope",
        }
    },
)


@click.command(
    cls=Verb,
    params=[
        Option(
            ["-o", "--output", "out"],
            type=click.Path(path_type=Path),
            metavar="FILE",
            required=True,
            help="The file to hand in.",
        ),
        click.Argument(
            ["folder"],
            type=click.Path(path_type=Path),
            metavar="[DIR]",
            required=False,
        ),
    ],
    examples="""
        cd layers-1; lab submit -o ~/mine.tar
    """,
)
@click.pass_obj
def submit(engine: Engine, out: Path, folder: Path | None) -> None:
    """Pack what an assignment asks for into one file, and run its visible checks.

    DIR is the folder of the assignment, with your token in the file `token`; by default
    the one that you are in. Only what is listed goes in: no times, no history, nothing
    else of this machine. As often as you like.
    """
    from labshell.grading import marking, packing, visible
    from labshell.grading.assignment import read_assignment
    from labshell.grading.reports.table import items_table
    from labshell.lessons.values import fill

    place = (folder or Path()).absolute()
    asked = read_assignment(place)
    student, token = packing.read_token(place)
    if out.is_dir():
        raise InvalidArgument(f"{out} is a directory", "Name a file in it.")
    if not out.absolute().parent.is_dir():
        raise NotFound(f"{out.parent}: no such directory", "Make it, or name another.")
    values = marking.values_of(asked, token)
    for item in asked.items:
        click.echo(f"{item.id}: {fill(item.title, values)}")
    packed = packing.pack(engine, asked, student, token, out.absolute())
    click.echo(f"\n{out}, for {packed.student}:")
    for name, size in packed.members.items():
        click.echo(f"  {size:>10}  {name}")
    for name in packed.left_out:
        click.echo(f"  not there    {printable(name)}")
    marks = visible.marks(asked, out.absolute())[1]
    click.echo(f"\n{items_table(marks)}")
    earned = sum(item.earned for item in marks)
    hidden = asked.maximum - asked.visible
    more = f"; {hidden} more points are hidden" if hidden else ""
    click.echo(f"Visible {earned}/{asked.visible}{more}.")
