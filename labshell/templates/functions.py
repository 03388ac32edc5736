"""The functions of templates: Go's own, and those that Docker adds.

Each takes values and returns one. What they cannot do they refuse with ValueError, in
Go's words; the evaluator has counted the arguments and looked at their kinds before.
`and` and `or` are done by the evaluator: they do not look at what they do not need.

Source: https://pkg.go.dev/text/template#hdr-Functions, docker/cli templates.go
Try it: `lab inspect -f '{{join .Config.Cmd ", " | upper}}' CONTAINER`
"""

import operator
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labshell.templates.printing import Nothing, as_json, printf, text, type_name

_WIDEST = 10_000  # columns that `pad` adds at most
_LONGEST = 1 << 26  # characters that `join` puts between


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode(errors="surrogateescape"))
    if not isinstance(value, (Mapping, Sequence, Nothing)):
        raise ValueError(f"len of type {type_name(value)}")
    return len(value)


def _index(value: Any, *keys: Any) -> Any:
    """`index .M "k"` is M["k"], `index .L 0 1` is L[0][1]."""
    for key in keys:
        if isinstance(value, Mapping):
            value = value[key] if key in value else zero_value(value)
        elif isinstance(value, (Sequence, Nothing)):
            if isinstance(key, bool) or not isinstance(key, int):
                raise ValueError(f"cannot index slice/array with type {type_name(key)}")
            if not 0 <= key < len(value) or isinstance(value, Nothing):
                raise ValueError(f"index out of range: {key}")
            value = value[key]
        elif value is None:
            raise ValueError("index of untyped nil")
        else:
            raise ValueError(f"can't index item of type {type_name(value)}")
    return value


def zero_value(mapping: Mapping[str, Any]) -> Any:
    """What Go's index gives for a key that is not there: "" where texts are kept."""
    return "" if all(isinstance(value, str) for value in mapping.values()) else None


def _slice(value: Any, *bounds: int) -> Any:
    if not isinstance(value, Sequence) or len(bounds) > 2:
        raise ValueError(f"can't slice item of type {type_name(value)}")
    start, end = (*bounds, len(value))[:2] if bounds else (0, len(value))
    if not 0 <= start <= end <= len(value):
        raise ValueError(f"index out of range: {end}")
    return value[start:end]


def _join(values: Any, separator: str) -> str:
    if not isinstance(values, (Sequence, Nothing)) or isinstance(values, str):
        raise ValueError(f"expected []string; found {type_name(values)}")
    items = [] if isinstance(values, Nothing) else list(values)
    if len(items) * len(separator) > _LONGEST:
        raise ValueError("the text is too long")
    return separator.join(map(text, items))


def _pad(value: str, before: int, after: int) -> str:
    if not value:
        return value
    if max(before, after) > _WIDEST:
        raise ValueError(f"wider than {_WIDEST} columns")
    return " " * before + value + " " * after


def _truncate(value: str, length: int) -> str:
    return value[: max(0, length)]


def _title(value: str) -> str:
    """Each word with a capital, the other letters as they are."""
    before = " "
    letters = []
    for letter in value:
        letters.append(letter if before.isalnum() or before in "_'" else letter.upper())
        before = letter
    return "".join(letters)


def _print(*values: Any) -> str:
    """As `print` of Go: a space between two values if neither is a text."""
    shown = ""
    for place, value in enumerate(values):
        neighbours = values[max(0, place - 1) : place + 1]
        if place and not any(isinstance(near, str) for near in neighbours):
            shown += " "
        shown += text(value)
    return shown


def _println(*values: Any) -> str:
    return " ".join(map(text, values)) + "\n"


def _html(*values: Any) -> str:
    from html import escape  # it brings the names of 2,000 signs

    return escape(_print(*values))


def _equal(first: Any, *others: Any) -> bool:
    """Whether the first is equal to one of the others."""
    return any(_comparable(first, other) and first == other for other in others)


def _comparable(one: Any, other: Any) -> bool:
    """True if two values are of one kind; ValueError if they cannot be compared."""
    if one is None or other is None:
        return True
    if isinstance(one, (Mapping, list, tuple)):
        raise ValueError(f"non-comparable type {text(one)}: {type_name(one)}")
    if type_name(one) != type_name(other):
        raise ValueError("incompatible types for comparison")
    return True


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def function(one: Any, other: Any) -> bool:
        if isinstance(one, bool) or not isinstance(one, (int, float, str)):
            raise ValueError("invalid type for comparison")
        return _comparable(one, other) and compare(one, other)

    return function


def truth(value: Any) -> bool:
    """What `if` takes for true: all but false, 0, nil and what is empty."""
    return bool(value)


def _split(value: str, separator: str) -> list[str]:
    return value.split(separator) if separator else list(value)


Functions = dict[str, tuple[Callable[..., Any] | None, tuple[str, ...]]]

# Each function with the kinds of its arguments; "..." is as many more as there are.
FUNCTIONS: Functions = {
    "and": (None, ("any", "...")),
    "or": (None, ("any", "...")),
    "not": (lambda value: not truth(value), ("any",)),
    "len": (_length, ("any",)),
    "index": (_index, ("any", "...")),
    "slice": (_slice, ("any", "int", "...")),
    "eq": (_equal, ("any", "any", "...")),
    "ne": (lambda one, other: not _equal(one, other), ("any", "any")),
    "lt": (_ordered(operator.lt), ("any", "any")),
    "le": (_ordered(operator.le), ("any", "any")),
    "gt": (_ordered(operator.gt), ("any", "any")),
    "ge": (_ordered(operator.ge), ("any", "any")),
    "print": (_print, ("...",)),
    "println": (_println, ("...",)),
    "printf": (printf, ("str", "...")),
    "html": (_html, ("any", "...")),
    "urlquery": (
        lambda *values: urllib.parse.quote_plus(_print(*values)),
        ("any", "..."),
    ),
    "json": (as_json, ("any",)),
    "join": (_join, ("any", "str")),
    "split": (_split, ("str", "str")),
    "lower": (str.lower, ("str",)),
    "upper": (str.upper, ("str",)),
    "title": (_title, ("str",)),
    "pad": (_pad, ("str", "int", "int")),
    "truncate": (_truncate, ("str", "int")),
}
