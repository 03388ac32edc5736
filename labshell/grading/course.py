"""A course: who its students are, and what proves that a submission is one's own.

    course.key    32 random bytes; whoever has them can compute every token
    roster.csv    student,pseudonym,…    the only place where names are

                 course key ─┐
    pseudonym, assignment ───┴─ HMAC-SHA256 ──▶ token ──▶ values ({{name}} …)

A student is given one token for each assignment, and all values of theirs derive from
it. From it nobody can compute another's, nor the same student's for another assignment.
Inside, there are only pseudonyms.

man: hmac(3)
Try it: `lab assignment export layers-1 -o OUT`, then `cat OUT/tokens.csv`
"""

import csv
import hashlib
import hmac
import os
import re
from pathlib import Path

from engine.errors import EngineError

KEY, ROSTER = "course.key", "roster.csv"
_PSEUDONYM = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_FETCH = "Fetch it from your backup: with another key, no token fits any more."
_MOST_STUDENTS = 100_000


class CourseError(EngineError):
    """The key or the roster of a course is not as it should be."""


def is_pseudonym(text: str) -> bool:
    """May this be one? It becomes part of file names and of tables."""
    return bool(_PSEUDONYM.fullmatch(text))


def make_key(path: Path) -> None:
    """Make a key that nobody can guess. FileExistsError if there is one."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "w") as file:
        file.write(f"{os.urandom(32).hex()}\n")


def read_key(path: Path) -> bytes:
    """The key in a file. CourseError if it is none, or others may read it."""
    try:
        with path.open() as file:
            mode, text = os.fstat(file.fileno()).st_mode, file.read(100).strip()
        key = bytes.fromhex(text)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise CourseError(f"{path}: no course key: {why}", _FETCH) from error
    if mode & 0o077:
        raise CourseError(
            f"{path}: others may read the course key", f"`chmod 600 {path}`"
        )
    if len(key) != 32:
        raise CourseError(
            f"{path}: a course key has 64 hexadecimal digits, not {len(text)}",
            _FETCH,
        )
    return key


def token(key: bytes, pseudonym: str, assignment: str) -> str:
    """What one student is given for one assignment."""
    # No pseudonym holds a line feed, so no two pairs are the same text.
    text = f"{pseudonym}\n{assignment}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def read_roster(path: Path) -> dict[str, str]:
    """Pseudonym -> student, in the order of the file. CourseError if it is unsound."""
    found: dict[str, str] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if list(reader.fieldnames or ())[:2] != ["student", "pseudonym"]:
                raise CourseError(
                    f"{path}: the first line must begin `student,pseudonym`",
                    "Then one line for each student.",
                )
            for row in reader:
                _enter(found, row, f"{path}: line {reader.line_num}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise CourseError(
            f"{path}: no roster: {why}", "`lab assignment new` makes an example."
        ) from error
    if not found:
        raise CourseError(
            f"{path}: there is no student in it", "One line for each student."
        )
    return found


def _enter(found: dict[str, str], row: dict[str, str], where: str) -> None:
    student, pseudonym = row.get("student") or "", row.get("pseudonym") or ""
    if not student or not is_pseudonym(pseudonym):
        raise CourseError(
            f'{where}: a student and a pseudonym of small letters, digits, "-" are '
            "needed",
            "As in `Ada Lovelace,s001`.",
        )
    if pseudonym in found:
        raise CourseError(
            f"{where}: {pseudonym} is there twice", "A pseudonym stands for one."
        )
    if len(found) >= _MOST_STUDENTS:
        raise CourseError(f"{where}: more than {_MOST_STUDENTS} students", "Split it.")
    found[pseudonym] = student
