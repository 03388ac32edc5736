"""Who students are, for a gradebook that must find them: a roster with more columns.

    student,pseudonym,id,sis_id,login,email,section
    Ada Lovelace,s001,4711,A-1815,ada,ada@example.org,Monday

The first two are those of any roster; of the others, those that the gradebook matches
students by. Names are read for --roster alone: else every report has pseudonyms.

Try it: `lab grade --assignment layers-1 -o OUT --report canvas --roster roster.csv`
"""

import csv
import difflib
from dataclasses import dataclass
from pathlib import Path

from labshell.grading import course

_COLUMNS = ("id", "sis_id", "login", "email", "section")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One student, as a gradebook knows them; "" is what the roster does not say."""

    name: str
    id: str = ""
    sis_id: str = ""
    login: str = ""
    email: str = ""
    section: str = ""

    @property
    def known_as(self) -> set[str]:
        """All that stands for this student alone, in small letters."""
        known = (self.name, self.sis_id, self.login, self.email)
        return {text.strip().casefold() for text in known if text.strip()}


def read_people(path: Path) -> dict[str, Person]:
    """Pseudonym -> who that is. CourseError if the roster, or its head, is unsound."""
    names = course.read_roster(path)
    _examine_columns(path)
    people = {pseudonym: Person(name=name) for pseudonym, name in names.items()}
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            more = {column: row.get(column) or "" for column in _COLUMNS}
            pseudonym = row["pseudonym"]
            people[pseudonym] = Person(name=names[pseudonym], **more)
    return people


def _examine_columns(path: Path) -> None:
    """A column that is nearly called as one of ours is misspelt; others are yours."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        headings = list(csv.DictReader(file).fieldnames or ())
    for name in headings[2:]:
        near = difflib.get_close_matches(name.lower(), _COLUMNS, 1, 0.8)
        if near and name not in _COLUMNS:
            raise course.CourseError(
                f"{path}: line 1: no report knows a column {name[:60]!r}",
                f"Call it {near[0]}, or something that is not like it.",
            )
