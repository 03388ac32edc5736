"""The eighteen instructions: how each is cut into words, and what it needs.

One table, at the end of this file. A check gets the words and refuses what Docker
refuses, in Docker's words, with an example of how it is meant.

    FROM     image [AS name]             ADD COPY     source… destination
    RUN CMD ENTRYPOINT  shell or JSON    SHELL        JSON only
    ENV LABEL    name=value…             ARG          name[=value]…
    EXPOSE VOLUME    one or more         USER WORKDIR STOPSIGNAL MAINTAINER    one
    HEALTHCHECK  NONE, or CMD …          ONBUILD      an instruction for later

"One" means all that is on the line: `WORKDIR /a b` is a directory with a blank in its
name, and `WORKDIR /app COPY . /app` one with a strange name.

Source: the Dockerfile reference; measured on Docker 20.10
Try it: `printf 'FROM a b\\n' | lab build -`
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from engine.build import heredocs, words
from engine.build.source import Misread
from engine.build.words import Cut

_STAGE = re.compile(r"[a-z][a-z0-9\-_.]*")


class Grammar(NamedTuple):
    """How to cut the text of an instruction, and how to check the words."""

    cut: Callable[[str, str, str], Cut]  # of name, text, escape
    check: Callable[[str, Cut], None]  # of name, words; raises Misread
    example: str


def cut(name: str, text: str, at: int, escape: str) -> Cut:
    """The words of the instruction `name`, checked: those of `text` from `at` on.

    Raises Misread for what makes no sense.
    """
    grammar = GRAMMAR[name]
    try:
        found = grammar.cut(name, text[at:].rstrip(), escape)
        grammar.check(name, found)
    except Misread as error:
        hint = _astray(text[at:]) or error.hint or f"As in: {grammar.example}"
        offset = None if error.offset is None else error.offset + at
        raise Misread(error.message, hint, offset) from None
    return found.after(at)


def _astray(text: str) -> str:
    """The hint, if among the words is something that wants a line of its own."""
    for word in words.by_blanks(text).words:
        if word.startswith("#"):
            return "A comment has a line of its own: behind words, # is one of them."
        if word in GRAMMAR:
            return f"{word} begins on a line of its own."
    return ""


def _by_blanks(name: str, text: str, escape: str) -> Cut:
    return words.by_blanks(text)


def _like_a_shell(name: str, text: str, escape: str) -> Cut:
    return words.like_a_shell(text, escape)


def _whole(name: str, text: str, escape: str) -> Cut:
    return words.whole(text)


def _json_or_whole(name: str, text: str, escape: str) -> Cut:
    return words.as_json(text) or words.whole(text)


def _json_or_blanks(name: str, text: str, escape: str) -> Cut:
    return words.as_json(text) or words.by_blanks(text)


def _health(name: str, text: str, escape: str) -> Cut:
    kind = text.split(None, 1)[:1]
    rest = text[len(kind[0]) :].lstrip() if kind else ""
    command = _json_or_whole(name, rest, escape).after(len(text) - len(rest))
    return command._replace(
        words=(*(word.upper() for word in kind), *command.words),
        offsets=(0, *command.offsets)[: len(kind) + len(command.words)],
    )


def _anything(name: str, found: Cut) -> None:
    """CMD and ENTRYPOINT: with nothing, they take away what the base image has."""


def _one(name: str, found: Cut) -> None:
    if len(found.words) != 1:
        raise Misread(f"{name} requires exactly one argument")


def _some(name: str, found: Cut) -> None:
    if not found.words:
        raise Misread(f"{name} requires at least one argument")


def _two(name: str, found: Cut) -> None:
    if len(found.words) < 2:
        raise Misread(
            f"{name} requires at least two arguments, but only one was provided. "
            "Destination could not be determined"
        )
    if heredocs.marker(found.words[-1]):
        raise Misread(
            f"{name} cannot accept a heredoc as a destination", "", found.offsets[-1]
        )


def _named(name: str, found: Cut) -> None:
    _some(name, found)
    if name != "ARG" and "=" not in found.words[0]:
        return  # the old form: one name, and any value
    for word, offset in zip(found.words, found.offsets, strict=True):
        if word.startswith("="):
            raise Misread(f"{name} names can not be blank", "", offset)


def _from(name: str, found: Cut) -> None:
    image_or_three = len(found.words) in (1, 3)
    if not image_or_three or (found.words[1:] and found.words[1].upper() != "AS"):
        raise Misread("FROM requires either one or three arguments")
    if found.words[1:] and not _STAGE.fullmatch(found.words[2].lower()):
        raise Misread(
            f'invalid name for build stage: "{found.words[2][:80]}", '
            "name can't start with a number or contain symbols",
            "",
            found.offsets[2],
        )


def _volume(name: str, found: Cut) -> None:
    _some(name, found)
    if not all(word.strip() for word in found.words):
        raise Misread("VOLUME specified can not be an empty string")


def _shell(name: str, found: Cut) -> None:
    _some(name, found)
    if not found.json_form:
        raise Misread("SHELL requires the arguments to be in JSON form")


def _healthcheck(name: str, found: Cut) -> None:
    _some(name, found)
    kind, *command = found.words
    if kind == "NONE" and command:
        raise Misread("HEALTHCHECK NONE takes no arguments", "", found.offsets[1])
    if kind not in ("NONE", "CMD"):
        raise Misread(f'Unknown type "{kind[:40]}" in HEALTHCHECK (try CMD)')
    if kind == "CMD" and not command:
        raise Misread("Missing command after HEALTHCHECK CMD")


_COMMAND = '["program", "argument"]'
GRAMMAR = {
    "ADD": Grammar(_json_or_blanks, _two, "ADD files.tar /dst/"),
    "ARG": Grammar(_like_a_shell, _named, "ARG version=1"),
    "CMD": Grammar(_json_or_whole, _anything, f"CMD {_COMMAND}"),
    "COPY": Grammar(_json_or_blanks, _two, "COPY file /dst/"),
    "ENTRYPOINT": Grammar(_json_or_whole, _anything, f"ENTRYPOINT {_COMMAND}"),
    "ENV": Grammar(words.key_and_value, _named, "ENV name=value"),
    "EXPOSE": Grammar(_by_blanks, _some, "EXPOSE 80 53/udp"),
    "FROM": Grammar(_by_blanks, _from, "FROM busybox AS base"),
    "HEALTHCHECK": Grammar(_health, _healthcheck, "HEALTHCHECK CMD wget -q localhost"),
    "LABEL": Grammar(words.key_and_value, _named, "LABEL name=value"),
    "MAINTAINER": Grammar(_whole, _one, "LABEL maintainer=name"),
    "ONBUILD": Grammar(_whole, _some, "ONBUILD COPY . /src"),
    "RUN": Grammar(_json_or_whole, _some, "RUN make"),
    "SHELL": Grammar(_json_or_blanks, _shell, 'SHELL ["/bin/sh", "-c"]'),
    "STOPSIGNAL": Grammar(_whole, _one, "STOPSIGNAL SIGTERM"),
    "USER": Grammar(_whole, _one, "USER 1000"),
    "VOLUME": Grammar(_json_or_blanks, _volume, "VOLUME /data"),
    "WORKDIR": Grammar(_whole, _one, "WORKDIR /srv"),
}
