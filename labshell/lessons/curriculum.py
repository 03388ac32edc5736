"""The curriculum as a table: each concept, its lessons, and the engine's source for it.

    lessons/concepts.txt       what there is to be understood, by number
    lesson.md, `concepts:`     which of them a lesson teaches
    lesson.md, `source:`       … and `:::source`: the symbols of the engine it shows
    lessons/README.md          made of these three; a test compares

A concept without a lesson is shown as open.

Try it: `lab lesson table > lessons/README.md`
"""

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path

from labshell.lessons import library, prose
from labshell.lessons.fields import LessonError, read_text
from labshell.lessons.lesson import Lesson

_HEAD = """\
# The curriculum

{taught} of {all} concepts have a lesson. Made of `lessons/concepts.txt` and the lessons
by `lab lesson table > lessons/README.md`; a test compares. How to write a lesson:
[AUTHORING.md](AUTHORING.md).

"""
_LESSONS = "| lesson | title | minutes | needs |\n|---|---|---|---|\n"
_CONCEPTS = "| # | concept | lesson | engine |\n|---|---|---|---|\n"


@functools.cache
def concepts() -> Mapping[int, str]:
    """Every concept by its number. LessonError if a line is not one."""
    path = library.OURS / "concepts.txt"
    found: dict[int, str] = {}
    for line in read_text(path, path.name).splitlines():
        number, _, text = line.strip().partition("  ")
        if line.startswith("#"):
            continue
        if not number.isdecimal() or int(number) in found or not text:
            raise LessonError(f"{path.name}: not a concept with its number: {line}")
        found[int(number)] = text
    return found


def unknown(lesson: Lesson) -> list[int]:
    """The concepts that a lesson names and that do not exist."""
    return [number for number in lesson.concepts if number not in concepts()]


def table(folder: Path | None = None) -> str:
    """The text of lessons/README.md."""
    lessons = [library.find(name, folder=folder) for name in library.names(folder)]
    taught = {number for lesson in lessons for number in lesson.concepts}
    head = _HEAD.format(taught=len(taught & concepts().keys()), all=len(concepts()))
    rows = [_concept(number, text, lessons) for number, text in concepts().items()]
    return (
        head
        + _LESSONS
        + "".join(map(_lesson, lessons))
        + "\n"
        + _CONCEPTS
        + "".join(rows)
    )


def _lesson(lesson: Lesson) -> str:
    needs = ", ".join(lesson.needs) or "–"
    return _row(_link(lesson), lesson.title, str(lesson.minutes), needs)


def _concept(number: int, text: str, lessons: Iterable[Lesson]) -> str:
    on_it = [lesson for lesson in lessons if number in lesson.concepts]
    symbols = dict.fromkeys(
        symbol
        for lesson in on_it
        for symbol in (
            *lesson.source,
            *prose.symbols(lesson.sections, lesson.shown),
        )
    )
    return _row(
        str(number),
        text,
        "<br>".join(map(_link, on_it)) or "*open*",
        "<br>".join(f"`{symbol}`" for symbol in symbols),
    )


def _link(lesson: Lesson) -> str:
    track, numbered = lesson.folder.parts[-2:]
    return f"[{lesson.name}]({track}/{numbered}/lesson.md)"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"
