"""Pins: what an assignment was when a term began, to tell when it is not that any more.

    layers-1/pins.json
        labshell          its version
        files             path -> digest: assignment.yaml, checks, hidden checks, files/
        bases             name -> digest of the manifest, of each frozen base image

A mark of December and one of January can be compared if the same checks gave both, on
the same images. So the digests are written down once; lint, try and grade say what
differs. It is a note and no refusal: a check may have to be corrected, and whoever does
so pins it anew.

Within one grading it is a refusal: what the marks depend on has a fingerprint, and
`--resume` goes on with marks of the same one only.

Try it: `lab assignment pin layers-1`, change checks.py, `lab assignment lint layers-1`
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from labshell import VERSION
from labshell.grading import lesson_checks
from labshell.grading.assignment import FILE as ASSIGNMENT
from labshell.grading.assignment import Assignment, AssignmentError
from labshell.grading.marking import BASES
from labshell.grading.submission import NAME
from labshell.lessons import saving

FILE, SCHEMA = "pins.json", "labshell.pins/1"
_PINNED = (ASSIGNMENT, "checks.py", "hidden.py", "README.md", "files", "solution")
_MARKING = (ASSIGNMENT, "checks.py", "hidden.py")
_LARGEST, _MOST_FILES = 256 << 20, 10_000  # bytes of one file; files of an assignment
_HOW = "`lab assignment pin` writes it anew, as the assignment is now."


def pin(assignment: Assignment) -> int:
    """Write down what the assignment is now; of how many files and images."""
    now = _now(assignment)
    saving.write(assignment.folder / FILE, now)
    return len(now["files"]) + len(now["bases"])


def differences(assignment: Assignment) -> list[str]:
    """What is not as it was pinned, a line each; none if nothing was pinned.

    AssignmentError if the pins cannot be read.
    """
    path = assignment.folder / FILE
    if not path.exists():
        return []
    try:
        before = saving.read(path)
        if (found := before["schema"]) != SCHEMA:
            raise ValueError(f"{SCHEMA} is needed, not {str(found)[:60]!r}")
        known = [dict(before[part]) for part in ("files", "bases")]
    except (OSError, LookupError, TypeError, ValueError) as error:
        raise AssignmentError(f"{path}: it cannot be read: {error}", _HOW) from error
    now, told = _now(assignment), list[str]()
    if before.get("labshell") != now["labshell"]:
        told.append(f"labshell is {now['labshell']}, not {before.get('labshell')}")
    for old, new in zip(known, (now["files"], now["bases"]), strict=True):
        told += [f"{name}: {_how(old, new, name)}" for name in sorted({*old, *new})]
    return [line for line in told if not line.endswith(": ")]


def _how(old: dict[str, str], new: dict[str, str], name: str) -> str:
    """What has become of one file or image; "" if nothing has."""
    if old.get(name) == new.get(name):
        return ""
    if name not in new:
        return "it was pinned, and is gone"
    return "it is not as it was pinned" if name in old else "it was not pinned"


def _now(assignment: Assignment) -> dict[str, Any]:
    folder = assignment.folder
    return {
        "schema": SCHEMA,
        "labshell": VERSION,
        "files": {
            path.relative_to(folder).as_posix(): _digest(path)
            for path in _files(folder)
        }
        | {
            f"lesson {path.parent.name}/{path.name}": _digest(path)
            for path in of_lessons(assignment)
        },
        "bases": frozen(folder),
    }


def fingerprint(assignment: Assignment) -> str:
    """What the marks depend on, beside the work: a change makes every look void.

    What students got is part of it: scripts find it, and their bases, where they run.
    """
    folder = assignment.folder
    given = (path for path in folder.glob("files/**/*") if path.suffix != ".pyc")
    own = [*(folder / name for name in _MARKING), *sorted(given)]
    parts = [
        *(f"{path.relative_to(folder)} {_content(path)}" for path in own),
        *(f"{p.parent.name} {_content(p)}" for p in of_lessons(assignment)),
        *(f"{name} {digest}" for name, digest in sorted(frozen(folder).items())),
    ]
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()


def _content(path: Path) -> str:
    """What tells one content from another, however large; "" if it is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_lessons(assignment: Assignment) -> list[Path]:
    """The files of lessons that the checks of an assignment stand in."""
    checks = [check.name for item in assignment.items for check in item.checks]
    names = [name for name in checks if lesson_checks.FORM.fullmatch(name)]
    return sorted({lesson_checks.file_of(name) for name in names})


def _files(folder: Path) -> Iterator[Path]:
    """The files that are pinned; no link is followed."""
    number = 0
    for name in _PINNED:
        place = folder / name
        is_room = place.is_dir() and not place.is_symlink()
        for path in sorted(place.rglob("*")) if is_room else [place]:
            if path.is_symlink() or not path.is_file() or path.suffix == ".pyc":
                continue
            if (number := number + 1) > _MOST_FILES:
                raise AssignmentError(
                    f"{folder}: more than {_MOST_FILES} files", "Is it an assignment?"
                )
            yield path


def _digest(path: Path) -> str:
    digest, left = hashlib.sha256(), _LARGEST
    with path.open("rb") as file:
        while data := file.read(1 << 20):
            digest.update(data)
            if (left := left - len(data)) < 0:
                raise EngineError(
                    f"{path}: larger than {_LARGEST >> 20} MB", "Take it out of there."
                )
    return f"sha256:{digest.hexdigest()}"


def frozen(folder: Path) -> dict[str, str]:
    """Name -> digest of the manifest, as the index of the frozen layout says.

    AssignmentError if that cannot be read; nothing if nothing is frozen.
    """
    path = folder / BASES / "index.json"
    try:
        entries = json.loads(path.read_bytes())["manifests"]
        return {one["annotations"][NAME]: one["digest"] for one in entries}
    except FileNotFoundError:
        return {}
    except (LookupError, TypeError, ValueError) as error:
        raise AssignmentError(
            f"{path}: no index of images: {error}",
            f"Take {BASES}/ away: it is frozen anew.",
        ) from error
