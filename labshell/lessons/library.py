"""Which lessons there are, and where.

    lessons/<track>/<NNN.slug>/lesson.md       found as "<track>/<slug>"

The number gives the order within a track and is no part of the name, so a lesson can
be moved without changing what others call it. The order of the tracks is that of
`tracks.txt`; one that it does not name comes after those, by the alphabet. A lesson
that it names is taken there, and not with its track: it needs another track first.

A capstone needs every other lesson of its track, whether it says so or not: so whoever
adds one there need not think of it.

`lab --lessons DIR` chooses somebody else's folder, in this form. What is listed, and
what `lab learn` goes on with, is then theirs alone; ours can still be asked for by
name, because theirs may need them.

Try it: `lab lesson list`
"""

import difflib
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import lessons
from engine.errors import EngineError, NotFound
from labshell.lessons.fields import read_text
from labshell.lessons.format import read_lesson
from labshell.lessons.lesson import Lesson
from labshell.messages import ENGLISH, translate

OURS = Path(lessons.__file__).parent
CHOSEN = "LABSHELL_LESSONS"  # the variable that --lessons sets


def chosen() -> Path:
    """The folder of the lessons that were asked for: ours, if nobody said."""
    return Path(os.environ.get(CHOSEN) or OURS)


def names(folder: Path | None = None) -> dict[str, Path]:
    """The folder of every lesson by the lesson's name, in the order to take them."""
    folder, found = folder or chosen(), {}
    for path in sorted(folder.glob("*/*/lesson.md")):
        slug = path.parent.name.partition(".")[2] or path.parent.name
        found[f"{path.parent.parent.name}/{slug}"] = path.parent
    order = {word: number for number, word in enumerate(_order(folder))}

    def position(name: str) -> int:
        track = name.partition("/")[0]
        return order.get(name, order.get(track, len(order)))

    return {name: found[name] for name in sorted(found, key=position)}


def _order(folder: Path) -> list[str]:
    path = folder / "tracks.txt"
    return read_text(path, path.name).split() if path.exists() else []


def known(folder: Path | None = None) -> dict[str, Path]:
    """Those, and ours."""
    folder = folder or chosen()
    return names(OURS) | (names(folder) if folder != OURS else {})


def find(name: str, language: str = ENGLISH, folder: Path | None = None) -> Lesson:
    """The lesson with this name, in the language asked for where it has it."""
    from labshell.lessons.translate import translated

    found = known(folder)
    if name not in found:
        missing = translate("No such lesson: {name}")
        raise NotFound(missing.format(name=name), _advice(name, list(found)))
    lesson = read_lesson(found[name], name)
    if lesson.is_capstone:
        needs = (*_others_of_its_track(name, found), *lesson.needs)
        lesson = replace(lesson, needs=tuple(dict.fromkeys(needs)))
    return lesson if language == ENGLISH else translated(lesson, language)[0]


def _others_of_its_track(name: str, found: Iterable[str]) -> list[str]:
    track = name.partition("/")[0]
    return [other for other in found if other != name and other.startswith(f"{track}/")]


def readable(
    wanted: Iterable[str], language: str = ENGLISH
) -> tuple[list[Lesson], list[EngineError]]:
    """Those lessons that can be read, and what is wrong with each of the others."""
    lessons, broken = [], []
    for name in wanted:
        try:
            lessons.append(find(name, language))
        except EngineError as error:
            broken.append(error)
    return lessons, broken


def _advice(name: str, found: list[str]) -> str:
    slug = name.rpartition("/")[2]
    near = [other for other in found if other.rpartition("/")[2] == slug]
    near = near or difflib.get_close_matches(name, found, 1)
    if near:
        return translate("Is {name} meant?").format(name=near[0])
    return translate("`lab lesson list` shows all lessons.")
