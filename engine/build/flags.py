"""Flags: what `--from=base` says, and which instruction has which.

They stand between the instruction and its words; quotes and escapes in them go away at
once, and `--` alone ends them. A value is given with `=`: after a blank it would be the
first word.

Some flags belong to BuildKit, Docker's newer builder: `RUN --mount` gives a command
files that are in no layer. Builders that ran each instruction in a container never had
it, and to leave it out silently would break what depends on it: so it is refused.

Source: the Dockerfile reference; measured on Docker 20.10
Try it: `printf 'FROM busybox\\nCOPY --form=base a b\\n' | lab build -`
"""

import re
from typing import NamedTuple

from engine.build.source import Misread

VALUE, SWITCH, NEWER = "value", "switch", "newer"
FLAGS = {
    "ADD": {"chown": VALUE, "chmod": VALUE, "link": SWITCH, "checksum": VALUE},
    "COPY": {"from": VALUE, "chown": VALUE, "chmod": VALUE, "link": SWITCH},
    "FROM": {"platform": VALUE},
    "HEALTHCHECK": dict.fromkeys(
        ("interval", "timeout", "start-period", "retries"), VALUE
    ),
    "RUN": dict.fromkeys(("mount", "network", "security"), NEWER),
}
_FLAG = re.compile(
    r"""--(?:[^\s"'\\]++|\\.?|"(?:[^"\\]++|\\.?)*+"?|'(?:[^'\\]++|\\.?)*+'?)*+""",
    re.DOTALL,
)
_QUOTING = re.compile(r"""\\(.?)|["']""", re.DOTALL)
_INSIDE = {
    '"': re.compile(r'\\(.?)|"', re.DOTALL),
    "'": re.compile(r"\\(.?)|'", re.DOTALL),
}


class Flag(NamedTuple):
    """A flag as written, without its quotes: "--from=base"; and its offset."""

    text: str
    offset: int


def take(text: str, start: int) -> tuple[list[Flag], int]:
    """The flags at `start` of the text, and where what follows them begins."""
    found = []
    at = _skip_blanks(text, start)
    while match := _FLAG.match(text, at):
        flag = Flag(text=_unquoted(match[0]), offset=at)
        at = _skip_blanks(text, match.end())
        if flag.text == "--":
            break
        found.append(flag)
    return found, at


def understand(instruction: str, flags: list[Flag]) -> dict[str, tuple[str, ...]]:
    """The flags by name. Misread for what this instruction does not have."""
    known = FLAGS.get(instruction, {})
    found: dict[str, tuple[str, ...]] = {}
    for flag in flags:
        name, equals, value = flag.text[2:].partition("=")
        if name not in known:
            raise Misread(
                f"Unknown flag: {name}", _near(name, instruction), flag.offset
            )
        if name in found:
            raise Misread(f"Duplicate flag specified: {name}", "", flag.offset)
        if known[name] == NEWER:
            raise Misread(
                f"the --{name} option requires BuildKit",
                "A classic builder has none: write the RUN without it.",
                flag.offset,
            )
        found[name] = (_value(known[name], name, bool(equals), value, flag.offset),)
    return found


def _value(kind: str, name: str, given: bool, value: str, offset: int) -> str:
    if kind == SWITCH and not given:
        return "true"
    if not given or (kind == SWITCH and not value):
        raise Misread(
            f"Missing a value on flag: {name}", f"As in: --{name}=VALUE", offset
        )
    if kind == SWITCH and value.lower() not in ("true", "false"):
        raise Misread(
            f"Expecting boolean value for flag {name}, not: {value}", "", offset
        )
    return value.lower() if kind == SWITCH else value


def _near(name: str, instruction: str) -> str:
    from difflib import get_close_matches

    known = FLAGS.get(instruction, {})
    if near := get_close_matches(name[:40], known, 1):
        return f"Did you mean --{near[0]}?"
    if known:
        return f"{instruction} has {', '.join(f'--{flag}' for flag in known)}."
    return f"{instruction} has no flags: write -- before what begins with two dashes."


def _unquoted(text: str) -> str:
    """Without quotes and escapes; in one kind of quote the other is a character."""
    found, at, quote = [], 0, ""
    while match := (_INSIDE[quote] if quote else _QUOTING).search(text, at):
        found.append(text[at : match.start()])
        if match[0].startswith("\\"):
            found.append(match[1])
        else:
            quote = "" if quote else match[0]
        at = match.end()
    return "".join([*found, text[at:]])


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at
