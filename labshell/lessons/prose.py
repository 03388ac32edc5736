"""The prose of a lesson: Markdown in sections, with commands and source inside.

Below the front matter, `## guess` begins the text of the step `guess`, and `### after`
in it the part that stays hidden until the step is done: the reveal of a prediction,
or why the work had its effect. What stands above the first section introduces the
lesson; `## why` closes it.

Three kinds of block may stand between the paragraphs:

    :::run                            :::source engine.runtime.rootfs:pivot
    lab commit {{tree}} {{tree}}:2    What to look for in it.
    :::                               :::

    :::look
    lab layers {{tree}}
    :::

`run` types the command and runs it, where it stands. So does `look`, with a command
that leaves nothing which a later step needs: it is left out when a step's world is
made again, so that `:reset step` takes no longer than it must. `source` shows the
source of a symbol of the engine.

Of `:::run fails` and `:::look fails`, the last command is meant to fail, and no other
command is: `lab lesson test` looks whether it is so.

Try it: read any lesson.md beside what `lab learn` makes of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from labshell.lessons.fields import LessonError

INTRODUCTION, CLOSING = "", "why"
_AFTER = "### after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The text of one step: what is read first, and what only when it is done."""

    before: str
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraphs:
    """Some Markdown."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A command that is typed and run for the student to watch.

    `only_shows`: it leaves nothing that a later step needs. `fails`: it is to show what
    does not work.
    """

    line: str
    only_shows: bool = False
    fails: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The source of a symbol of the engine, and what to look for in it."""

    symbol: str
    comment: str


Piece = Paragraphs | Run | Source


def read_sections(body: str, shown: str) -> dict[str, Section]:
    """The sections of a lesson by name; the introduction is named ""."""
    texts: dict[str, list[str]] = {INTRODUCTION: []}
    name, fenced = INTRODUCTION, False
    for line in body.split("\n"):
        fenced ^= line.startswith("```")
        if line.startswith("## ") and not fenced:
            name = line[3:].strip()
            if name in texts:
                raise LessonError(f"{shown}: the section `## {name}` is there twice")
            texts[name] = []
        else:
            texts[name].append(line)
    return {name: _section(lines) for name, lines in texts.items()}


def _section(lines: list[str]) -> Section:
    after = lines.index(_AFTER) if _AFTER in lines else len(lines)
    return Section(
        before="\n".join(lines[:after]).strip("\n"),
        after="\n".join(lines[after + 1 :]).strip("\n"),
    )


def pieces(text: str, shown: str) -> Iterator[Piece]:
    """Take the blocks out of the Markdown around them, in order."""
    lines = text.split("\n")
    plain: list[str] = []
    while lines:
        line = lines.pop(0)
        if not line.startswith(":::"):
            plain.append(line)
            continue
        if "".join(plain).strip():
            yield Paragraphs(text="\n".join(plain))
        plain = []
        kind, _, argument = line[3:].partition(" ")
        if ":::" not in lines:
            raise LessonError(f"{shown}: `{line}` is not closed by a line of `:::`")
        end = lines.index(":::")
        content, lines = "\n".join(lines[:end]).strip(), lines[end + 1 :]
        yield from _block(kind, argument.strip(), content, shown)
    if "".join(plain).strip():
        yield Paragraphs(text="\n".join(plain))


def _block(kind: str, argument: str, content: str, shown: str) -> Iterator[Piece]:
    if kind == "source" and argument:
        yield Source(symbol=argument, comment=content)
    elif kind in ("run", "look") and content and argument in ("", "fails"):
        *lines, last = content.split("\n")
        for line in lines:
            yield Run(line=line, only_shows=kind == "look")
        yield Run(line=last, only_shows=kind == "look", fails=argument == "fails")
    else:
        raise LessonError(
            f"{shown}: `:::{kind}` is not a block that there is",
            "`:::run` or `:::look` (or with `fails`) and commands, "
            "`:::source engine.file:symbol`.",
        )


def commands(sections: Mapping[str, Section], shown: str) -> list[tuple[str, str]]:
    """(section, command) for every command that is shown, in order."""
    return [(name, piece.line) for name, piece in _runs(sections, shown)]


def changes(sections: Mapping[str, Section], shown: str) -> list[tuple[str, str]]:
    """The same, but only those that leave something for later steps."""
    runs = _runs(sections, shown)
    return [(name, piece.line) for name, piece in runs if not piece.only_shows]


def failing(sections: Mapping[str, Section], shown: str) -> list[str]:
    """The commands that are meant to fail."""
    return [piece.line for _, piece in _runs(sections, shown) if piece.fails]


def _runs(sections: Mapping[str, Section], shown: str) -> Iterator[tuple[str, Run]]:
    for name, section in sections.items():
        for text in (section.before, section.after):
            for piece in pieces(text, shown):
                if isinstance(piece, Run):
                    yield name, piece


def symbols(sections: Mapping[str, Section], shown: str) -> list[str]:
    """Every symbol that a `:::source` block shows."""
    return [
        piece.symbol
        for section in sections.values()
        for text in (section.before, section.after)
        for piece in pieces(text, shown)
        if isinstance(piece, Source)
    ]
