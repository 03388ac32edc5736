"""The script's format: scenes of shell lines that both engines are to answer alike.

    # What the scene is about.
    $ lab run --name web busybox sh -c 'exit 3'     run by bash, on both sides
    $ lab kill web
    ! is not running                                both complain, with these words
    = lab export web | sha256sum                    the answer is alike to the byte

`lab` is labshell on one side and docker on the other. What is compared of a `$` line is
its exit code, stdout and stderr, once what must differ has been made plain: see
plain.py. Where an engine complains, each says it in its own way, and `!` names the
words that both must use. A line may go on after a backslash.

A difference that we mean to keep is in differences.toml, with its reason; one of
labd, which is asked by docker's own client, in differences_of_labd.toml.

Try it: read script/exit_codes.txt
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
PARTS = frozenset({"exit code", "stdout", "stderr"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line that both sides run."""

    number: int
    text: str
    exact: bool = False
    complaints: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One file of the script: its lines share containers, images and files."""

    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A disagreement that we mean to keep."""

    scene: str
    line: str
    part: str
    reason: str


def scenes() -> list[Scene]:
    """All scenes, by name."""
    return [read(path) for path in sorted((HERE / "script").glob("*.txt"))]


def read(path: Path) -> Scene:
    """One scene. ValueError for a line that is none of the kinds above."""
    return Scene(name=path.stem, lines=parse(path.read_text(), path.name))


def parse(script: str, name: str) -> tuple[Line, ...]:
    """The lines of a script; `name` is for the error about a bad one."""
    lines: list[Line] = []
    text, start = "", 0
    for number, written in enumerate(script.splitlines(), 1):
        start = number if not text else start
        text += written
        if text.endswith("\\"):
            text = text.removesuffix("\\").rstrip() + " "
            continue
        kind, _, rest = text.partition(" ")
        rest, text = " ".join(rest.split("\\ ")), ""
        if kind in ("$", "="):
            lines.append(Line(number=start, text=rest, exact=kind == "="))
        elif kind == "!" and lines:
            lines[-1].complaints.append(rest)
        elif kind and not kind.startswith("#"):
            raise ValueError(f"{name}:{number}: no such kind of line: {written}")
    return tuple(lines)


def differences(file: str = "differences.toml") -> list[Difference]:
    """All that a file of accepted differences accepts."""
    table = tomllib.loads((HERE / file).read_text())
    return [Difference(**row) for row in table.get("difference", [])]
