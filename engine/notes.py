"""Notes: what is noted of one act, at the least cost, and how it stands in the file.

The words for an act are two small functions in its mark. They get what the marked
function was given, as JSON keeps it: a path as text, a tuple as a list. What JSON has
no form for is only named, and what is secret must be wrapped, as `Unrecorded`.

Try it: `head -1 /var/lib/labshell/containers/*/acts.jsonl`
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

R = TypeVar("R")


class Mark(NamedTuple):
    """What is known beforehand of all acts of one function.

    `shell` and `arguments` get what the function gets, and put it into words. A call
    that `returns` only if it fails is noted before it is made. `refusal` makes the
    error that the function raises if the kernel says no.
    """

    name: str
    call: str
    shell: Callable[..., str]
    arguments: Callable[..., str]
    concept: str
    returns: bool
    refusal: Callable[[str, int, str], Exception]


class Unrecorded(Generic[R]):
    """Something that a marked function needs and no record shall hold: a secret."""

    __slots__ = ("value",)

    def __init__(self, value: R) -> None:
        self.value = value


# One act as it happened: mark, who asked (module, function), what was given, when it
# began and ended in nanoseconds, the result. A plain tuple is the cheapest there is.
Note = tuple[Mark, str, str, tuple[Any, ...], dict[str, Any], int, int, str]


def line(note: Note, pid: int, verb: str = "") -> str:
    """An act as a line of JSON, by hand: that takes half the time of json.dumps.

    `verb` is what the engine was asked for when it acted so: "start", "commit".
    """
    mark, module, function, given, named, began, ended, result = note
    values = ", ".join([_encoded(value) for value in given])
    more = f', "named": {_encoded(named)}' if named else ""
    return (
        f'{{"time": {began / 1e9:.6f}, "pid": {pid}, "verb": "{verb}", '
        f'"microseconds": {(ended - began) // 1000}, "result": "{result}", '
        f'"mark": "{mark.name}", "by": "{module}:{function}", '
        f'"given": [{values}]{more}}}\n'
    )


def _encoded(value: object) -> str:
    """One value as JSON. A path is text; what JSON has no form for is only named."""
    if type(value) is int:
        return str(value)
    if isinstance(value, (str, Path)):
        return json.encoder.encode_basestring_ascii(str(value))
    return _encode_whole(value)


_encode_whole = json.JSONEncoder(
    default=lambda value: (
        str(value) if isinstance(value, Path) else f"({type(value).__name__})"
    )
).encode


_PLAIN = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"
)


def quote(word: object) -> str:
    """A word as a shell takes it for one: plain, or between quotes."""
    text = str(word)
    if text and _PLAIN.issuperset(text):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"


# Bytes that C has a letter for.
_LETTERS = {9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def in_c(text: object) -> str:
    """A text as strace(1) prints it: a string of C, whose bytes beyond ASCII are octal.

    Octal numbers have three digits only where a digit follows.
    """
    data = os.fsencode(str(text))
    written = []
    for byte, after in zip(data, data[1:] + b"\0", strict=False):
        if byte in _LETTERS:
            written.append(_LETTERS[byte])
        elif 32 <= byte < 127:
            written.append(chr(byte))
        else:
            written.append(f"\\{byte:03o}" if 48 <= after < 56 else f"\\{byte:o}")
    return f'"{"".join(written)}"'
