"""`lab grade VERB OUT`: what a teacher does with marks once they are there.

    lab grade triage OUT        what went wrong, in groups: a decision for each
    lab grade viva OUT ID       three questions about a student's own work
    lab grade export OUT …      all that is kept of one student
    lab grade purge OUT …       what is older than a day goes

OUT is the folder that `lab grade FILE… -o OUT` has filled; all of it is read there, and
nothing is graded again.

Try it: `lab grade triage OUT`
"""

import contextlib
from datetime import datetime
from pathlib import Path

import click

from engine.engine import Engine
from engine.errors import InvalidArgument, NotFound
from labshell.commands.grammar import Option, Verb
from labshell.commands.listing import JSON, print_json
from labshell.commands.options.kinds import Value
from labshell.views.tables import printable

_OUT = click.Argument(["out"], type=click.Path(path_type=Path), metavar="OUT")


@click.command(
    cls=Verb,
    params=[
        JSON,
        Option(
            ["--group"],
            type=click.IntRange(1),
            metavar="N",
            help="Who is in it, as lines to complete for overrides.csv.",
        ),
        _OUT,
    ],
    examples="""
        lab grade triage marks
        lab grade triage marks --group 2 >> layers-1/overrides.csv
    """,
)
@click.pass_obj
def triage(engine: Engine, json: bool, group: int | None, out: Path) -> None:
    """Group what went wrong in a class by check and message, most students first.

    Messages that differ only in a student's own values, names and numbers are one
    group. LOST are the points that it has cost all of them. Items with an override are
    settled, and left out.
    """
    from labshell.grading import triage as groups
    from labshell.grading.kept import read_kept

    marks = read_kept(out)
    found = groups.triage(marks.rows.values())
    if group is not None:
        if group > len(found):
            raise NotFound(f"There are {len(found)} groups", "`lab grade triage OUT`")
        found = found[group - 1 : group]
    if json:
        print_json([one.to_json() for one in found])
    elif group is not None:
        if not found[0].item:
            raise InvalidArgument(
                f"group {group} is of no item: nothing of theirs was looked at",
                "Points are given item by item: `s003,ITEM,POINTS,REASON,BY`.",
            )
        click.echo(groups.as_overrides(found[0], marks.rows))
    else:
        click.echo(groups.as_table(found))


@click.command(
    cls=Verb,
    params=[JSON, _OUT, click.Argument(["student"], metavar="STUDENT")],
    examples="""
        lab grade viva marks s001
    """,
)
@click.pass_obj
def viva(engine: Engine, json: bool, out: Path, student: str) -> None:
    """Print three questions about a student's own work, with right answers for staff.

    From their values, files, layers and answers: who has done the work finds them easy.
    No points come of it.
    """
    from labshell.grading import tracer
    from labshell.grading.kept import read_kept
    from labshell.grading.viva import questions

    row = read_kept(out).row(student)
    traces = dict(tracer.read(out)).get(row.file) if row.items else None
    if traces is None:
        raise NotFound(
            f"{student} has handed in nothing that could be traced",
            "The row in marks.json says why.",
        )
    found = questions(row, traces)
    if json:
        print_json([question.to_json() for question in found])
        return
    for number, question in enumerate(found, 1):
        click.echo(f"{number}. {printable(question.ask)}")
        click.echo(f"   Right: {printable(question.answer)}\n")


@click.command(
    cls=Verb,
    params=[
        Option(
            ["--student"],
            metavar="ID",
            required=True,
            help="Whose, by the pseudonym.",
        ),
        Option(
            ["-o", "--output", "file"],
            type=click.Path(path_type=Path),
            metavar="FILE",
            required=True,
            help="The tar to write.",
        ),
        _OUT,
    ],
    examples="""
        lab grade export marks --student s001 -o s001.tar
    """,
)
@click.pass_obj
def export(engine: Engine, student: str, file: Path, out: Path) -> None:
    """Write all that is kept of one student into a tar, and nothing of any other.

    The row and how it came about, lines of overrides.csv and of gradebooks, feedback,
    and what was handed in, if its token says that it is theirs and it is still there.
    Other pseudonyms are taken out of every text. For a student who asks.
    """
    from labshell.grading import disclosure

    for name in disclosure.export(out, student, file.absolute()):
        click.echo(name)


def _moment(text: str) -> datetime:
    from labshell.grading import sheets

    try:
        moment = sheets.moment(text)
    except ValueError as error:
        raise ValueError(
            f"a day as in 2026-12-31 is needed, not {text[:60]!r}"
        ) from error
    return moment if moment.tzinfo else moment.astimezone()


@click.command(
    cls=Verb,
    params=[
        Option(
            ["--before"],
            type=Value("date", _moment),
            metavar="DATE",
            required=True,
            help="What was graded earlier goes: 2026-12-31.",
        ),
        Option(
            ["--work"],
            is_flag=True,
            help="Also the files that were handed in, unless they have changed.",
        ),
        click.Argument(
            ["outs"],
            type=click.Path(path_type=Path),
            nargs=-1,
            required=True,
            metavar="OUT...",
        ),
    ],
    examples="""
        lab grade purge marks --before 2026-12-31
        lab grade purge term-*/marks --before 2026-06-30 --work
    """,
)
@click.pass_obj
def purge(engine: Engine, before: datetime, work: bool, outs: tuple[Path, ...]) -> None:
    """Remove the marks that were given before a day, and say what went.

    Only what labshell has written into OUT; your own files stay. By the machine's
    clock when it was graded. The assignment, its key and its roster are not touched.
    """
    from labshell.grading import keeping

    for out in outs:
        staying = keeping.staying(out) if work else []
        gone = keeping.purge(out, before, work=work)
        if not gone:
            click.echo(f"{out}: newer, all of it stays")
        for path in gone:
            click.echo(path)
        for path in staying if gone else ():
            why = "it has changed since, and stays" if path.exists() else "not there"
            click.echo(f"{path}: {why}", err=True)
        with contextlib.suppress(OSError):  # it holds something else
            out.rmdir()
