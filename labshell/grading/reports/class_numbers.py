"""The numbers of a class page: how many students earned how much.

    rows ──▶ one of a few results for each student ──▶ counts ──▶ what may be shown

Who has handed in nothing has no points, as in the gradebook; who could not be graded
yet is left out. Of five students on there are numbers at all.

Source: disclosure.py
Try it: `lab grade --assignment layers-1 -o OUT --report class`
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from labshell.grading.assignment import Item
from labshell.grading.reports.disclosure import FEWEST, Cell, protect
from labshell.grading.reports.marks import Marks, is_counted
from labshell.grading.rows import Row
from labshell.lessons import curriculum
from labshell.lessons.values import fill
from labshell.messages import ENGLISH

ALL, SOME, NONE = 0, 1, 2
RANGES = ((0, 19), (20, 39), (40, 59), (60, 79), (80, 100))  # percent of all points


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a table: what it is about, and what is shown of its counts.

    `language` is that of the name; "" where it is the teacher's, and not known.
    """

    name: str
    cells: Sequence[Cell]
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """All that a class page shows. `scores`: one cell for each of RANGES."""

    size: int
    scores: Sequence[Cell]
    concepts: Sequence[Line]
    items: Sequence[Line]


def numbers(marks: Marks) -> Numbers | None:
    """What may be shown of a class; None if it has fewer than five students."""
    rows = [row for row in marks.rows if is_counted(row)]
    if len(rows) < FEWEST:
        return None
    asked = marks.assignment
    blank = dict.fromkeys(asked.rules, "…")
    taught = sorted({number for item in asked.items for number in item.concepts})
    names = curriculum.concepts()
    return Numbers(
        size=len(rows),
        scores=_counted(rows, len(RANGES), _range),
        concepts=_hardest_first(
            replace(
                _line(
                    names.get(number, str(number)),
                    rows,
                    [item for item in asked.items if number in item.concepts],
                ),
                language=ENGLISH,
            )
            for number in taught
        ),
        items=_hardest_first(
            _line(fill(item.title, blank), rows, [item]) for item in asked.items
        ),
    )


def _counted(
    rows: Sequence[Row], kinds: int, kind_of: Callable[[Row], int]
) -> list[Cell]:
    found = [kind_of(row) for row in rows]
    return protect([found.count(kind) for kind in range(kinds)])


def _range(row: Row) -> int:
    percent = 100 * row.earned / row.maximum if row.maximum else 0
    return sum(percent >= first for first, _ in RANGES[1:])


def _line(name: str, rows: Sequence[Row], items: Sequence[Item]) -> Line:
    ids = {item.id for item in items}
    maximum = sum(item.maximum for item in items)

    def result(row: Row) -> int:
        earned = sum(item.earned for item in row.items if item.item in ids)
        return ALL if earned == maximum else SOME if earned else NONE

    return Line(name=name, cells=_counted(rows, 3, result))


def _hardest_first(lines: Iterable[Line]) -> list[Line]:
    """By what is shown: where most had no points; then where most had only some."""

    def difficulty(line: Line) -> tuple[int, int]:
        return -line.cells[NONE].middle, -line.cells[SOME].middle

    return sorted(lines, key=difficulty)
