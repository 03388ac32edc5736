"""A Dockerfile: bytes -> instructions.

    FROM busybox                 bytes         source.py    text, of bounded size
    ARG who                        │
    RUN echo "$who" \\            lines         lines.py     joined, comments dropped
      && ls                        │
    COPY --chown=1 a b /dst/     instruction   flags.py     --chown=1
                                   │           grammar.py   cut into words, checked
                                 record        instruction.py

Nothing is substituted yet: what $who is depends on the steps before, so that is done
when a step's turn comes (expansion.py). All else that can be wrong is found here,
before anything is built: an error in line 40 costs no thirty-nine steps. It names the
line, shows it, and says what was probably meant.

Source: the Dockerfile reference; where it is silent, Docker 20.10 was measured
Try it: `printf 'FROM busybox\\nRUNN echo\\n' | lab build -`
"""

import re
from typing import NamedTuple

from engine.build import advice, flags, grammar, healthcheck, heredocs, source, words
from engine.build.grammar import GRAMMAR
from engine.build.heredocs import Heredoc
from engine.build.instruction import Instruction
from engine.build.lines import Line, Reader
from engine.build.source import Misread, Position, Source
from engine.build.words import Cut
from engine.errors import BuildFileError

__all__ = ["Dockerfile", "Heredoc", "Instruction", "Position", "parse", "parse_trigger"]
MOST_INSTRUCTIONS = 10_000  # in one file; an image has 125 layers at most
_NAME = re.compile(r"[^\t\v\f\r ]+")
_NO_TRIGGERS = ("FROM", "MAINTAINER", "ONBUILD")


class Dockerfile(NamedTuple):
    """A file that makes sense. `warnings` are lines to print."""

    instructions: tuple[Instruction, ...]
    escape: str
    name: str
    source: str
    warnings: tuple[str, ...] = ()

    def error(self, position: Position, message: str, hint: str = "") -> BuildFileError:
        """An error about a place of this file, for whoever carries it out."""
        return Source(name=self.name, text=self.source).error(position, message, hint)


def parse(data: bytes, name: str = "Dockerfile") -> Dockerfile:
    """What the file says. BuildFileError if it makes no sense."""
    if not data:
        raise BuildFileError(
            f"the Dockerfile ({name}) cannot be empty",
            "Its first instruction is FROM, as in: FROM busybox",
        )
    dockerfile = _read(source.read(data, name))
    for instruction in dockerfile.instructions:
        if instruction.name == "FROM":
            return dockerfile
        if instruction.name != "ARG":
            break
    raise dockerfile.error(
        instruction.position,
        "no build stage in current context",
        "FROM comes first; only ARG may be above it.",
    )


def parse_trigger(text: str, name: str = "ONBUILD") -> Dockerfile:
    """What an ONBUILD of a base image says. BuildFileError if it makes no sense."""
    trigger = _read(source.read(text.encode("utf-8", "surrogateescape"), name))
    for number, instruction in enumerate(trigger.instructions):
        if number or instruction.name in _NO_TRIGGERS:
            raise trigger.error(
                instruction.position,
                f"{instruction.name} isn't allowed as an ONBUILD trigger",
                "A trigger is one instruction, and begins no other image.",
            )
    return trigger


def _read(text: Source) -> Dockerfile:
    """All instructions of the text, whichever they are."""
    reader = Reader(text)
    instructions: list[Instruction] = []
    warnings: list[str] = []
    while (line := reader.logical()) is not None:
        instruction = _instruction(text, reader, line)
        if len(instructions) == MOST_INSTRUCTIONS:
            message = f"more than {MOST_INSTRUCTIONS} instructions"
            raise text.error(instruction.position, message, "Join some: RUN a && b.")
        instructions.append(instruction)
        warnings += advice.warnings(instruction, line, text.name, reader.escape)
    if not instructions:
        raise BuildFileError(
            f"{text.name}: file with no instructions",
            "Its first instruction is FROM, as in: FROM busybox",
        )
    return Dockerfile(
        instructions=tuple(instructions),
        escape=reader.escape,
        name=text.name,
        source=text.text,
        warnings=tuple(warnings),
    )


def _instruction(text: Source, reader: Reader, line: Line) -> Instruction:
    """What a logical line says, with the heredocs that stand below it."""
    start = len(line.text) - len(line.text.lstrip())
    try:
        found = _understand(line.text, start, reader.escape)
    except Misread as error:
        offset = start if error.offset is None else error.offset
        raise text.error(line.position(offset), error.message, error.hint) from None
    below = heredocs.read(found.announced, reader, line, text)
    cut = found.cut
    if found.name == "ONBUILD" and below:
        lines = [*cut.words, *(f"{heredoc.content}{heredoc.name}" for heredoc in below)]
        cut = cut._replace(words=("\n".join(lines),))
    return Instruction(
        name=found.name,
        flags=found.flags,
        words=cut.words,
        json_form=cut.json_form,
        text=line.text[found.rest :].rstrip(),
        original=line.text.strip(),
        heredocs=below,
        position=line.position(start),
        words_at=tuple(line.position(offset) for offset in found.cut.offsets),
    )


class _Reading(NamedTuple):
    """What a line says; where in it the words begin; which heredocs it announces."""

    name: str
    flags: dict[str, tuple[str, ...]]
    cut: Cut
    rest: int
    announced: list[tuple[Heredoc, int]]


def _understand(text: str, start: int, escape: str) -> _Reading:
    """The instruction at `start` of a line. Misread if it makes no sense."""
    match = _NAME.match(text, start)
    name = match[0].upper() if match else ""
    if name not in GRAMMAR:
        raise Misread(f"unknown instruction: {name[:40]}", _near(name), start)
    given, rest = flags.take(text, start + len(name))
    known = flags.understand(name, given)
    cut = grammar.cut(name, text, rest, escape)
    announced: list[tuple[Heredoc, int]] = []
    if name == "ONBUILD":
        announced = _understand_trigger(text, rest, escape).announced
    elif name == "RUN" and not cut.json_form:
        announced = heredocs.markers(words.like_a_shell(text[rest:], "\\").after(rest))
    elif name in ("ADD", "COPY") and not cut.json_form:
        announced = heredocs.markers(cut)
    elif name == "HEALTHCHECK":
        healthcheck.numbers_of(known)
    return _Reading(name=name, flags=known, cut=cut, rest=rest, announced=announced)


def _understand_trigger(text: str, start: int, escape: str) -> _Reading:
    """The instruction for later, which Docker would look at only then."""
    first = text[start:].split(None, 1)[0].upper()
    if first == "ONBUILD":
        raise Misread("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", "", start)
    if first in _NO_TRIGGERS:
        raise Misread(f"{first} isn't allowed as an ONBUILD trigger", "", start)
    return _understand(text, start, escape)


def _near(name: str) -> str:
    from difflib import get_close_matches

    if near := get_close_matches(name[:40], GRAMMAR, 1):
        return f"Did you mean {near[0]}?"
    return "Does the line above lack a \\ at its end, or this one a # before it?"
