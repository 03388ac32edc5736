"""The journal of a grading run: what came of each file, a line at once.

    {"mark": "9f86…"}                                   what the marks depend on
    {"file": "s001.tar", "version": "10240:17…", "student": "s001", "row": {…}}
    …

A line is whole or it is none, so whoever kills the grader loses only what was under
way, and `--resume` goes on from here. The assignment must be the same then (pins.py
tells): marks of two different checks have no business in one table.

Try it: `lab grade class/ --assignment layers-1 -o OUT; tail -f OUT/looks.jsonl`
"""

import json
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labshell.grading.assignment import AssignmentError
from labshell.grading.rows import Row
from labshell.lessons import saving

FILE = "looks.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What came of looking at one file. `student` is "" if it is nobody's.

    `staff`: what only staff should know of it; it is in no report.
    """

    file: str
    version: str
    student: str
    row: Row
    staff: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Which file, and which state of it."""
        return self.file, self.version

    def to_json(self) -> dict[str, Any]:
        """As a line of the journal."""
        return {
            "file": self.file,
            "version": self.version,
            "student": self.student,
            "row": self.row.to_json(),
            **({"staff": self.staff} if self.staff else {}),
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Look":
        """From a line of the journal."""
        return Look(
            file=str(data["file"]),
            version=str(data["version"]),
            student=str(data["student"]),
            row=Row.from_json(data["row"]),
            staff=str(data.get("staff", "")),
        )


def version(file: Path) -> str:
    """Changes when the file does; "" if it cannot be seen."""
    try:
        status = os.stat(file)
    except OSError:
        return ""
    return f"{status.st_size}:{status.st_mtime_ns}"


class Journal:
    """The looks that were made, a line each; a line that was cut short is none."""

    def __init__(
        self, path: Path, mark: str, *, resume: bool, anew: Collection[str] = ()
    ) -> None:
        """`mark` says what the marks depend on: `resume` needs the same.

        `anew`: files whose looks of before are not kept then.
        """
        self.path, self.looks = path, list[Look]()
        if resume and path.exists():
            former = _read_journal(path, mark)
            self.looks = [look for look in former if look.file not in anew]
        # The former looks are there until all of them are there again: a disk may fill.
        with saving.whole(path) as file:
            for data in ({"mark": mark}, *(look.to_json() for look in self.looks)):
                file.write(_line(data))
        self._file = path.open("ab")

    def add(self, look: Look) -> None:
        """Enter one more, so that it survives whatever comes."""
        self.looks.append(look)
        self._file.write(_line(look.to_json()))
        self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _line(data: dict[str, Any]) -> bytes:
    return json.dumps(data).encode() + b"\n"


def _read_journal(path: Path, mark: str) -> list[Look]:
    looks: list[Look] = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file):
            try:
                data = json.loads(line)
                if number == 0 and data.get("mark") != mark:
                    raise AssignmentError(
                        f"{path}: the assignment has changed since",
                        "Grade the whole class without --resume, or to another OUT.",
                    )
                if number:
                    looks.append(Look.from_json(data))
            except (LookupError, TypeError, ValueError):
                break  # the last one, cut short
    return looks
