"""What counts as one line of a Dockerfile.

    # escape=`                  a directive: only above all else; then ` is the escape
    RUN apt-get update && \\     the escape, last on its line, goes away and joins it
        # which one?            with the next: comments and empty lines between them
        apt-get install curl    are not there for the shell that runs it

becomes one logical line, "RUN apt-get update &&     apt-get install curl". The blanks
before a continuation stay, and an error in it must still be told as line 4: so a
logical line knows where each of its pieces was.

Two escapes at the end of a line are an escaped escape, and join nothing. An empty line
among continuations is allowed, as in Docker, which has long said that it shall not be.

Source: the Dockerfile reference, "Parser directives"; measured on Docker 20.10
Try it: `lab build --progress plain .` shows each step as it was joined.
"""

import bisect
import re
from typing import NamedTuple

from engine.build.source import Position, Source

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=(.*)", re.DOTALL)
_KNOWN = ("escape", "syntax", "check")
_ESCAPES = ("\\", "`")


class Line(NamedTuple):
    """A logical line. Its pieces begin at `starts` in `text`, at `places` in the file.

    `gap` is the number of the first empty line among its continuations, or 0.
    """

    text: str
    starts: tuple[int, ...]
    places: tuple[Position, ...]
    gap: int = 0

    def position(self, offset: int) -> Position:
        """Where in the file the character at `offset` of the text is."""
        piece = bisect.bisect_right(self.starts, offset) - 1
        line, column = self.places[piece]
        return Position(line, column + offset - self.starts[piece])


class Reader:
    """A file, handed out line by logical line."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lines = [line.removesuffix("\r") for line in source.text.split("\n")]
        if not self._lines[-1]:
            del self._lines[-1]
        self._next = 0
        self.escape = self._directives()

    def raw(self) -> str | None:
        """The next line as it is; None at the end of the file."""
        if self._next == len(self._lines):
            return None
        self._next += 1
        return self._lines[self._next - 1]

    def logical(self) -> Line | None:
        """The next logical line that says something; None at the end of the file."""
        while self._next < len(self._lines):
            bare = self._lines[self._next].lstrip()
            if not bare or bare.startswith("#"):
                self._next += 1
            elif (line := self._joined(bare)).text.strip():
                return line
        return None

    def _joined(self, bare: str) -> Line:
        """The next line, whose leading blanks are gone already, and what it joins."""
        column = _column(self._lines[self._next], bare)
        self._next += 1
        piece, goes_on = self._cut_escape(bare)
        pieces, starts, places = [piece], [0], [Position(self._next, column)]
        length, gap = len(piece), 0
        while goes_on and (raw := self.raw()) is not None:
            bare = raw.lstrip()
            if not bare:
                gap = gap or self._next
            elif not bare.startswith("#"):
                piece, goes_on = self._cut_escape(raw)
                pieces.append(piece)
                starts.append(length)
                places.append(Position(self._next, 1))
                length += len(piece)
        return Line(
            text="".join(pieces), starts=tuple(starts), places=tuple(places), gap=gap
        )

    def _cut_escape(self, piece: str) -> tuple[str, bool]:
        """A line without the escape at its end, and whether there was one."""
        bare = piece.rstrip(" \t")
        if bare.endswith(self.escape) and not bare.endswith(self.escape * 2):
            return bare[:-1], True
        return piece, False

    def _directives(self) -> str:
        """The escape that the directives at the top of the file ask for."""
        found: dict[str, str] = {}
        for number, line in enumerate(self._lines, 1):
            match = _DIRECTIVE.match(line.lstrip())
            name, value = (match[1].lower(), match[2].strip()) if match else ("", "")
            if name not in _KNOWN or not value:
                break
            place = Position(number, _column(line, line.lstrip()))
            if name in found:
                raise self._source.error(
                    place,
                    f"only one {name} parser directive can be used",
                    "The first one counts: remove this line.",
                )
            if name == "escape" and value not in _ESCAPES:
                raise self._source.error(
                    place, f"invalid escape token '{value}' does not match ` or \\"
                )
            found[name] = value
        return found.get("escape", "\\")


def _column(line: str, without_blanks: str) -> int:
    return len(line) - len(without_blanks) + 1
