"""Values: what differs from student to student.

A lesson names its values in the front matter and writes them as `{{name}}`:

    values:
      tree: {pick: [oak, elm, ash]}     one of these
      token: {hex: 32}                  that many hexadecimal digits
      port: {number: [4000, 4999]}      a whole number from one to the other

Each student has a seed. A value is computed from the seed, the lesson and the name
(HMAC-SHA256), so it is always the same for one student, and says nothing about
another's. Nothing is stored but the seed.

Try it: `lab lesson list`, then read `lesson.md` and compare with `:again`.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from labshell.lessons.fields import Fields

_NAME = "[a-z][a-z0-9_]*"  # a variable of bash's can be called so, too
PLACE = re.compile(rf"\{{\{{({_NAME})\}}\}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one value comes about: exactly one of these is given."""

    pick: tuple[str, ...] = ()
    hexadecimal: int = 0
    number: tuple[int, ...] = ()


def read_rules(fields: Fields) -> dict[str, Rule]:
    """The rules that `values:` has, by name."""
    for name in fields.names():
        if not re.fullmatch(_NAME, name):
            needed = 'small letters, digits and "_" are needed in a name of a value'
            raise fields.problem(name, needed)
    return {name: _read_rule(fields.inner(name)) for name in fields.names()}


def _read_rule(fields: Fields) -> Rule:
    """The rule that one field of `values:` describes."""
    rule = Rule(
        pick=fields.texts("pick"),
        hexadecimal=fields.integer("hex", 0),
        number=fields.integers("number"),
    )
    fields.done()
    given = [bool(rule.pick), bool(rule.hexadecimal), bool(rule.number)]
    if given.count(True) != 1:
        raise fields.problem("", "one of `pick`, `hex` or `number` is needed")
    if rule.hexadecimal > 64:
        raise fields.problem("hex", "64 digits at most")
    if rule.number and (len(rule.number) != 2 or rule.number[0] > rule.number[1]):
        raise fields.problem("number", "two numbers are needed: [lowest, highest]")
    return rule


def derive(seed: str, lesson: str, rules: Mapping[str, Rule]) -> dict[str, str]:
    """All values of one lesson for the student with this seed."""
    return {
        name: _value(seed, f"{lesson}/{name}", rule) for name, rule in rules.items()
    }


def _value(seed: str, what: str, rule: Rule) -> str:
    digest = hmac.new(seed.encode(), what.encode(), hashlib.sha256).hexdigest()
    if rule.hexadecimal:
        return digest[: rule.hexadecimal]
    if rule.pick:
        return rule.pick[int(digest, 16) % len(rule.pick)]
    low, high = rule.number
    return str(low + int(digest, 16) % (high - low + 1))


def shuffled(seed: str, what: str, keys: tuple[str, ...]) -> list[str]:
    """The same keys in an order of this student's own."""
    return sorted(
        keys,
        key=lambda key: hmac.new(
            seed.encode(), f"{what}/{key}".encode(), hashlib.sha256
        ).digest(),
    )


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with each `{{name}}` replaced; a name that is no value is left alone."""
    return PLACE.sub(lambda match: values.get(match[1], match[0]), text)


def names_in(text: str) -> Iterator[str]:
    """The names of the values that `text` mentions."""
    return (match[1] for match in PLACE.finditer(text))
