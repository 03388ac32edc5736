"""The skeleton of a new lesson: lessons/skeleton/, copied under another name.

It has one step of each kind, with the place of every field, and is sound as it is. So
an author changes one thing at a time, and `lab lesson lint` speaks of nothing else.

Try it: `lab lesson new volumes/010.outlive`, then `lab lesson preview volumes/outlive`
"""

import re
from pathlib import Path

from engine.errors import Conflict, InvalidArgument
from labshell.lessons import library

_FROM = library.OURS / "skeleton"
_NAME = re.compile(r"([a-z][a-z0-9-]*)/(\d{3}\.[a-z][a-z0-9-]*)")


def make(name: str, folder: Path | None = None) -> Path:
    """Make the lesson "track/NNN.slug" below `folder` (the chosen one); its directory.

    InvalidArgument if it is not a name of that kind, Conflict if the track has such a
    lesson.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise InvalidArgument(
            f"{name}: not the name of a new lesson",
            "A track, a number of three digits, a word: volumes/010.outlive.",
        )
    track, numbered = match.groups()
    known = f"{track}/{numbered.partition('.')[2]}"
    if known in library.names(folder):
        raise Conflict(f"There is a lesson {known}", "Choose another name for it.")
    place = (folder or library.chosen()) / track / numbered
    place.mkdir(parents=True)
    for path in sorted(_FROM.iterdir()):
        if path.is_file():
            (place / path.name).write_bytes(path.read_bytes())
    return place
