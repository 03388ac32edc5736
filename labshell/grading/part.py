"""A part of a class: who was not looked at stays as they were.

    lab grade class/ --student s001 …   ┐  rows of who was looked at: made anew
    lab grade s001.tar …                ┘  all others: as OUT has them, or none

Only a folder shows who has handed in nothing. So a part makes nobody `missing`, in an
OUT that holds marks or in a new one. What it does not look at, it takes from OUT: other
files of the same student count beside the new one, as they did before.

Marks of two different checks have no business in one table: if the assignment has
changed since OUT was made, a part of it is refused (journal.py).

Try it: `lab grade class/s001.tar --assignment layers-1 -o OUT; cat OUT/marks.csv`
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from labshell.grading import kept
from labshell.grading.journal import Look
from labshell.grading.keeping import FILE, read_grading, read_looks
from labshell.grading.kept import read_kept
from labshell.grading.rows import Row

_SHOWN = 5  # students by name; of more, their number


class Part:
    """What an OUT holds of those who are not looked at now."""

    def __init__(self, out: Path, files: Sequence[Path]) -> None:
        """`files`: what is looked at. MarksError if what `out` holds is damaged."""
        self.names = {file.name for file in files}
        self._rows: Mapping[str, Row] = {}
        self.files: dict[Path, str] = {}
        if (out / kept.FILE).exists():
            self._rows = read_kept(out).rows
        if (out / FILE).exists():
            before = read_grading(out).files.items()
            self.files = {p: s for p, s in before if p.name not in self.names}
        looks = read_looks(out)
        states = {(path.name, state) for path, state in self.files.items()}
        self._looks = [look for look in looks if look.key in states]
        self._had = {look.student for look in looks if look.file in self.names}

    def whose(self, looks: Iterable[Look]) -> set[str]:
        """Who is looked at: whose a file is now, or was before."""
        return self._had | {look.student for look in looks}

    def beside(self, looks: Sequence[Look]) -> list[Look]:
        """These looks and the former ones, the oldest file first."""
        return sorted((*self._looks, *looks), key=_date)

    def rows(self, new: Iterable[Row], looked: set[str]) -> list[Row]:
        """The new rows of who was looked at, the former ones of all others."""
        return [
            row if row.student in looked else self._rows[row.student]
            for row in new
            if row.student in looked or row.student in self._rows
        ]

    def told(self, students: Iterable[str], looked: set[str]) -> list[str]:
        """What is to be said of those who were not looked at."""
        others = [one for one in students if one not in looked]
        stay = [one for one in others if one in self._rows]
        none = [one for one in others if one not in self._rows]
        return [
            *([f"{named(stay)}: not looked at; marks as before"] if stay else []),
            *([f"{named(none)}: not looked at; no row"] if none else []),
        ]


def _date(look: Look) -> int:
    """The date of a file, as its version says."""
    return int(look.version.partition(":")[2] or 0)


def named(students: Sequence[str]) -> str:
    """These students in a line: by name, or how many."""
    if len(students) > _SHOWN:
        return f"{len(students)} students"
    return ", ".join(students)
