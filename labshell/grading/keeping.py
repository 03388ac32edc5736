"""Keeping: what a folder of marks holds of whom, and how it goes again.

    OUT/graded.json    when, by which assignment, and where each file lay
    purge              all that was graded before a day; with the work, if that is asked
    export             what is kept of one student, and nobody else: disclosure.py

Inside there are pseudonyms only; who is who says the roster, a file of the course. So
marks can be looked through, sent around and lost with less harm. What is not needed any
more goes by one line, and a student who asks what is kept of them is given one file.

Only what labshell has written is removed, and only from a folder that holds marks.

Try it: `lab grade export OUT --student s001 -o s001.tar; tar tf s001.tar`
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labshell.grading import comparing, journal
from labshell.grading.intake import InFolder
from labshell.grading.journal import Look, version
from labshell.grading.kept import FILE as MARKS
from labshell.grading.kept import MarksError, read_kept
from labshell.lessons import saving

FILE, SCHEMA = "graded.json", "labshell.graded/1"
HONESTY, TRACES = "honesty.json", "traces.jsonl"
_NONE: Mapping[Path, str] = {}
# What reports/ writes, too; and marks.json last, which says that this is our folder.
_FILES = (
    *("marks.csv", "junit.xml", "canvas.csv", "moodle.csv", "nbgrader.csv"),
    "class.html",
    *("gradescope", "github", "feedback"),
    *(journal.FILE, comparing.FILE, HONESTY, TRACES, FILE, MARKS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grading:
    """What is known of a grading: when it was, and the files, with their versions."""

    when: datetime
    folder: Path
    files: dict[Path, str]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "schema": SCHEMA,
            "graded": self.when.isoformat(),
            "assignment": str(self.folder),
            "files": [
                {"path": str(path), "version": state}
                | ({"folder": True} if isinstance(path, InFolder) else {})
                for path, state in self.files.items()
            ],
        }

    @staticmethod
    def from_json(data: Any) -> "Grading":
        """From plain data. LookupError, TypeError, ValueError if it is none."""
        if (found := data["schema"]) != SCHEMA:
            raise ValueError(f"{SCHEMA} is needed, not {str(found)[:60]!r}")
        return Grading(
            when=datetime.fromisoformat(data["graded"]),
            folder=Path(data["assignment"]),
            files={
                _place(one["path"], one.get("folder")): str(one["version"])
                for one in data["files"]
            },
        )

    def work_of(self, looks: Sequence[Look]) -> Iterator[tuple[Look, Path]]:
        """Files that are still there, and what they were when they were looked at."""
        places = {path.name: path for path in self.files}
        for look in looks:
            path = places.get(look.file)
            if path and look.version and version(path) == look.version:
                yield look, path


def _place(path: str, in_folder: object) -> Path:
    return InFolder(path) if in_folder else Path(path)


def note(
    out: Path, folder: Path, files: Sequence[Path], others: Mapping[Path, str] = _NONE
) -> None:
    """Write down what was graded, and when; `others` were before, in that state."""
    grading = Grading(
        when=datetime.now(UTC),
        folder=folder,
        files={**others, **{file.absolute(): version(file) for file in files}},
    )
    saving.write(out / FILE, grading.to_json())


def read_grading(out: Path) -> Grading:
    """What was written down. MarksError if it is not there, or damaged."""
    try:
        return Grading.from_json(saving.read(out / FILE))
    except (OSError, LookupError, TypeError, ValueError) as error:
        raise MarksError(
            f"{out / FILE}: it cannot be read: {error}",
            "Grade anew: `lab grade FILE… --assignment DIR -o OUT`.",
        ) from error


def by_former_names(out: Path, files: Sequence[Path]) -> list[Path]:
    """These files; one that `out` knows in a student's own folder is there now, too.

    Else its name would be another one, and another table would say when it came.
    """
    former = read_grading(out).files if (out / FILE).exists() else {}
    known = {path for path in former if isinstance(path, InFolder)}
    return [InFolder(one) if one.absolute() in known else one for one in files]


def purge(out: Path, before: datetime, *, work: bool) -> list[Path]:
    """Remove marks that are older, with the files that were graded if `work`.

    What was removed: nothing of what is newer. MarksError, NotFound if there are no
    marks in `out`.
    """
    read_kept(out)
    grading = read_grading(out)
    if grading.when >= before:
        return []
    gone: list[Path] = []
    if work:
        for path, state in grading.files.items():
            if state and version(path) == state:
                path.unlink()
                gone.append(path)
    for path in [out / name for name in _FILES]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.exists() or path.is_symlink():
            path.unlink()
        else:
            continue
        gone.append(path)
    return gone


def staying(out: Path) -> list[Path]:
    """Files that `purge` lets stay: they are not what was graded, or not there.

    To be asked before. MarksError if there are no marks in `out`.
    """
    files = read_grading(out).files.items()
    return [path for path, state in files if not state or version(path) != state]


def read_looks(out: Path) -> list[Look]:
    """Every look of the journal, whatever it depended on; none if there is none."""
    found: list[Look] = []
    try:
        with (out / journal.FILE).open(encoding="utf-8") as file:
            next(file, "")
            for line in file:
                found.append(Look.from_json(json.loads(line)))
    except FileNotFoundError:
        return []
    except (LookupError, TypeError, ValueError):
        return found  # the last line, cut short
    return found
