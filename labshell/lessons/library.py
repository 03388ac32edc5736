"""Which lessons there are, and where.

    lessons/<track>/<NNN.slug>/lesson.md       found as "<track>/<slug>"

The number gives the order within a track and is no part of the name, so a lesson can
be moved without changing what others call it.

Try it: `lab lesson list`
"""

import difflib
from pathlib import Path

import lessons
from engine.errors import NotFound
from labshell.lessons.format import read_lesson
from labshell.lessons.lesson import Lesson

FOLDER = Path(lessons.__file__).parent


def names(folder: Path = FOLDER) -> dict[str, Path]:
    """The folder of every lesson by the lesson's name, in order of tracks."""
    found = {}
    for path in sorted(folder.glob("*/*/lesson.md")):
        slug = path.parent.name.partition(".")[2] or path.parent.name
        found[f"{path.parent.parent.name}/{slug}"] = path.parent
    return found


def find(name: str, language: str = "en", folder: Path = FOLDER) -> Lesson:
    """The lesson with this name, in the language asked for where it has it."""
    from labshell.lessons.translate import translated

    known = names(folder)
    if name not in known:
        raise NotFound(f"No such lesson: {name}", _advice(name, list(known)))
    lesson = read_lesson(known[name], name)
    return lesson if language == "en" else translated(lesson, language)[0]


def _advice(name: str, known: list[str]) -> str:
    slug = name.rpartition("/")[2]
    near = [k for k in known if k.rpartition("/")[2] == slug]
    near = near or difflib.get_close_matches(name, known, 1)
    return f"Is {near[0]} meant?" if near else "`lab lesson list` shows all lessons."
