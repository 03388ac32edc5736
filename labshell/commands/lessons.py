"""`lab learn`, `lab grade`, `lab lesson`: learning, and what came of it.

Try it: `lab learn`, then `lab grade`
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from engine.engine import Engine
from labshell.commands.grammar import Option, Verb, Verbs
from labshell.commands.listing import JSON, print_json

if TYPE_CHECKING:
    from labshell.lessons.lint import Finding


@click.command(
    cls=Verb,
    params=[click.Argument(["name"], required=False, metavar="[TRACK/LESSON]")],
    examples="""
        lab learn
        lab learn commit/init-layer
    """,
)
@click.pass_obj
def learn(engine: Engine, name: str | None) -> int:
    """Open a lesson in the shell, or go on with the one that was open.

    A lesson is read, watched, and worked through on real containers. What you do is
    noticed by its effects, so there is no command that you must use.
    """
    from labshell.lessons import library
    from labshell.shell import repl

    if name is not None:
        library.find(name)  # says what is wrong before a shell is opened
    if repl.current is not None:
        repl.current.learn(name)
        return 0
    return repl.run(engine, name or "")


@click.command(
    cls=Verb,
    params=[JSON],
    examples="""
        lab grade
        lab grade --json
    """,
)
@click.pass_obj
def grade(engine: Engine, json: bool) -> None:
    """Show what you have earned, lesson by lesson.

    Points are noted when the work is done, and kept. Hints cost nothing. The schema of
    --json is described in labshell/grading/result.py.
    """
    from labshell.grading.grade import grade as graded
    from labshell.grading.table import as_table
    from labshell.lessons import library
    from labshell.lessons.progress import Progress
    from labshell.lessons.words import language_of_terminal

    language = language_of_terminal()
    lessons = [library.find(name, language) for name in library.names()]
    result = graded(Progress(), lessons)
    if json:
        print_json(result.to_json())
    else:
        print(as_table(result, language))


@click.command(
    cls=Verb,
    params=[JSON],
    examples="""
        lab lesson list
    """,
)
@click.pass_obj
def list_(engine: Engine, json: bool) -> None:
    """List the lessons, in the order to take them."""
    from labshell.lessons import library
    from labshell.lessons.words import language_of_terminal
    from labshell.views.tables import table

    language = language_of_terminal()
    found = [library.find(name, language) for name in library.names()]
    rows = [(x.name, str(x.minutes), str(x.maximum), x.title) for x in found]
    if json:
        names = ("lesson", "minutes", "points", "title")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print(table(("LESSON", "MINUTES", "POINTS", "TITLE"), rows))


_LESSONS = click.Argument(["names"], nargs=-1, metavar="[TRACK/LESSON...]")


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
    from labshell.lessons.words import language_of_terminal

    print(left_off(Progress(), language_of_terminal()))


@click.command(
    cls=Verb,
    params=[JSON, _LESSONS],
    examples="""
        lab lesson lint
    """,
)
@click.pass_obj
def lint(engine: Engine, json: bool, names: tuple[str, ...]) -> int:
    """Read lessons, and say what is wrong with them, without running anything."""
    from labshell.lessons.lint import lint as linted

    return _report([f for name in _chosen(names) for f in linted(name)], json)


@click.command(
    cls=Verb,
    params=[
        Option(
            ["--quick"],
            is_flag=True,
            help="One seed only, and without typing into a shell.",
        ),
        JSON,
        _LESSONS,
    ],
    examples="""
        lab lesson test commit/init-layer
    """,
)
@click.pass_obj
def test(engine: Engine, quick: bool, json: bool, names: tuple[str, ...]) -> int:
    """Prove lessons: untouched they fail, solved they pass, wrong ways earn nothing.

    Each lesson gets an engine of its own, which is removed afterwards. The solution is
    typed into a real shell on a real terminal, as a student would. Takes about a minute
    a lesson, and needs root.
    """
    from labshell.lessons.lint import lint as linted
    from labshell.lessons.proof import prove

    found: list[Finding] = []
    for name in _chosen(names):
        for source in (linted(name), prove(name, quick=quick)):
            for finding in source:
                found.append(finding)
                if not json:
                    click.echo(_line(finding))
    return _report(found, json, shown=not json)


def _chosen(names: Sequence[str]) -> list[str]:
    """The lessons asked for, or all; NotFound if there is no such."""
    from engine.errors import NotFound
    from labshell.lessons import library

    known = list(library.names())
    for name in names:
        if name not in known:
            raise NotFound(f"No such lesson: {name}", "`lab lesson list` shows them.")
    return list(names) or known


def _report(found: "Sequence[Finding]", json: bool, shown: bool = False) -> int:
    """Print the findings; 1 if one failed, 2 if one could not be looked at."""
    if json:
        print_json([finding.to_json() for finding in found])
    elif not shown:
        for finding in found:
            click.echo(_line(finding))
    verdicts = [finding.verdict for finding in found]
    return 1 if "failed" in verdicts else 2 if "could not run" in verdicts else 0


def _line(finding: "Finding") -> str:
    marks = {"passed": "ok     ", "failed": "FAILED ", "could not run": "NOT RUN"}
    detail = f": {finding.detail}" if finding.detail else ""
    return f"{marks[finding.verdict]} {finding.lesson}  {finding.what}{detail}"


lesson = Verbs(
    name="lesson",
    headings={
        "Verbs": {
            "list": "labshell.commands.lessons:list_",
            "where": "labshell.commands.lessons:where",
            "lint": "labshell.commands.lessons:lint",
            "test": "labshell.commands.lessons:test",
        }
    },
    help="""
    The lessons themselves: which there are, where you are, and whether they are sound.

    To take a lesson, use `lab learn`.
    """,
)
