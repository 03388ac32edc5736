"""Marking: every check of every item looks at one submission.

    checks.py, hidden.py ── loaded once ──▶ functions ┐
    submission ── read in place ──▶ evidence ─────────┴─▶ one mark for each check

Whoever calls this need not be root, has no key of the course, and can compute nobody's
token: the values are those of the token that was handed in, whosever it is. Whether it
is the student's own is asked by those who have the key (classroom.py).

Try it: `lab assignment try layers-1 layers-1/solution`
"""

import os
from collections.abc import Callable, Mapping
from typing import BinaryIO

from engine.errors import EngineError
from labshell.grading.assignment import Assignment, AssignmentError, Item
from labshell.grading.needs import this_machine
from labshell.grading.paper import sparing
from labshell.grading.rows import CheckMark, ItemMark
from labshell.grading.submission import Claim, Submission, SubmissionError
from labshell.grading.triage import pattern_of
from labshell.grading.work import Evidence, Work
from labshell.lessons.fields import LessonError
from labshell.lessons.judge import SECONDS, judge, load
from labshell.lessons.outcomes import Outcome
from labshell.lessons.values import derive, fill

Checks = Mapping[str, Callable[[Work], Outcome]]  # by name: "hidden:keeps_no_token"
BASES = "bases"  # below the assignment's folder: an OCI layout of the base images


def load_checks(assignment: Assignment, *, hidden: bool) -> Checks:
    """The functions that the assignment names. AssignmentError if one is not there."""
    found: dict[str, Callable[[Work], Outcome]] = {}
    modules = {}
    this_machine()  # where checks run, nothing of it can be seen any more
    for item in assignment.items:
        for check in item.checks:
            if check.is_hidden and not hidden:
                continue
            module, _, name = check.name.partition(":")
            if module not in modules:
                modules[module] = _load(assignment, f"{module}.py")
            function = getattr(modules[module], name, None)
            if not callable(function):
                raise AssignmentError(
                    f"{assignment.name}: items.{item.id}: {module}.py has no `{name}`",
                    "Write the function there: it gets a Work, see AUTHORING.md.",
                )
            found[check.name] = function
    return found


def _load(assignment: Assignment, file: str) -> object:
    how = "`lab assignment lint` shows it until it is mended."
    try:
        return load(assignment.folder / file, f"{assignment.name}/{file}", how)
    except LessonError as error:
        raise AssignmentError(error.message, error.hint) from error


def open_bases(assignment: Assignment) -> int:
    """The directory with the base images' blobs, open; -1 if there are none."""
    try:
        return os.open(
            assignment.folder / BASES / "blobs/sha256",
            os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC,
        )
    except FileNotFoundError:
        return -1


def mark(
    assignment: Assignment,
    checks: Checks,
    file: BinaryIO,
    bases: int,
    seconds: float = SECONDS,
) -> tuple[Claim, tuple[ItemMark, ...]]:
    """What a submission says of itself, and what each check gives that is in `checks`.

    `bases` is from `open_bases`; each check may take so many seconds. SubmissionError
    if it is no submission, or one of another assignment.
    """
    limits = assignment.limits
    submission = Submission(file, limits.upload << 20)
    claim = submission.claim
    if claim.assignment != assignment.name:
        raise SubmissionError(
            f"it is one of {claim.assignment[:60]!r}, not of {assignment.name}",
            "Is it in the right folder?",
        )
    evidence = Evidence(submission, bases, limits.unpacked << 20)
    values = derive(claim.token, assignment.name, assignment.rules)
    marks = []
    for item in assignment.items:
        answer = claim.answers.get(item.id)
        marks.append(_mark_item(item, checks, evidence, values, answer, seconds))
    return claim, tuple(marks)


def _mark_item(
    item: Item,
    checks: Checks,
    evidence: Evidence,
    values: Mapping[str, str],
    answer: str | None,
    seconds: float,
) -> ItemMark:
    marks = []
    for check in item.checks:
        if check.name not in checks:
            continue
        work = Work(evidence, values, check.points, answer)
        able = _able(item, checks[check.name])
        outcome = judge(sparing(able), work, seconds)
        message, pattern = fill(outcome.text(), values), pattern_of(outcome, values)
        marks.append(
            CheckMark(
                check=check.name,
                verdict=outcome.verdict,
                earned=outcome.earned,
                maximum=check.points,
                message=message,
                pattern=pattern if pattern != message else "",
            )
        )
    return ItemMark(item=item.id, checks=tuple(marks))


def _able(item: Item, check: Callable[[Work], Outcome]) -> Callable[[Work], Outcome]:
    """The check; or, on a machine that lacks what the item needs, one that says so."""

    def unable(_: Work) -> Outcome:
        raise EngineError(lacking)

    lacking = this_machine().lacks(item.needs)
    return unable if lacking else check
