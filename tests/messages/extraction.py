"""Which texts of the code are marked for translation: read from it, not run.

    translate("…")   marked("…")          labshell.messages
    screen.say("…")  screen.word("…")     the lessons' runner, which knows its language
    translate_count("…", "…", n)          two texts, for one and for many
    screen.count("…", "…", n)
    say("…" if … else "…")                both are said

xgettext finds such calls as well; but not a text behind `if`, and it needs a package of
Debian's.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.house.sources import Source, python_files

SINGLE = {"translate", "marked", "say", "word", "_word"}
COUNTED = {"translate_count", "count"}
METHODS = {
    "say",
    "word",
    "_word",
    "count",
}  # print-like functions of others are no marks


class Message(NamedTuple):
    """A text that is marked: for one, for many (or ""), and in which files."""

    one: str
    many: str
    files: tuple[str, ...]


def messages() -> list[Message]:
    """Everything that labshell says, each once, in the order of its files."""
    files: dict[tuple[str, str], list[str]] = {}
    for source in python_files("labshell"):
        for text in marked_in(source):
            places = files.setdefault(text, [])
            if str(source.path) not in places:
                places.append(str(source.path))
    return [Message(*text, tuple(places)) for text, places in files.items()]


def marked_in(source: Source) -> Iterator[tuple[str, str]]:
    """The texts that one file marks: (for one, for many or "")."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        name = called(node.func)
        if name in SINGLE and node.args:
            yield from ((text, "") for text in texts(node.args[0]))
        elif name in COUNTED and len(node.args) > 2:
            yield from zip(texts(node.args[0]), texts(node.args[1]), strict=True)


def called(function: ast.expr) -> str:
    """The name of a function that marks, "" of any other."""
    match function:
        case ast.Name(id=name) if name not in METHODS:
            return name
        case ast.Attribute(attr=name) if name in METHODS:
            return name
    return ""


def texts(argument: ast.expr) -> Iterable[str]:
    """The texts that an argument may be."""
    match argument:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=one, orelse=other):
            return [*texts(one), *texts(other)]
    return []
