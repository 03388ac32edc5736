"""A line cut into words, and where each word began.

There are four ways to cut, and each instruction has one of them (grammar.py):

    by blanks       COPY a "b c" d     a  "b  c"  d      quotes hold nothing together
    like a shell    ENV a="b c" d=e    a="b c"  d=e      … here they do
    not at all      USER a b           "a b"
    as JSON         CMD ["a", "b"]     a  b              in front of one of the others

The JSON form must have double quotes. What is no JSON is not refused but read the
other way, as in Docker: CMD ['a'] runs a shell that looks for a program called [a].
Docker reads the first JSON value and drops what follows it on the line.

No quote is removed here: that is done when variables are replaced (substitution.py).

Source: measured on Docker 20.10
Try it: `printf 'FROM busybox\\nCMD [\\'a\\']\\n' | lab build -`
"""

import functools
import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from engine.build.source import Misread

_BLANKS = re.compile(r"[\t\v\f\r ]+")
_NO_BLANKS = re.compile(r"[^\t\v\f\r ]+")
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_ONLY_STRINGS = "when using JSON array syntax, arrays must be comprised of strings only"


class Cut(NamedTuple):
    """Words, and at which offset of the text each began."""

    words: tuple[str, ...]
    offsets: tuple[int, ...]
    json_form: bool = False

    def after(self, offset: int) -> "Cut":
        """The same in a longer text, of which `offset` characters come before."""
        return self._replace(offsets=tuple(at + offset for at in self.offsets))


def by_blanks(text: str) -> Cut:
    """Words between blanks."""
    return _cut(_NO_BLANKS.finditer(text))


def like_a_shell(text: str, escape: str) -> Cut:
    """Words between blanks that are neither quoted nor escaped."""
    return _cut(_shell_word(escape).finditer(text))


def whole(text: str) -> Cut:
    """One word, or none if there is nothing."""
    return Cut(words=(text,) if text else (), offsets=(0,) if text else ())


def as_json(text: str) -> Cut | None:
    """The strings of a JSON list; None if it is none. Misread if it holds others."""
    if not text.startswith("["):
        return None
    try:
        # A number of a million digits is slow to read as an int, and refused below.
        decoder = json.JSONDecoder(parse_int=float, parse_constant=_no_constant)
        found, end = decoder.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(word, str) for word in found):
        raise Misread(_ONLY_STRINGS, 'Put each into double quotes: ["sleep", "1"].')
    if any("\0" in word for word in found):
        raise Misread("a word holds a zero byte", "The kernel's strings end at one.")
    offsets = tuple(match.start() for match in _STRING.finditer(text, 0, end))
    # Half a character is none: a "\ud800" could not be written to any file.
    words = tuple(_SURROGATE.sub("�", word) for word in found)
    return Cut(words=words, offsets=offsets, json_form=True)


def key_and_value(instruction: str, text: str, escape: str) -> Cut:
    """`a=1 b="x y"`; or `a x y`, the old form, which knows one value only."""
    cut = like_a_shell(text, escape)
    if cut.words and "=" not in cut.words[0]:
        key, *value = _BLANKS.split(text, maxsplit=1)
        if not value:
            raise Misread(
                f"{instruction} must have two arguments",
                f"As in: {instruction} {key}=value",
            )
        return Cut(words=(key, value[0]), offsets=(0, len(text) - len(value[0])))
    for word, offset in zip(cut.words, cut.offsets, strict=True):
        if "=" not in word:
            raise Misread(
                f'Syntax error - can\'t find = in "{word[:80]}". '
                "Must be of the form: name=value",
                "Quote a value that holds blanks.",
                offset,
            )
    return cut


def _cut(matches: Iterator[re.Match[str]]) -> Cut:
    found = [(match[0], match.start()) for match in matches]
    return Cut(
        words=tuple(word for word, _ in found), offsets=tuple(at for _, at in found)
    )


@functools.cache
def _shell_word(escape: str) -> re.Pattern[str]:
    """What holds a word together. Possessive (`++`): no input makes it try twice."""
    e = re.escape(escape)
    plain = rf"""[^\s"'{e}]++"""
    double = rf'"(?:[^"{e}]++|{e}.?)*+"?'
    return re.compile(rf"""(?:{plain}|{e}.?|{double}|'[^']*+'?)++""", re.DOTALL)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
