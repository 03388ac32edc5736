"""Disclosure: all that is kept of one student, for whoever has a right to ask.

    marks, looks, changes ──▶ those of the student ─┐
    overrides.csv, gradebooks ──▶ their lines ──────┼──▶ one tar
    feedback/s001.html … ──▶ their files ───────────┤
    s001.tar, if it is theirs by its token ─────────┘

Of others there is nothing in it: where a text names another pseudonym, it says so, and
not which. What staff were told to look at (honesty.json) is about several people, no
result, and not in it.

Source: Regulation (EU) 2016/679 (GDPR), article 15
Try it: `lab grade export OUT --student s001 -o s001.tar; tar tf s001.tar`
"""

import csv
import io
import json
import re
import tarfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from engine.errors import Conflict
from labshell.grading import accommodations, comparing, overrides, tracer
from labshell.grading.course import ROSTER
from labshell.grading.intake import table_of
from labshell.grading.keeping import read_grading, read_looks
from labshell.grading.kept import read_kept
from labshell.grading.reports.people import Person, read_people
from labshell.lessons import saving

_LARGEST_SHEET = 64 << 20  # bytes
_PER_STUDENT = ("gradescope", "github", "feedback")
_WHO = {  # the columns that say whose a line is
    *("student", "pseudonym", "student_id"),
    *("Student", "SIS User ID", "SIS Login ID"),
    *("Username", "ID number", "Email address"),
}
_GRADEBOOKS = ("marks.csv", "canvas.csv", "moodle.csv", "nbgrader.csv")


def export(out: Path, student: str, file: Path) -> list[str]:
    """Write what is kept of a student; the names of what is in it.

    NotFound if the marks have no such student, Conflict if there is such a file.
    """
    if file.exists():
        raise Conflict(f"There is a {file}", "Name a new file.")
    names = []
    with saving.whole(file) as opened, tarfile.open(fileobj=opened, mode="w") as tar:
        for name, data in _members(out, student):
            member = tarfile.TarInfo(name)
            member.mode = 0o600
            if isinstance(data, Path):
                with data.open("rb") as submission:
                    member.size = submission.seek(0, io.SEEK_END)
                    submission.seek(0)
                    tar.addfile(member, submission)
            else:
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
            names.append(name)
    return names


def _members(out: Path, student: str) -> Iterator[tuple[str, bytes | Path]]:
    """Name and content, or the file that is the content."""
    kept, grading, looks = read_kept(out), read_grading(out), read_looks(out)
    row = kept.row(student)
    hide = _hiding(student, set(kept.rows))
    theirs = [look for look in looks if look.student == student]
    yield "row.json", _json(row.to_json(), hide)
    yield "looks.json", _json([look.to_json() for look in theirs], hide)
    files = {look.file for look in theirs if look.row.items}
    traced = [traces for name, traces in tracer.read(out) if name in files]
    yield "traces.json", _json(traced, hide)
    if (out / comparing.FILE).exists():
        changes = saving.read(out / comparing.FILE)["changes"]
        mine = [change for change in changes if change["student"] == student]
        yield "changes.json", _json(mine, hide)
    for table in dict.fromkeys(table_of(path) for path in grading.files):
        names = {look.file for look in theirs}
        lines = _lines(table, {name.casefold() for name in names}, {"file"})
        if len(lines) > 1:
            yield f"received/{table.parent.name}.csv", _sheet(lines, hide)
    course, known = grading.folder.parent, _known_as(student, grading.folder.parent)
    for path in (
        course / ROSTER,
        grading.folder / overrides.FILE,
        grading.folder / accommodations.FILE,
        course / accommodations.FILE,
        *(out / name for name in _GRADEBOOKS),
    ):
        lines = _lines(path, known)
        if len(lines) > 1:
            yield f"{path.parent.name}/{path.name}", _sheet(lines, hide)
    for room in _PER_STUDENT:
        for path in sorted((out / room).glob(f"{student}.*")):
            yield f"{room}/{path.name}", hide(path.read_text("utf-8")).encode()
    for look, path in grading.work_of(theirs):
        if look.row.items:  # its token says that it is theirs; its name would not
            yield f"work/{look.file}", path


def _hiding(student: str, students: set[str]) -> Callable[[str], str]:
    """What takes the pseudonyms of all others out of a text."""
    words = re.compile(r"(?<![A-Za-z0-9-])[a-z0-9][a-z0-9-]*(?![A-Za-z0-9-])")
    others = students - {student}

    def hide(text: str) -> str:
        return words.sub(
            lambda word: "(another student)" if word[0] in others else word[0], text
        )

    return hide


def _json(data: Any, hide: Callable[[str], str]) -> bytes:
    return json.dumps(_hidden(data, hide), indent=2).encode() + b"\n"


def _hidden(data: Any, hide: Callable[[str], str]) -> Any:
    """The same data, with every text in it as `hide` makes it; names of fields stay."""
    if isinstance(data, dict):
        return {name: _hidden(value, hide) for name, value in data.items()}
    if isinstance(data, list):
        return [_hidden(value, hide) for value in data]
    return hide(data) if isinstance(data, str) else data


def _known_as(student: str, course: Path) -> set[str]:
    """What stands for this student, and for no other, in a gradebook."""
    people = read_people(course / ROSTER)
    own = people.pop(student, Person(name=""))
    shared = {text for person in people.values() for text in person.known_as}
    return {student, *own.known_as} - shared


def _lines(
    path: Path, known: set[str], columns: Collection[str] = _WHO
) -> list[list[str]]:
    """The headings of a table, and the lines of who is known as one of these."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_SHEET).decode("utf-8-sig", "replace")
    except FileNotFoundError:
        return []
    lines = list(csv.reader(io.StringIO(text, newline="")))
    who = {number for number, name in enumerate(lines[0]) if name in columns}
    return lines[:1] + [
        line
        for line in lines[1:]
        if known & {c.strip().casefold() for n, c in enumerate(line) if n in who}
    ]


def _sheet(lines: list[list[str]], hide: Callable[[str], str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([hide(cell) for cell in line] for line in lines)
    return text.getvalue().encode()
