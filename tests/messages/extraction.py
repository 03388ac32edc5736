"""Which texts of the code are marked for translation: read from it, not run.

    translate("…")   marked("…")          labshell.messages
    screen.say("…")  screen.word("…")     the lessons' runner, which knows its language
    translate_count("…", "…", n)          two texts, for one and for many
    marked_count("…", "…")
    screen.count("…", "…", n)
    say("…" if … else "…")                both are said

xgettext finds such calls as well; but not a text behind `if`, and it needs a package of
Debian's.
"""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from tests.house.sources import Source, python_files

SINGLE = {"translate", "marked", "say", "word", "_word"}
COUNTED = {"translate_count", "marked_count", "count"}
METHODS = {"say", "word", "_word", "count"}  # report.say() and the like mark nothing
SHOWN = re.compile(
    r".*\b(print|painted|line|good|bad|rule"
    r"|EngineError|LessonError|EngineBroken|NotFound|Invalid\w+)"
)
COMMANDS = ("`", "apt-get ")  # how a hint begins that is a command and no sentence


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
        elif name in COUNTED and len(node.args) > 1:
            yield from zip(texts(node.args[0]), texts(node.args[1]), strict=False)


def called(function: ast.expr) -> str:
    """The name of what is called, if it may be a mark."""
    match function:
        case ast.Attribute(attr=name):
            return name
        case ast.Name(id=name) if name not in METHODS:
            return name
    return ""


def unmarked_in(source: Source) -> Iterator[str]:
    """What one file shows or raises as it stands, where it is more than one word."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and SHOWN.fullmatch(ast.unparse(node.func)):
            for text in (text for argument in node.args for text in parts(argument)):
                is_said = re.search(r"[a-z]+ [a-z]+", text)
                if is_said and not text.startswith(COMMANDS):
                    yield f"{source.path}:{node.lineno}: {text}"


def parts(argument: ast.expr) -> list[str]:
    """The texts in an argument that is a text, or an f-string."""
    if isinstance(argument, ast.JoinedStr):
        return [text for part in argument.values for text in texts(part)]
    return texts(argument)


def texts(argument: ast.expr) -> list[str]:
    """The texts that an argument may be."""
    match argument:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=one, orelse=other):
            return [*texts(one), *texts(other)]
    return []
