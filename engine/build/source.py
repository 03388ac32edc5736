"""A text from outside, and errors that point into it.

    Dockerfile:3: unknown instruction: RUNN      the message
       3 | RUNN echo hello                       the excerpt: the line, and a caret
         | ^                                     under the place
    Did you mean RUN?                            the hint

Bytes that are no UTF-8 are kept, as Python keeps them in file names ("surrogates"):
a Dockerfile with a Latin-1 comment is built, and `RUN` gets the bytes that were there.
What is shown is another matter: a control character in a file could colour the
terminal or move its cursor, so none ever gets into a message.

Source: PEP 383 (surrogateescape)
Try it: `printf 'RUNN echo\\n' | lab build -f - .`
"""

from typing import NamedTuple

from engine.errors import BuildFileError

LARGEST = 4 * 1024 * 1024  # bytes
_SHOWN = 72  # of a line, in an excerpt
_SHOWN_BEFORE = 48  # of these, before the caret
_BOM = b"\xef\xbb\xbf"  # what some editors put before UTF-8


class Position(NamedTuple):
    """A place in a file: the line and the character in it, both from 1."""

    line: int
    column: int


class Source(NamedTuple):
    """The text of a file, and the name to call it by."""

    name: str
    text: str

    def error(self, position: Position, message: str, hint: str = "") -> BuildFileError:
        """An error about this place of the file."""
        error = BuildFileError(
            f"{self.name}:{position.line}: {printable(message)}", printable(hint)
        )
        error.excerpt = self.excerpt(position)
        return error

    def excerpt(self, position: Position) -> str:
        """The line at `position`, and below it a caret; "" past the end of the file."""
        lines = self.text.split("\n", position.line)
        if position.line > len(lines):
            return ""
        line = lines[position.line - 1].removesuffix("\r")
        at = min(position.column - 1, len(line))
        first = max(0, at - _SHOWN_BEFORE)
        shown = printable(line[first : first + _SHOWN])
        before = "".join(_blank_as_wide_as(c) for c in shown[: at - first])
        number = f"{position.line:4} | "
        return f"{number}{shown}\n{' ' * (len(number) - 2)}| {before}^"


def read(data: bytes, name: str, largest: int = LARGEST) -> Source:
    """The bytes as text. BuildFileError if there are too many, or if it is no text."""
    if len(data) > largest:
        raise BuildFileError(
            f"{name}: larger than {largest // 1024} KiB",
            "Is this the right file? Files belong into the context: see COPY.",
        )
    text = data.removeprefix(_BOM).decode("utf-8", "surrogateescape")
    source = Source(name=name, text=text)
    if (nul := text.find("\0")) >= 0:
        before = text[:nul]
        place = Position(before.count("\n") + 1, nul - before.rfind("\n"))
        raise source.error(place, "not a text: it holds a zero byte")
    return source


def printable(text: str) -> str:
    """`text` without what a terminal would obey, or could not show."""
    return "".join(c if c.isprintable() else " " if c == "\t" else "�" for c in text)


def _blank_as_wide_as(character: str) -> str:
    from unicodedata import combining, east_asian_width

    if combining(character):
        return ""
    return "  " if east_asian_width(character) in "WF" else " "


class Misread(Exception):
    """Something wrong in a line, told to whoever knows where in the file that is.

    `offset` is where in the text; None if the instruction as a whole is meant.
    """

    def __init__(self, message: str, hint: str = "", offset: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.offset = offset
