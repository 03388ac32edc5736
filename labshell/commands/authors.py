"""`lab lesson new|lint|preview|test|table`: for those who write lessons.

    new        a skeleton to begin with
    lint       what is wrong with a lesson, without running it
    preview    what a student would read
    test       the proof, on the real engine
    table      which concept is taught where

lessons/AUTHORING.md tells the whole way.

Try it: `lab lesson preview commit/init-layer`
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from engine.engine import Engine
from labshell.commands.grammar import Option, Verb
from labshell.commands.listing import JSON, print_json

if TYPE_CHECKING:
    from labshell.lessons.lint import Finding

_LESSON = click.Argument(["name"], metavar="TRACK/LESSON")
_LESSONS = click.Argument(["names"], nargs=-1, metavar="[TRACK/LESSON...]")


@click.command(
    cls=Verb,
    params=[click.Argument(["name"], metavar="TRACK/NNN.SLUG")],
    examples="""
        lab lesson new volumes/010.outlive
    """,
)
@click.pass_obj
def new(engine: Engine, name: str) -> None:
    """Make the skeleton of a lesson, with a step of each kind.

    It is sound from the first moment: `lab lesson lint` and `lab lesson test` pass. The
    number gives the order within the track and is no part of the lesson's name.
    """
    from labshell.lessons.skeleton import make

    click.echo(make(name))


@click.command(
    cls=Verb,
    params=[_LESSON],
    examples="""
        lab lesson preview commit/init-layer
        lab --lang zh lesson preview commit/init-layer | less -R
    """,
)
@click.pass_obj
def preview(engine: Engine, name: str) -> None:
    """Show a lesson as a student would read it, without running anything.

    What a student sees only later is there as well: what is revealed after each step,
    the hints and the reference solution.
    """
    from labshell.lessons import library
    from labshell.lessons.preview import preview as shown
    from labshell.lessons.screen import Screen
    from labshell.messages import language

    spoken = language()
    shown(library.find(name, spoken), Screen(spoken))


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
        Option(
            ["--once"],
            is_flag=True,
            help="The same, and of each step the reference solution alone.",
        ),
        JSON,
        _LESSONS,
    ],
    examples="""
        lab lesson test commit/init-layer
    """,
)
@click.pass_obj
def test(
    engine: Engine, quick: bool, once: bool, json: bool, names: tuple[str, ...]
) -> int:
    """Prove lessons: untouched they fail, solved they pass, wrong ways earn nothing.

    Each lesson gets an engine of its own, which is removed afterwards. The solution is
    typed into a real shell on a real terminal, as a student would. Takes about a minute
    a lesson, and needs root.
    """
    from labshell.lessons.lint import lint as linted
    from labshell.lessons.proof import SEEDS, prove

    found: list[Finding] = []
    for name in _chosen(names):
        walks = 0 if quick or once else len(SEEDS)
        proven = prove(name, walks=walks, all_ways=not once)
        for source in (linted(name), proven):
            for finding in source:
                found.append(finding)
                if not json:
                    click.echo(_line(finding))
    return _report(found, json, shown=not json)


@click.command(
    cls=Verb,
    examples="""
        lab lesson table > lessons/README.md
    """,
)
@click.pass_obj
def table(engine: Engine) -> None:
    """Print the curriculum: each concept, its lessons, where the engine has it."""
    from labshell.lessons.curriculum import table as made

    click.echo(made(), nl=False)


def _chosen(names: Sequence[str]) -> list[str]:
    """The lessons asked for, or all; NotFound if there is no such."""
    from engine.errors import NotFound
    from labshell.lessons import library

    for name in names:
        if name not in library.known():
            raise NotFound(f"No such lesson: {name}", "`lab lesson list` shows them.")
    return list(names) or list(library.names())


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
