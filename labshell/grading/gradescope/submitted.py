"""What run_autograder runs: look at one submission, and write results.json.

    submission/…tar ──▶ an inspector ──▶ a row ──▶ results/results.json
    submission_metadata.json ── by whom, when ──┘

Whose it is, its token says; and Gradescope says who handed it in. If that is somebody
else, neither earns anything: else one could hand in a friend's file. When it came is
`created_at`; a deadline that Gradescope has extended counts.

Where the grader itself fails, there are no results: Gradescope then says so, and keeps
the submission to be graded again. No zero is made of that.

Source: https://gradescope-autograders.readthedocs.io/en/latest/submission_metadata/
Try it: `lab assignment gradescope layers-1 -o autograder.zip`, and upload it
"""

import json
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from labshell.grading.assignment import Assignment, read_assignment
from labshell.grading.classroom import Classroom
from labshell.grading.gradescope.zipped import COURSE, OWNERS, fingerprint, named
from labshell.grading.looker import Here
from labshell.grading.reports.gradescope import results
from labshell.grading.rows import ERROR, TIMEOUT, UNGRADED, Row
from labshell.lessons import saving
from labshell.messages import marked, translate

_AGAIN = 2  # times as long, for what took too long
_ONE_FILE = marked("Hand in one file, as `lab submit -o mine.tar` makes it.")
_NOT_YOURS = marked("It was made with the token of another student.")


class GradescopeError(EngineError):
    """What Gradescope or its zip says cannot be made sense of."""


class Owners:
    """Whose each token is, and whether one of `users` is that student."""

    def __init__(self, owners: Mapping[str, Any], users: list[str]) -> None:
        self._owners, self._users = owners, users
        self.is_theirs = False

    def __call__(self, token: str) -> str:
        """The student of a token; "" if it is nobody's."""
        found = self._owners.get(fingerprint(token))
        if not found:
            return ""
        known = set(found["known_as"])
        self.is_theirs = any(named(token, user) in known for user in self._users)
        return str(found["student"])

    @property
    def students(self) -> dict[str, str]:
        """All of them, as a roster without names."""
        return {one["student"]: one["student"] for one in self._owners.values()}


def grade(root: Path) -> Row:
    """The row of what lies in `root`/submission. EngineError if there is no such."""
    source, told = root / "source", _read(root / "submission_metadata.json")
    (folder,) = (source / COURSE).iterdir()
    try:
        users = [
            str(user[field])
            for user in told["users"]
            for field in ("email", "name", "sid")
            if user.get(field)
        ]
        came = datetime.fromisoformat(told["created_at"])
        asked = _extended(read_assignment(folder), told)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise GradescopeError(f"submission_metadata.json: {error!r}") from error
    files = [
        path
        for path in sorted((root / "submission").rglob("*.tar"))
        if path.is_file() and not path.is_symlink()
    ]
    nothing = Row(student="", status=ERROR, maximum=asked.maximum)
    if len(files) != 1:
        return replace(nothing, note=translate(_ONE_FILE))
    owners = Owners(_read(source / OWNERS), users)
    row = _look(asked, owners, files[0], came)
    if row.items and not owners.is_theirs:
        return replace(nothing, note=translate(_NOT_YOURS))
    return row


def _look(asked: Assignment, owners: Owners, file: Path, came: datetime) -> Row:
    classroom = Classroom(asked, owners.students, owners)
    with closing(Here(asked)) as looker:
        look = classroom.look(looker, file)
        if look.row.status == TIMEOUT:
            look = classroom.look(looker, file, _AGAIN)
    rows = classroom.rows([look], {file.name: came})
    return next((row for row in rows if row.student == look.student), look.row)


def _extended(assignment: Assignment, told: Mapping[str, Any]) -> Assignment:
    """The assignment, due when Gradescope says, if that is later."""
    text = (told.get("assignment") or {}).get("due_date")
    due = datetime.fromisoformat(text) if text else assignment.due
    return replace(assignment, due=max(due, assignment.due))


def _read(path: Path) -> Any:
    try:
        return saving.read(path)
    except (OSError, ValueError) as error:
        raise GradescopeError(f"{path}: {error}") from error


def main() -> int:
    """Grade for Gradescope; the exit status is 0 if there are results."""
    root = Path(sys.argv[1])
    try:
        row = grade(root)
    except (EngineError, OSError) as error:
        print(f"run_autograder: {error}")
        return 1
    if row.status == UNGRADED:
        print(f"run_autograder: {row.note}")
        return 1
    text = json.dumps(results(row), indent=2)
    with saving.whole(root / "results" / "results.json") as file:
        file.write(text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
