"""`lab assignment pin`: an assignment as it is now, for a term; and what differs later.

Try it: `lab assignment pin layers-1`, change checks.py, `lab assignment lint layers-1`
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.engine import Engine
from labshell.commands.grammar import Verb
from labshell.commands.report import notice

if TYPE_CHECKING:
    from labshell.grading.assignment import Assignment

_MOST = 10  # lines: who sees ten differences looks for himself


@click.command(
    cls=Verb,
    params=[
        click.Argument(
            ["folder"], type=click.Path(path_type=Path), metavar="DIR", required=True
        )
    ],
    examples="""
        lab assignment pin layers-1
    """,
)
@click.pass_obj
def pin(engine: Engine, folder: Path) -> None:
    """Write down the digests of an assignment's files and base images: pins.json.

    From then on lint, try and grade say what is not as it was pinned. The base images
    are frozen, if they are not yet. After a change that is meant, pin it again: what
    differed until then is told.
    """
    from labshell.grading import kit, pins

    assignment = kit.lint(folder.absolute())
    kit.freeze(engine, assignment)
    tell_differences(assignment)
    click.echo(f"{assignment.name}: {pins.pin(assignment)} digests in {pins.FILE}")


def tell_differences(assignment: "Assignment") -> None:
    """Say what is not as it was pinned, if anything was pinned."""
    from labshell.grading import pins

    found = pins.differences(assignment)
    for line in found[:_MOST]:
        notice(f"{assignment.name}/{line}")
    if len(found) > _MOST:
        notice(f"{assignment.name}: {len(found) - _MOST} more differ")
