"""Values as text, as Go's templates print them, and `printf`.

    true  3  1.5  [a b]  map[k:v]  <no value>

Docker's client reads JSON into structures before it prints: null for a list that is
empty is `[]` there. Who knows that a null means such a thing gives a Nothing for it.

Try it: `lab inspect -f '{{.Config.Cmd}} {{.Config.Labels}}' CONTAINER`
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_VERB = re.compile(r"%([-+ #0]*)(\d*)(?:\.(\d*))?(.?)", re.DOTALL)
_WIDEST = 10_000  # columns that a number or text may be padded to
_NUMBERS = {"d": "d", "x": "x", "X": "X", "o": "o", "b": "b", "c": "c"}
_FRACTIONS = {"f": "f", "F": "f", "e": "e", "g": "g"}


@dataclass(frozen=True, slots=True)
class Nothing:
    """A null, and how Go prints what it stands for: `[]`, `map[]`, `<nil>`."""

    printed: str = "<no value>"

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0


def text(value: Any) -> str:
    """A value as `{{.}}` prints it."""
    return "<no value>" if value is None else _inner(value)


def _inner(value: Any) -> str:
    """The same inside of a list or map, where null is `<nil>`."""
    if value is None:
        return "<nil>"
    if isinstance(value, Nothing):
        return value.printed
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, Mapping):
        pairs = (f"{key}:{_inner(value[key])}" for key in sorted(value))
        return f"map[{' '.join(pairs)}]"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{' '.join(map(_inner, value))}]"
    return str(value)


def as_json(value: Any) -> str:
    """A value as JSON in one line; functions in it are left out."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if not callable(item)}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, Nothing) else value


def type_name(value: Any) -> str:
    """What Go calls the type of a value, for errors."""
    for kind, name in (
        (bool, "bool"),
        (int, "int"),
        (float, "float64"),
        (str, "string"),
        (Mapping, "map[string]interface {}"),
        (Sequence, "[]interface {}"),
    ):
        if isinstance(value, kind):
            return name
    return "<nil>"


def printf(form: str, *values: Any) -> str:
    """C's printf with Go's %v (anything), %q (quoted), and Go's words for mistakes."""
    rest = list(values)

    def fill(match: re.Match[str]) -> str:
        flags, width, precision, verb = match.groups()
        if verb == "%":
            return "%"
        if not verb:
            return "%!(NOVERB)"
        if not rest:
            return f"%!{verb}(MISSING)"
        if int(width or 0) > _WIDEST or int(precision or 0) > _WIDEST:
            raise ValueError(f"wider than {_WIDEST} columns")
        shown = _verb(verb, rest.pop(0), flags, precision)
        return _padded(shown, flags, int(width or 0))

    filled = _VERB.sub(fill, form)
    extra = ", ".join(f"{type_name(value)}={_inner(value)}" for value in rest)
    return f"{filled}%!(EXTRA {extra})" if rest else filled


def _padded(shown: str, flags: str, width: int) -> str:
    if "-" in flags:
        return shown.ljust(width)
    return shown.zfill(width) if "0" in flags else shown.rjust(width)


def _verb(verb: str, value: Any, flags: str, precision: str | None) -> str:
    """One value as one verb shows it."""
    cut = None if precision is None else int(precision or 0)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if verb in _NUMBERS and isinstance(value, int) and number:
        return format(value, ("+" if "+" in flags else "") + _NUMBERS[verb])
    if verb in _FRACTIONS and isinstance(value, float):
        sign = "+" if "+" in flags else ""
        return format(value, f"{sign}.{6 if cut is None else cut}{_FRACTIONS[verb]}")
    if verb == "t" and isinstance(value, bool):
        return _inner(value)
    if verb == "T":
        return type_name(value)
    if verb == "v" or (verb == "s" and not isinstance(value, (bool, int, float))):
        return _inner(value)[:cut]
    if verb == "q" and isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if verb == "q" and isinstance(value, (list, tuple)):
        return f"[{' '.join(_verb('q', item, flags, precision) for item in value)}]"
    if verb in "xX" and isinstance(value, str):
        digits = value.encode(errors="surrogateescape").hex()
        return digits.upper() if verb == "X" else digits
    return f"%!{verb}({type_name(value)}={_inner(value)})"
