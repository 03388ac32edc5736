"""Variables in words: `$x`, `${x:-y}`, quotes and escapes.

    $x  ${x}      its value, or nothing
    ${x:-word}    word, if x is unset or empty       ${x-word}    … if it is unset
    ${x:+word}    word, if x is neither              ${x+word}    … if it is set
    ${x:?word}    an error that says word, if …      ${x?word}
    $1 $@ $$      as in a shell, but nobody sets them: nothing

    'a $x'        as it is                    quotes go away, what is in them stays one
    "a $x"        variables are replaced      word, whatever blanks a variable brings
    \\$x           $x: an escape takes away the meaning of the next character. Between
                  double quotes it does so for " $ and itself, and else stays

A shell would do the same, and more; but no shell has a part in it. It is done by the
builder, for the words of ENV, COPY and others (expansion.py). `RUN echo $x` is not its
business: there a shell in the container does it.

What comes out is bounded: `ENV a=$a$a` forty times would else fill any memory.

Source: the Dockerfile reference, "Environment replacement"; measured on Docker 20.10
Try it: `printf 'FROM busybox\\nENV a=${b:-c}\\n' | lab build -t x -; lab inspect x`
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from engine.errors import BuildFileError

LONGEST = 1024 * 1024  # characters that one word may become
_DEEPEST = 50  # ${a:-${b:-…}}
_NAME = re.compile(r"\d+|[^\W\d]\w*|[@*#?\-$!]")
_BLANK = re.compile(r"\s+")
_CLOSE = {
    "}": "syntax error: missing '}'",
    "'": "unexpected end of statement while looking for matching single-quote",
    '"': "unexpected end of statement while looking for matching double-quote",
}


class _Piece(NamedTuple):
    """Some text, and whether a blank in it separates words."""

    text: str
    separates: bool


def substitute(text: str, variables: Mapping[str, str], escape: str = "\\") -> str:
    """`text` with its variables replaced, and its quotes and escapes taken away.

    Raises BuildFileError, without a place: whoever knows it adds it (expansion.py).
    """
    return "".join(piece.text for piece in _pieces(text, variables, escape))


def substitute_words(
    text: str, variables: Mapping[str, str], escape: str = "\\"
) -> tuple[str, ...]:
    """The same, cut at blanks that are not quoted: $PORTS may be several words."""
    words: list[list[str]] = [[]]
    for piece in _pieces(text, variables, escape):
        first, *others = _BLANK.split(piece.text) if piece.separates else [piece.text]
        words[-1].append(first)
        words += [[other] for other in others]
    return tuple(word for word in map("".join, words) if word)


def _pieces(text: str, variables: Mapping[str, str], escape: str) -> list[_Piece]:
    try:
        return _Scanner(text, variables, escape).unquoted("")
    except (ValueError, LookupError) as error:
        shown = f"{text[:60]}…" if len(text) > 60 else text
        shown = shown.replace('"', '\\"')
        hint = "Write \\$ or '$' for a dollar, and close every quote and brace."
        if isinstance(error, LookupError):
            hint = "Give it a value, by ENV, ARG or --build-arg."
        raise BuildFileError(f'failed to process "{shown}": {error}', hint) from None


class _Scanner:
    """Reads a text once, from left to right.

    Raises ValueError for what makes no sense, LookupError for what must not be unset.
    """

    def __init__(self, text: str, variables: Mapping[str, str], escape: str) -> None:
        self._text = text
        self._variables = variables
        self._escape = escape
        self._at = 0
        self._depth = 0
        self._room = LONGEST
        special = re.escape(escape)
        self._plain = re.compile(rf"""[^$'"}}{special}]+""")
        self._plain_in_quotes = re.compile(rf"""[^$"{special}]+""")

    def unquoted(self, stop: str) -> list[_Piece]:
        """What comes until `stop`, which is read too; "" is the end of the text."""
        found: list[_Piece] = []
        while (character := self._peek()) != stop:
            if not character:
                raise ValueError(_CLOSE[stop])
            if match := self._plain.match(self._text, self._at):
                self._at = match.end()
                found.append(self._piece(match[0]))
            elif character == "$":
                found.append(self._piece(self._variable()))
            elif character == '"':
                found.append(self._piece(self._double_quoted(), separates=False))
            elif character == "'":
                found.append(self._piece(self._single_quoted(), separates=False))
            elif character == self._escape:
                self._at += 1
                found.append(self._piece(self._next(), separates=False))
            else:
                found.append(self._piece(self._next()))
        self._at += 1
        return found

    def _piece(self, text: str, separates: bool = True) -> _Piece:
        self._room -= len(text)
        if self._room < 0:
            raise ValueError(f"more than {LONGEST} characters")
        return _Piece(text=text, separates=separates)

    def _single_quoted(self) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise ValueError(_CLOSE["'"])
        text = self._text[self._at + 1 : end]
        self._at = end + 1
        return text

    def _double_quoted(self) -> str:
        self._at += 1
        found: list[str] = []
        while (character := self._peek()) != '"':
            if not character:
                raise ValueError(_CLOSE['"'])
            if match := self._plain_in_quotes.match(self._text, self._at):
                self._at = match.end()
                found.append(match[0])
            elif character == "$":
                found.append(self._piece(self._variable()).text)
            else:
                self._at += 1
                has_meaning = self._peek() and self._peek() in ('"', "$", self._escape)
                found.append(self._next() if has_meaning else character)
        self._at += 1
        return "".join(found)

    def _variable(self) -> str:
        """The value of what begins at a dollar."""
        self._at += 1
        if self._peek() != "{":
            name = self._name()
            return self._variables.get(name, "") if name else "$"
        self._at += 1
        if self._peek() in ("{", "}", ":"):
            raise ValueError("syntax error: bad substitution")
        name, operator = self._name(), self._next()
        if operator == "}":
            return self._variables.get(name, "")
        value = self._variables.get(name)
        if operator == ":":
            operator = self._next()
            value = value or None
        if not operator:
            raise ValueError(_CLOSE["}"])
        if operator not in "-+?":
            raise ValueError(f"unsupported modifier ({operator}) in substitution")
        return self._chosen(name, operator, value)

    def _chosen(self, name: str, operator: str, value: str | None) -> str:
        """What ${name-word} stands for; `value` is None where it counts as unset."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"more than {_DEEPEST} substitutions in each other")
        word = "".join(piece.text for piece in self.unquoted("}"))
        self._depth -= 1
        if operator == "+":
            return "" if value is None else word
        if value is None and operator == "?":
            lack = "empty" if name in self._variables else "unset"
            raise LookupError(f"{name}: {word or f'is not allowed to be {lack}'}")
        return word if value is None else value

    def _name(self) -> str:
        match = _NAME.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return match[0] if match else ""

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        character = self._peek()
        self._at += 1
        return character
