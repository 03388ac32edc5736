"""Intake: which files were handed in, and when each of them came.

    class/  s001.tar  alan-final.tar     each *.tar, whatever else it is called
            Ada_123/mine.tar             and in a folder of each student's own
            received.csv                 when it came, as who received it noted
            s004.zip  Ada_123/x.zip      left out, and told: nobody is `missing` for it

Learning platforms pack a folder for each student: those are looked into, and what is in
them is called `Ada_123/mine.tar` in received.csv and in the marks. But what lies there
may be a student's own doing. So no link is followed, no table there is believed, and
nothing below it or beyond so many files is looked at.

Without received.csv the files' own dates say which of two came later, because nothing
else does; they never make anybody late.

Try it: `lab grade class/ --assignment layers-1 -o OUT` with a .zip in the folder
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path, PosixPath, PurePath

from engine.errors import InvalidArgument, NotFound
from labshell.grading import sheets
from labshell.grading.kept import FILE as MARKS
from labshell.grading.sheets import read_sheet

RECEIVED = "received.csv"
_SUFFIX = ".tar"
_MOST = 200  # entries of a student's own folder
_HOW = "Mend the line, or take the file away: then nobody is late."


class InFolder(PosixPath):
    """A file in a student's own folder: only with that its name is one of its own."""

    @property
    def name(self) -> str:
        """The last two parts of the path."""
        return "/".join(self.parts[-2:])


def called(name: str) -> tuple[str, str]:
    """Whose it may be by its name alone: the folder's ("" if it has none), its own."""
    path = PurePath(name)
    return path.parent.name, path.stem


def files_of(
    given: Sequence[Path], student: str | None, out: Path | None = None
) -> list[Path]:
    """Every file that is meant, the oldest first; those of a folder are its *.tar.

    What is in a folder and cannot be opened is one of them: its row will say so. `out`
    is no student's folder.
    """
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            found += _in_folder(path, out)
        elif path.is_file():
            found.append(path)
        else:
            raise NotFound(f"No such file: {path}", "A file, or a folder of *.tar.")
    names = [one.name for one in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InvalidArgument(
            f"two files are called {min(twice)}", "Give each a name of its own."
        )
    for path in found:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise InvalidArgument(f"{path} is no file", "Take it away.")
    found.sort(key=_age)
    if student is None:
        return found
    theirs = [one for one in found if student in called(one.name)]
    if not theirs:
        raise NotFound(f"No file is called {student}", "`--student` goes by its name.")
    return theirs


def _in_folder(folder: Path, out: Path | None) -> list[Path]:
    found = [path for path in folder.iterdir() if _is_meant(path)]
    for own in _own_folders(folder, out):
        found += [file for file, why in _entries(own) if not why]
    if not found:
        raise NotFound(
            f"{folder}: there is no *{_SUFFIX} in it",
            "What students make with `lab submit` lies in the folder, or one below it.",
        )
    return found


def _is_meant(path: Path) -> bool:
    return path.suffix.lower() == _SUFFIX


def _own_folders(folder: Path, out: Path | None) -> Iterator[Path]:
    """The folders of students in this one."""
    for path in sorted(folder.iterdir()):
        is_own = path.is_dir() and not path.is_symlink() and not _is_meant(path)
        if is_own and path.absolute() != out:
            yield path


def _entries(own: Path) -> list[tuple[Path, str]]:
    """What is in a student's own folder, each with why it is left out, or ""."""
    found: list[tuple[Path, str]] = []
    with os.scandir(own) as entries:
        for entry in islice(entries, _MOST):
            path = InFolder(entry.path)
            if entry.is_symlink():
                found.append((path, "is a link, and not followed"))
            elif not _is_meant(path):
                found.append((path, f"is no {_SUFFIX}"))
            else:
                is_file = entry.is_file(follow_symlinks=False)
                found.append((path, "" if is_file else "is no file"))
        if next(entries, None):
            found.append((own, f"has more than {_MOST} files in it: the others are"))
    return sorted(found)


def left_out(given: Sequence[Path], out: Path) -> list[str]:
    """What is in the folders and is not looked at, each with why; `out` is known."""
    found = []
    for folder in (path for path in given if path.is_dir()):
        own = set(_own_folders(folder, out))
        for path in sorted(folder.iterdir()):
            if path.name == RECEIVED or _is_meant(path) or path.absolute() == out:
                continue
            if path in own:
                entries = _entries(path) or [(path, "is an empty folder")]
            elif path.is_dir():
                entries = [(path, "is a link, and not followed")]
            else:
                entries = [(path, f"is no {_SUFFIX}")]
            found += [f"{one.name} {why}: left out" for one, why in entries if why]
    return found


def check_place(out: Path, assignment: Path, given: Sequence[Path]) -> None:
    """Marks lie in a folder of their own: InvalidArgument for one that is none."""
    out, assignment = out.resolve(), assignment.resolve()
    work = {(one if one.is_dir() else one.parent).resolve() for one in given}
    for what, is_there in (
        ("the assignment is", out == assignment or assignment in out.parents),
        ("the course is", out == assignment.parent),
        ("what was handed in is", out in work or _is_students(out, work)),
    ):
        if is_there:
            raise InvalidArgument(
                f"-o {out}: {what} there", "Marks need a folder of their own."
            )


def _is_students(out: Path, work: set[Path]) -> bool:
    """Is it a student's own folder, and not one of marks beside those?"""
    is_beside = out.parent in work and out.is_dir() and not (out / MARKS).exists()
    return is_beside and any(not why for _, why in _entries(out))


def _age(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # a link to nowhere: whoever opens it says so
        return 0


def table_of(file: Path) -> Path:
    """The table of those who receive that has a line for this file."""
    folder = Path(*file.parts[:-2]) if isinstance(file, InFolder) else file.parent
    return folder / RECEIVED


def received_of(files: Iterable[Path]) -> dict[str, datetime]:
    """When each came, by the tables that lie beside the files."""
    found: dict[str, datetime] = {}
    for table in {table_of(file) for file in files}:
        found |= read_received(table)
    return found


def without_file(files: Iterable[Path]) -> list[str]:
    """Each line of those tables for which there is no file, with what comes of it."""
    tables = {table_of(file) for file in files}
    return [
        f"{table}: there is no file {name[:60]!r}: the line makes nobody late"
        for table in sorted(tables)
        for name in read_received(table)
        if not table.parent.joinpath(*PurePath(name).parts[-2:]).is_file()
    ]


def read_received(path: Path) -> dict[str, datetime]:
    """File -> when it was received, as whoever received it noted: `file,received`.

    Empty if there is no such file: then nobody is late.
    """
    found: dict[str, datetime] = {}
    for line in read_sheet(path, ("file", "received")):
        name, text = line.cells["file"], line.cells["received"]
        if name in found:
            raise line.problem(f"{name[:60]!r} is there twice", _HOW)
        form = '"2026-12-01T23:59+01:00"'
        try:
            moment = sheets.moment(text)
        except ValueError as error:
            raise line.problem(
                f"times as in {form} are needed, not {text[:60]!r}", _HOW
            ) from error
        if moment.tzinfo is None:
            raise line.problem(f"{text[:60]!r} has no zone, as in {form}", _HOW)
        found[name] = moment
    return found
