"""`lab grade VERB OUT`: what a teacher does with marks once they are there.

    lab grade triage OUT        what went wrong, in groups: a decision for each

OUT is the folder that `lab grade FILE… -o OUT` has filled; all of it is read there, and
nothing is graded again.

Try it: `lab grade triage OUT`
"""

from pathlib import Path

import click

from engine.engine import Engine
from engine.errors import NotFound
from labshell.commands.grammar import Option, Verb
from labshell.commands.listing import JSON, print_json

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
        click.echo(groups.as_overrides(found[0], marks.rows))
    else:
        click.echo(groups.as_table(found))
