"""A look with the checks that students have: no key, no roster, nothing hidden.

    kit's assignment.yaml ── without `more` ──▶ visible checks ──▶ a row

Whose a file is, it says itself: that is no mark, and good enough for a student's own
repository. There it runs in a machine that is thrown away.

Try it: `lab grade mine.tar --assignment layers-1 --visible -o OUT`
"""

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from engine.errors import EngineError
from labshell.grading.assignment import Assignment
from labshell.grading.course import is_pseudonym
from labshell.grading.marking import (
    handed_in,
    load_checks,
    mark,
    open_bases,
    values_of,
)
from labshell.grading.rows import ERROR, ItemMark, Row, status_of
from labshell.grading.runner import Runner
from labshell.grading.submission import Claim

NOBODY = "nobody"


def as_visible(assignment: Assignment) -> Assignment:
    """The assignment as if it had no hidden checks."""
    items = [
        replace(item, more=0, checks=tuple(c for c in item.checks if not c.is_hidden))
        for item in assignment.items
    ]
    return replace(assignment, items=tuple(items))


def look(assignment: Assignment, file: Path) -> Row:
    """What the visible checks say of one file; OSError if it cannot be opened."""
    row = Row(
        student=NOBODY, status=ERROR, maximum=assignment.maximum, file=file.name
    )  # fmt: skip
    try:
        claim, items = marks(assignment, file)
    except EngineError as error:
        return replace(row, note=error.message)
    student = claim.student if is_pseudonym(claim.student) else NOBODY
    return replace(row, student=student, status=status_of(items), items=items)


def marks(assignment: Assignment, file: Path) -> tuple[Claim, tuple[ItemMark, ...]]:
    """What a submission says of itself, and what the checks give that are visible.

    Its scripts are run as they will be when it is graded, for which one must be root.
    """
    checks, bases = load_checks(assignment, hidden=False), open_bases(assignment)
    try:
        with file.open("rb") as opened, closing(Runner(assignment)) as runner:
            claim, files = handed_in(assignment, opened)
            runs = runner.run(files, values_of(assignment, claim.token))
            return mark(assignment, checks, opened, bases, runs=runs)
    finally:
        if bases >= 0:
            os.close(bases)
