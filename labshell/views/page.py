"""A page as text for a terminal, or for a pipe.

    Overlay: many directories that look like one
    ─ two paragraphs, as wide as can be read ─
    In the engine      the source, read off the installed code by symbol
    Its acts           lab run --rm --explain=mounts busybox true
    The manual         man 2 mount
    The lesson         lab learn commit/init-layer
    Try it             lines for a shell

Colours only where somebody looks at them. A symbol that no page shows is explained by
the first paragraphs of its file's docstring.

Try it: `lab explain overlay | less`
"""

import ast
import textwrap
from collections.abc import Iterable, Iterator

from labshell.lessons import symbols
from labshell.pages.format import Page
from labshell.views.source import source_of

_WIDEST = 84  # characters; longer lines are hard to read
_INTRODUCTION = 2  # paragraphs of a docstring after its first line


def page_lines(page: Page, *, width: int, colour: bool) -> Iterator[str]:
    """A page, line by line."""
    yield _bold(page.title, colour)
    for paragraph in page.paragraphs:
        yield ""
        yield from textwrap.wrap(paragraph, min(width, _WIDEST))
    yield from _sources(page.symbols, colour)
    if page.concept:
        yield from ("", _bold("Its acts, with any verb that has some", colour))
        yield f"    lab run --rm --explain={page.concept} busybox true"
    if page.man:
        yield from ("", _bold("The manual", colour))
        yield from (f"    {_man_command(name)}" for name in page.man)
    if page.lesson:
        yield from ("", _bold("The lesson", colour), f"    lab learn {page.lesson}")
    if page.examples:
        yield from ("", _bold("Try it", colour))
        yield from (f"    {line}" for line in page.examples)


def symbol_lines(symbol: str, *, width: int, colour: bool) -> Iterator[str]:
    """A symbol that no page shows: what its file is about, and its source."""
    module = symbols.find(symbol.partition(":")[0])
    docstring = ast.get_docstring(ast.parse(module.text)) or ""
    title, *paragraphs = docstring.split("\n\n")
    yield _bold(title, colour)
    for paragraph in paragraphs[:_INTRODUCTION]:
        yield ""
        yield paragraph  # may hold a table or a picture: not to be wrapped
    if ":" in symbol:
        yield from _sources((symbol,), colour)
    else:
        yield from ("", _bold("In it", colour))
        yield from (f"    lab explain {name}" for name in symbols.inside(symbol))


def list_lines(pages: Iterable[Page], *, colour: bool) -> Iterator[str]:
    """All topics under the headings of their groups, each with its title."""
    groups: dict[str, list[Page]] = {}
    for page in pages:
        groups.setdefault(page.group, []).append(page)
    for group, members in sorted(groups.items()):
        yield from (_bold(group, colour),)
        for page in members:
            yield f"    {page.name:18} {page.title.partition(': ')[2] or page.title}"
        yield ""


def _sources(names: Iterable[str], colour: bool) -> Iterator[str]:
    for symbol in names:
        yield from ("", _bold(f"In the engine: {symbol}", colour))
        lines = source_of(symbol, colour=colour)
        yield from (f"    {line}".rstrip() for line in lines)


def _man_command(name: str) -> str:
    """ "mount(2)" as it is looked up: "man 2 mount"."""
    page, _, section = name.removesuffix(")").partition("(")
    return f"man {section} {page}"


def _bold(text: str, colour: bool) -> str:
    return f"\033[1m{text}\033[0m" if colour else text
