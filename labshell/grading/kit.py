"""Kits: what students get of an assignment, and how an instructor begins one.

    new      assignment.yaml, checks.py, hidden.py, solution/ to begin with; and in the
             folder above, if they are not there: course.key, roster.csv
    freeze   bases/: the base images as an OCI layout, so that nothing is fetched later,
             and all of a term work on the same; take the folder away to freeze anew
    export   OUT/kit/          assignment.yaml without what is hidden, checks.py, bases/
             OUT/tokens/s001   one for each student, to be put into the kit as `token`

A kit holds no solution, no answer and no hidden check: only how many points those give.

Try it: `lab assignment new layers-1; lab assignment export layers-1 -o OUT`
"""

import os
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.engine import Engine
from engine.errors import Conflict, InvalidArgument
from labshell.grading import course, layout
from labshell.grading.accommodations import read_accommodations
from labshell.grading.assignment import (
    FILE,
    Assignment,
    AssignmentError,
    is_name,
    read_assignment,
)
from labshell.grading.marking import BASES, load_checks
from labshell.grading.overrides import read_overrides
from labshell.grading.pins import frozen
from labshell.grading.work import familiar
from labshell.lessons import library
from labshell.lessons.fields import read_text, yaml_data

_FROM = library.OURS / "assignment"
_ROSTER = "student,pseudonym\nAda Lovelace,s001\nAlan Turing,s002\n"
_NOT_FOR_STUDENTS = "hidden"


def new(folder: Path) -> None:
    """Make the skeleton of an assignment, and of its course if there is none yet."""
    if not is_name(folder.name):
        raise InvalidArgument(
            f"{folder.name}: not the name of an assignment",
            'Small letters, digits and "-": layers-1.',
        )
    if folder.exists():
        raise Conflict(f"There is a {folder}", "Choose another name.")
    key, roster = folder.parent / course.KEY, folder.parent / course.ROSTER
    others = sorted(folder.parent.glob(f"*/{FILE}"))
    if others and not key.exists():
        raise Conflict(
            f"{key} is not there, and {others[0].parent.name} has tokens made with it",
            "Fetch it from your backup; or begin a course in another folder.",
        )
    shutil.copytree(_FROM, folder, ignore=shutil.ignore_patterns("__pycache__"))
    file = folder / FILE
    file.write_text(file.read_text().replace("name: skeleton", f"name: {folder.name}"))
    if not key.exists():
        course.make_key(key)
    if not roster.exists():
        roster.write_text(_ROSTER)


def freeze(engine: Engine, assignment: Assignment) -> None:
    """Keep the base images in bases/, unless they are kept already."""
    place = assignment.folder / BASES
    if place.exists() or not assignment.bases:
        return
    half = place.with_name(f".{BASES}.{os.getpid()}")
    half.mkdir(mode=0o755)
    try:
        _save(engine, assignment.bases, half)
        half.rename(place)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise


def _save(engine: Engine, names: Sequence[str], place: Path) -> None:
    """Images as an OCI layout in the directory `place`."""
    for name, _, content in layout.files_of(engine, names, place):
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            shutil.copyfileobj(content, file)


def load(engine: Engine, assignment: Assignment) -> None:
    """Bring the frozen base images into an engine."""
    place = assignment.folder / BASES
    if place.exists():
        with tempfile.TemporaryFile(dir=place.parent) as archive:
            with tarfile.open(fileobj=archive, mode="w") as tar:
                tar.add(place, arcname=".")
            archive.seek(0)
            engine.load(archive)


def lint(folder: Path) -> Assignment:
    """Read all of an assignment. EngineError says what is wrong with it."""
    assignment = read_assignment(folder)
    load_checks(assignment, hidden=True)
    _examine_bases(assignment)
    course.read_key(folder.parent / course.KEY)
    roster = course.read_roster(folder.parent / course.ROSTER)
    read_overrides(assignment, roster)
    read_accommodations(assignment, roster)
    return assignment


def tells_of_another(assignment: Assignment) -> bool:
    """Whether its README.md is that of the skeleton, and its items are others."""
    readme, items = assignment.folder / "README.md", read_assignment(_FROM).items
    is_same = readme.is_file() and readme.read_bytes() == (
        (_FROM / readme.name).read_bytes()
    )
    return is_same and [i.id for i in assignment.items] != [i.id for i in items]


def _examine_bases(assignment: Assignment) -> None:
    """Once images are frozen, every one of `bases` is among them."""
    if not (assignment.folder / BASES).exists():
        return
    there = {familiar(name) for name in frozen(assignment.folder)}
    for name in assignment.bases:
        if familiar(name) not in there:
            raise AssignmentError(
                f"{assignment.name}: bases: {name[:60]!r} is not frozen in {BASES}/",
                f"Correct the name, or take {BASES}/ away: `lab assignment try` "
                "freezes all anew.",
            )


def export(engine: Engine, folder: Path, out: Path) -> int:
    """Write the kit, and a token for each student; how many students there are."""
    assignment = lint(folder)
    if out.exists():
        raise Conflict(f"There is a {out}", "Export to a new folder.")
    freeze(engine, assignment)
    kit, tokens = out / "kit" / assignment.name, out / "tokens"
    kit.mkdir(parents=True)
    (kit / FILE).write_text(_visible(folder))
    shutil.copyfile(folder / "checks.py", kit / "checks.py")
    for name in (*_handed_out(folder), *([BASES] if assignment.bases else [])):
        copy = shutil.copytree if (folder / name).is_dir() else shutil.copyfile
        copy(folder / name, kit / name)
    tokens.mkdir(mode=0o700)
    key = course.read_key(folder.parent / course.KEY)
    roster = course.read_roster(folder.parent / course.ROSTER)
    for pseudonym in roster:
        token = course.token(key, pseudonym, assignment.name)
        path = tokens / pseudonym
        path.write_text(f"{pseudonym} {token}\n")
        os.chmod(path, 0o600)
    return len(roster)


def _handed_out(folder: Path) -> list[str]:
    """What else students get, as it is: a README, and files that the work needs."""
    return [name for name in ("README.md", "files") if (folder / name).exists()]


def _visible(folder: Path) -> str:
    """assignment.yaml as students get it: hidden checks are but a number of points."""
    import yaml

    shown = f"{folder.name}/{FILE}"
    data: Any = yaml_data(read_text(folder / FILE, shown), shown)
    for item in data["items"]:
        hidden = item.pop(_NOT_FOR_STUDENTS, [])
        if points := sum(check["points"] for check in hidden):
            item["more"] = points
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))
