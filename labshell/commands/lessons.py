"""`lab notes`, `lab lesson`: which lessons there are; what came of them.

A lesson that cannot be read does not hide the others: they are shown, it is told of on
stderr, and the exit status is 1.

Try it: `lab lesson list`
"""

from collections.abc import Iterable
from pathlib import Path

import click

from engine.engine import Engine
from engine.errors import EngineError, NotFound, told_as_engine_errors
from labshell.commands.grammar import Option, Verb, Verbs
from labshell.commands.listing import JSON, print_json
from labshell.commands.report import report


def tell_broken(broken: Iterable[EngineError]) -> int:
    """Say what is wrong with the lessons that cannot be read; the exit status."""
    status = 0
    for error in broken:
        report(error)
        status = 1
    return status


@click.command(
    cls=Verb,
    params=[
        Option(["--html"], is_flag=True, help="One page of HTML, not Markdown."),
        click.Argument(["names"], nargs=-1, metavar="[TRACK/LESSON...]"),
    ],
    examples="""
        lab notes commit/init-layer | less
        lab notes --html > notes.html
    """,
)
@click.pass_obj
def notes(engine: Engine, html: bool, names: tuple[str, ...]) -> int:
    """Print what to keep of your lessons: your predictions, what happened, and why.

    Commands are given in Docker's words, where Docker has them. What you have not done
    yet is left out.
    """
    from labshell.lessons import library
    from labshell.lessons.notes import as_html
    from labshell.lessons.notes import notes as noted
    from labshell.lessons.progress import Progress
    from labshell.messages import language, translate

    spoken = language()
    lessons, broken = library.readable(names or library.names(), spoken)
    text = noted(Progress(), lessons, spoken)
    if not text and not broken:
        raise NotFound(
            translate("No step of a lesson is done yet"),
            translate("`lab learn` opens one."),
        )
    print(as_html(text, spoken) if html and text else text, end="")
    return tell_broken(broken)


@click.command(
    cls=Verb,
    params=[JSON],
    examples="""
        lab lesson list
    """,
)
@click.pass_obj
def list_(engine: Engine, json: bool) -> int:
    """List the lessons, in the order to take them."""
    from labshell.lessons import library
    from labshell.messages import language, translate
    from labshell.views.tables import table

    spoken = language()
    found, broken = library.readable(library.names(), spoken)
    rows = [(x.name, str(x.minutes), str(x.maximum), x.title) for x in found]
    if json:
        names = ("lesson", "minutes", "points", "title")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        headings = (
            translate("LESSON"),
            translate("MINUTES"),
            translate("POINTS"),
            translate("TITLE"),
        )
        print(table(headings, rows))
    return tell_broken(broken)


@click.command(
    cls=Verb,
    examples="""
        lab lesson where
    """,
)
@click.pass_obj
def where(engine: Engine) -> None:
    """Say where you left off. It is what a login greets you with."""
    from labshell.lessons.progress import Progress
    from labshell.lessons.where import where as left_off
    from labshell.messages import language

    print(left_off(Progress(), language()))


@click.command(
    cls=Verb,
    params=[click.Argument(["file"], metavar="FILE|-")],
    examples="""
        lab lesson export progress.json
    """,
)
@click.pass_obj
def export(engine: Engine, file: str) -> None:
    """Write your progress to a file, for another machine or to keep. `-` is stdout.

    Points, answers and what is due in `:drill` are in it. What a lesson made in the
    engine stays here.
    """
    from labshell.lessons import saving
    from labshell.lessons.progress import Progress
    from labshell.messages import translate

    data = Progress().portable()
    if file == "-":
        print_json(data)
        return
    with told_as_engine_errors():
        saving.write(Path(file), data)
    print(translate("{file} is exported.").format(file=file))


@click.command(
    cls=Verb,
    params=[click.Argument(["file"], metavar="FILE")],
    examples="""
        lab lesson import progress.json
    """,
)
@click.pass_obj
def import_(engine: Engine, file: str) -> None:
    """Take in an exported progress: of each step, the better result counts.

    To take it in twice changes nothing, and nothing that is here is lost.
    """
    from labshell.lessons.progress import Progress, exported
    from labshell.messages import translate

    progress = Progress()
    before = progress.earned
    progress.take_in(exported(Path(file)))
    says = translate("{file} is merged: {earned} points before, {now} now.")
    print(says.format(file=file, earned=before, now=progress.earned))


lesson = Verbs(
    name="lesson",
    headings={
        "Verbs": {
            "list": "labshell.commands.lessons:list_",
            "where": "labshell.commands.lessons:where",
            "inventory": "labshell.commands.inventory:inventory",
            "export": "labshell.commands.lessons:export",
            "import": "labshell.commands.lessons:import_",
        },
        "For authors": {
            "new": "labshell.commands.authors:new",
            "lint": "labshell.commands.authors:lint",
            "preview": "labshell.commands.authors:preview",
            "test": "labshell.commands.authors:test",
            "table": "labshell.commands.authors:table",
        },
    },
    help="""
    The lessons themselves: which there are, where you are, and whether they are sound.

    To take a lesson, use `lab learn`.
    """,
)
