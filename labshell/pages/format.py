"""A page: one file of Markdown with a few fields above it.

    ---
    title: Whiteouts: how a file is deleted that cannot be
    group: Images and layers
    also: whiteout, opaque, .wh.                     other words that lead here
    symbols: engine.storage.whiteouts                what of the engine shows it
    acts: layers                                     the concept of acts it belongs to
    man: mknod(2)
    lesson: commit/init-layer
    ---
    What it is, and why a container needs it.

    What surprises.

        lab run …                                    indented: something to try

Fields are plain lines and not YAML: to list all pages must not take a second. Only
title and group must be there.

Try it: `cat labshell/pages/overlay.md`
"""

from pathlib import Path
from typing import NamedTuple

from engine.errors import EngineBroken

_FENCE, _INDENT = "---\n", "    "
_FIELDS = ("title", "group", "also", "symbols", "acts", "man", "lesson")


class Page(NamedTuple):
    """What is said of one topic; `examples` are lines for a shell.

    `concept` is that of the acts that belong to it, "" if there are none.
    """

    name: str
    title: str
    group: str
    also: tuple[str, ...]
    symbols: tuple[str, ...]
    concept: str
    man: tuple[str, ...]
    lesson: str
    paragraphs: tuple[str, ...]
    examples: tuple[str, ...]


def read(path: Path) -> Page:
    """The page in a file. EngineBroken if it is none."""
    fields, body = _split(path.read_text(), path)
    blocks = [block for block in body.strip("\n").split("\n\n") if block.strip()]
    examples = [block for block in blocks if block.startswith(_INDENT)]
    return Page(
        name=path.stem,
        title=fields["title"],
        group=fields["group"],
        also=_listed(fields.get("also", "")),
        symbols=_listed(fields.get("symbols", "")),
        concept=fields.get("acts", ""),
        man=_listed(fields.get("man", "")),
        lesson=fields.get("lesson", ""),
        paragraphs=tuple(
            " ".join(block.split()) for block in blocks if block not in examples
        ),
        examples=tuple(
            line.removeprefix(_INDENT)
            for block in examples
            for line in block.split("\n")
        ),
    )


def _split(text: str, path: Path) -> tuple[dict[str, str], str]:
    """The fields above the text, and the text."""
    before, _, rest = text.partition(_FENCE)
    head, fence, body = rest.partition(_FENCE)
    lines = [line.partition(":") for line in head.splitlines()]
    fields = {name: value.strip() for name, _, value in lines}
    if before or not fence or not {"title", "group"} <= fields.keys() <= {*_FIELDS}:
        raise EngineBroken(f"{path} is no page", "Is the installation whole?")
    return fields, body


def _listed(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
