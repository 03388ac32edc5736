"""`lab explain`: what a word means, and where in the engine it is done.

Try it: `lab explain`, `lab explain whiteout`, `lab explain 'unshare(2)'`
"""

import shutil
import sys
from collections.abc import Iterator

import click

from engine.engine import Engine
from engine.errors import InvalidArgument, NotFound
from labshell.commands.grammar import Verb

_MOST = 6  # symbols of one name that are told apart for the student


def _topics(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    from labshell.pages import library

    return [name for name in library.names() if name.startswith(typed)]


@click.command(
    cls=Verb,
    params=[
        click.Argument(
            ["words"],
            nargs=-1,
            metavar="[TOPIC|SYMBOL]",
            shell_complete=_topics,
        )
    ],
    examples="""
        lab explain
        lab explain overlay
        lab explain pivot root
        lab explain EBUSY
        lab explain 'mount(2)'
        lab explain engine.kernel.roots:pivot
        lab explain Pivot.apply
    """,
)
@click.pass_obj
def explain(engine: Engine, words: tuple[str, ...]) -> None:
    """Explain a word: what it is, and where the engine does it.

    A topic has two paragraphs, the engine's own source for it, the pages of the manual
    and something to try. A function or class of the engine is shown with what its file
    is about. An error's name or an exit code leads to a topic, too; several words are
    one. Without a word, the topics are listed.
    """
    from labshell.views.explain import manner_for

    colour = manner_for(sys.stdout, frozenset(), source=False).colour
    for line in explained(" ".join(words), colour):
        print(line)


def explained(topic: str, colour: bool) -> Iterator[str]:
    """What is said of a topic, line by line; the list of all for ""."""
    from labshell.pages import library
    from labshell.views import page as view

    width = shutil.get_terminal_size().columns
    if not topic:
        yield from view.list_lines(library.pages(), colour=colour)
        yield "`lab explain TOPIC`, or the name of any function of the engine."
        return
    page = library.find(topic) or library.showing(topic)
    if page is not None:
        yield from view.page_lines(page, width=width, colour=colour)
        return
    yield from view.symbol_lines(_symbol(topic), width=width, colour=colour)


def _symbol(word: str) -> str:
    """The symbol of the engine that is meant. NotFound if nothing is called so."""
    from labshell.lessons import symbols
    from labshell.pages import library

    if word.split(":")[0].split(".")[0] == "engine":
        symbols.find(word)  # or an error that says what is wrong with it
        return word
    found = symbols.named(word)
    if len(found) == 1:
        return found[0]
    if found:
        more = ", …" if len(found) > _MOST else ""
        raise InvalidArgument(
            f"{word} is the name of {len(found)} things in the engine",
            f"Which one? {', '.join(found[:_MOST])}{more}",
        )
    near = library.near(word)
    guess = f"Is {near[0]} meant? " if near else ""
    raise NotFound(f"No such topic: {word}", f"{guess}`lab explain` lists all topics.")
