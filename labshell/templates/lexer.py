"""The lexer: where the actions of a template are, and the words in each.

    "up {{- .State.Pid | json}}"   ->   Text("up"), Action: .State .Pid | json

`{{- ` takes the white space before it away, ` -}}` that which follows. A comment,
`{{/* … */}}`, is an action that says nothing.

Try it: `lab inspect -f '{{.State' CONTAINER` is an action that nobody closes
"""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from labshell.templates.failure import Failure

_OPENING = re.compile(r"\{\{(-(?=\s))?")
_CLOSING = re.compile(r"(\s-)?\}\}")
_COMMENT = re.compile(r"\s*/\*.*?\*/(\s-)?\}\}", re.DOTALL)
_SPACE = re.compile(r"\s+")
_WORDS = {
    "string": re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    "raw": re.compile(r"`[^`]*`"),
    "char": re.compile(r"'(?:[^'\\\n]|\\.)'"),
    "number": re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"),
    "field": re.compile(r"\.[^\W\d]\w*"),
    "dot": re.compile(r"\.(?!\w)"),
    "variable": re.compile(r"\$\w*"),
    "name": re.compile(r"[^\W\d]\w*"),
    "sign": re.compile(r":=|[=,|()]"),
}


class Word(NamedTuple):
    """One word of an action, and where it begins in the template.

    `touches`: nothing stands between it and the word before, as in `.A.B`.
    """

    kind: str
    text: str
    place: int
    touches: bool = False

    @property
    def value(self) -> str | int | float:
        """What a literal stands for."""
        if self.kind == "raw":
            return self.text[1:-1]
        try:
            if self.kind == "number":
                return _number(self.text)
            value = str(ast.literal_eval(self.text))
        except (SyntaxError, ValueError) as error:
            raise Failure(f"bad literal {self.text[:40]}", self.place) from error
        return ord(value) if self.kind == "char" else value


def _number(text: str) -> int | float:
    if "x" in text.lower():
        return int(text, 16)
    return float(text) if set(text) & set(".eE") else int(text)


class Action(NamedTuple):
    """What stands between two pairs of braces."""

    words: tuple[Word, ...]
    place: int


def lex(template: str) -> Iterator[str | Action]:
    """The pieces of a template: texts, and actions between them."""
    place, trim = 0, False
    while opening := _OPENING.search(template, place):
        text = template[place : opening.start()]
        text = text.lstrip() if trim else text
        yield text.rstrip() if opening[1] else text
        if comment := _COMMENT.match(template, opening.end()):
            place, trim = comment.end(), bool(comment[1])
            continue
        words, closing = _words(template, opening.end())
        yield Action(words=words, place=opening.start())
        place, trim = closing.end(), bool(closing[1])
    yield template[place:].lstrip() if trim else template[place:]


def _words(template: str, place: int) -> tuple[tuple[Word, ...], re.Match[str]]:
    """The words from `place` to the end of the action, and that end."""
    words: list[Word] = []
    touches = False
    while not (closing := _CLOSING.match(template, place)):
        if space := _SPACE.match(template, place):
            place, touches = space.end(), False
            continue
        word = _word(template, place, touches)
        words.append(word)
        place, touches = place + len(word.text), True
    return tuple(words), closing


def _word(template: str, place: int, touches: bool) -> Word:
    for kind, pattern in _WORDS.items():
        if found := pattern.match(template, place):
            return Word(kind=kind, text=found[0], place=place, touches=touches)
    if place >= len(template):
        raise Failure("unclosed action", place)
    if template[place] in "\"'`":
        raise Failure("unterminated quoted string", place)
    raise Failure(f"unexpected {template[place]!r} in command", place)
