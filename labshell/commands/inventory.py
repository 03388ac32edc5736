"""`lab lesson inventory`: what you know of containers, before the lessons and after.

    first     20 questions; at the end, where to begin
    then      the same 20; at the end, both results beside each other

Try it: `lab lesson inventory`
"""

import click

from engine.engine import Engine
from labshell.commands.grammar import Option, Verb
from labshell.commands.listing import JSON, print_json


@click.command(
    cls=Verb,
    params=[
        Option(["--result"], is_flag=True, help="Show what came of it; ask nothing."),
        Option(["--again"], is_flag=True, help="Take the second time once more."),
        JSON,
    ],
    examples="""
        lab lesson inventory
        lab lesson inventory --result
    """,
)
@click.pass_obj
def inventory(engine: Engine, result: bool, again: bool, json: bool) -> None:
    """Answer 20 questions on what containers are: before the lessons, and after.

    The first time says which lesson to begin with, and not which answers are right. The
    second time shows both beside each other, and explains what is still wrong. There
    are no points, and every answer is kept at once: Ctrl-C and go on later.
    """
    from labshell.lessons.inventory import read
    from labshell.lessons.progress import Progress
    from labshell.lessons.screen import Screen
    from labshell.lessons.taking import Taking
    from labshell.messages import language

    spoken, progress = language(), Progress()
    questions = read(spoken)
    if json:
        print_json(questions.to_json(progress.inventory))
        return
    taking = Taking(questions, progress, Screen(spoken))
    if again:
        taking.again()
    if result or taking.finished:
        taking.show()
        return
    taking.take(_ask)


def _ask(says: str, choices: int) -> int:
    """One of so many numbers; asked again until it is one."""
    from labshell.lessons.picking import position
    from labshell.messages import translate

    while True:
        place = position(click.prompt(says).strip(), choices)
        if place is not None:
            return place + 1
        click.echo(translate("A number from 1 to {most}.").format(most=choices))
