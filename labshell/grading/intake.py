"""Intake: which files were handed in, and when each of them came.

    class/  s001.tar  alan-final.tar     each *.tar, whatever else it is called
            received.csv                 when it came, as who received it noted
            s004.zip  Ada_123/           left out, and told: nobody is `missing` for it

A folder inside is not looked into: files of one name in many folders could not be told
apart, neither in received.csv nor in the marks.

Without received.csv the files' own dates say which of two came later, because nothing
else does; they never make anybody late.

Try it: `lab grade class/ --assignment layers-1 -o OUT` with a .zip in the folder
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from engine.errors import InvalidArgument, NotFound
from labshell.grading import sheets
from labshell.grading.sheets import read_sheet

RECEIVED = "received.csv"
_SUFFIX = ".tar"
_HOW = "Mend the line, or take the file away: then nobody is late."


def files_of(given: Sequence[Path], student: str | None) -> list[Path]:
    """Every file that is meant, the oldest first; those of a folder are its *.tar.

    What is in a folder and cannot be opened is one of them: its row will say so.
    """
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            found += _in_folder(path)
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
    theirs = [one for one in found if one.stem == student]
    if not theirs:
        raise NotFound(f"No file is called {student}", "`--student` goes by its name.")
    return theirs


def _in_folder(folder: Path) -> list[Path]:
    found = [path for path in folder.iterdir() if _is_meant(path)]
    if not found:
        raise NotFound(
            f"{folder}: there is no *{_SUFFIX} in it",
            "What students make with `lab submit` lies directly in the folder.",
        )
    return found


def _is_meant(path: Path) -> bool:
    return path.suffix.lower() == _SUFFIX


def left_out(given: Sequence[Path], out: Path) -> list[str]:
    """What is in the folders and is not looked at, each with why; `out` is known."""
    found = []
    for folder in (path for path in given if path.is_dir()):
        for path in sorted(folder.iterdir()):
            if path.name == RECEIVED or _is_meant(path) or path.absolute() == out:
                continue
            why = "is a folder, and not looked into" if path.is_dir() else "is no .tar"
            found.append(f"{path.name} {why}: left out")
    return found


def check_place(out: Path, assignment: Path, given: Sequence[Path]) -> None:
    """Marks lie in a folder of their own: InvalidArgument for one that is none."""
    out, assignment = out.resolve(), assignment.resolve()
    work = {(one if one.is_dir() else one.parent).resolve() for one in given}
    for what, is_there in (
        ("the assignment is", out == assignment or assignment in out.parents),
        ("the course is", out == assignment.parent),
        ("what was handed in is", out in work),
    ):
        if is_there:
            raise InvalidArgument(
                f"-o {out}: {what} there", "Marks need a folder of their own."
            )


def _age(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # a link to nowhere: whoever opens it says so
        return 0


def received_of(files: Iterable[Path]) -> dict[str, datetime]:
    """When each came, by the tables that lie beside the files."""
    found: dict[str, datetime] = {}
    for place in {file.parent for file in files}:
        found |= read_received(place / RECEIVED)
    return found


def without_file(files: Iterable[Path]) -> list[str]:
    """Each line of those tables for which there is no file, with what comes of it."""
    tables = {file.parent / RECEIVED for file in files}
    return [
        f"{table}: there is no file {name[:60]!r}: the line makes nobody late"
        for table in sorted(tables)
        for name in read_received(table)
        if not (table.parent / Path(name).name).is_file()
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
