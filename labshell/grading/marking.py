"""Marking: every check of every item looks at one submission.

    checks.py, hidden.py ── loaded once ──▶ functions ┐
    submission ── read in place ──▶ evidence ─────────┴─▶ one mark for each check

Whoever calls this need not be root, has no key of the course, and can compute nobody's
token: the values are those of the token that was handed in, whosever it is. Whether it
is the student's own is asked by those who have the key (classroom.py).

Try it: `lab assignment try layers-1 layers-1/solution`
"""

import ast
import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from engine.errors import EngineError
from labshell.grading import lesson_checks
from labshell.grading.assignment import (
    RUN,
    WORK_FILE,
    Assignment,
    AssignmentError,
    Item,
)
from labshell.grading.needs import this_machine
from labshell.grading.paper import sparing
from labshell.grading.ran import Ran, Runs
from labshell.grading.rows import CheckMark, ItemMark
from labshell.grading.submission import Claim, Submission, SubmissionError
from labshell.grading.triage import pattern_of
from labshell.grading.work import Evidence, Work
from labshell.lessons.fields import LessonError
from labshell.lessons.judge import SECONDS, judge, load
from labshell.lessons.outcomes import Outcome
from labshell.lessons.values import derive, fill
from labshell.messages import marked

Checks = Mapping[str, Callable[[Work], Outcome]]  # by name: "hidden:keeps_no_token"
NO_RUNS: Runs = {}
STOPPED = {  # by the limit that it hit
    "seconds": marked("It was stopped: it took too long."),
    "output": marked("It was stopped: it printed too much."),
    "groups": marked("It was stopped: it made too many control groups."),
    "disk": marked("It was stopped: it used up its disk."),
    "freeze": marked("It was stopped: it left a process that cannot be frozen."),
}
_MOST_TO_RUN = 16 << 20  # bytes of work files together
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
            if module == "lesson":
                found[check.name] = lesson_checks.load(
                    check.name, check.points, assignment.rules
                )
                continue
            if module not in modules:
                modules[module] = _load(assignment, f"{module}.py")
            function = getattr(modules[module], name, None)
            if not callable(function):
                raise AssignmentError(
                    f"{assignment.name}: items.{item.id}: {module}.py has no `{name}`",
                    "Write it there: it gets a Work, see lessons/ASSIGNMENTS.md.",
                )
            found[check.name] = function
    return found


def _load(assignment: Assignment, file: str) -> object:
    how = "`lab assignment lint` shows it until it is mended."
    path, shown = assignment.folder / file, f"{assignment.name}/{file}"
    if not path.is_file():
        raise AssignmentError(
            f"{shown}: no such file, and checks in it are asked for",
            "Write it, or ask for none of its checks in assignment.yaml.",
        )
    try:
        loaded = load(path, shown, how)
    except LessonError as error:
        raise AssignmentError(error.message, error.hint) from error
    _examine_imports(path, shown)
    return loaded


def _examine_imports(path: Path, shown: str) -> None:
    """Refuse an import in a function: it works only if the module is loaded already."""
    for function in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    raise AssignmentError(
                        f"{shown}: line {node.lineno}: an import inside a function",
                        "Import at the top: where checks run, no file can be read.",
                    )


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
    runs: Runs = NO_RUNS,
    begins: Callable[[str, str], object] = lambda item, check: None,
) -> tuple[Claim, tuple[ItemMark, ...]]:
    """What a submission says of itself, and what each check gives that is in `checks`.

    `bases` is from `open_bases`; each check may take so many seconds; `runs` is what
    came of its scripts; `begins` is told item and check before each is run.
    SubmissionError if it is no submission, or one of another
    assignment.
    """
    submission = opened(assignment, file)
    claim = submission.claim
    evidence = Evidence(submission, bases, assignment.limits.unpacked << 20)
    values = values_of(assignment, claim.token)
    marks = []
    for item in assignment.items:
        ran = runs.get(item.source) if item.kind == RUN else None
        work_of = functools.partial(
            Work,
            evidence,
            values,
            answer=claim.answers.get(item.id),
            ran=ran if isinstance(ran, Ran) else None,
        )
        said = functools.partial(begins, item.id)
        marks.append(_mark_item(item, checks, work_of, runs, seconds, said))
    return claim, tuple(marks)


def opened(assignment: Assignment, file: BinaryIO) -> Submission:
    """A submission for this assignment. SubmissionError if it is none."""
    submission = Submission(file, assignment.limits.upload << 20)
    if (name := submission.claim.assignment) != assignment.name:
        raise SubmissionError(
            f"it is one of {name[:60]!r}, not of {assignment.name}",
            "Is it in the right folder?",
        )
    return submission


def values_of(assignment: Assignment, token: str) -> dict[str, str]:
    """What `{{name}}` stands for, for whoever has this token."""
    return derive(token, assignment.name, assignment.rules)


def handed_in(assignment: Assignment, file: BinaryIO) -> tuple[Claim, dict[str, bytes]]:
    """What a submission says of itself, and the work files that a run may need."""
    submission = opened(assignment, file)
    names = [i.source for i in assignment.items if i.kind in (WORK_FILE, RUN)]
    found = {name: submission.file(name) for name in dict.fromkeys(names)}
    files = {name: data for name, data in found.items() if data is not None}
    if sum(map(len, files.values())) > _MOST_TO_RUN:
        raise SubmissionError(
            f"its files have more than {_MOST_TO_RUN >> 20} MB",
            "Leave out what nobody asked for.",
        )
    return submission.claim, files


def _mark_item(
    item: Item,
    checks: Checks,
    work_of: Callable[[int], Work],
    runs: Runs,
    seconds: float,
    begins: Callable[[str], object],
) -> ItemMark:
    """`work_of` makes the work as a check of so many points sees it."""
    marks, instead = [], _instead(item, runs)
    for check in item.checks:
        if check.name not in checks:
            continue
        function, work = instead or sparing(checks[check.name]), work_of(check.points)
        begins(check.name)
        outcome = judge(function, work, seconds)
        message = fill(outcome.text(), work.values)
        pattern = pattern_of(outcome, work.values)
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
    mark = ItemMark(item=item.id, checks=tuple(marks))
    run = runs.get(item.source) if item.kind == RUN else None
    if not isinstance(run, Ran) or mark.earned == mark.maximum:
        return mark
    return replace(mark, log=run.log(item.source))


def _instead(item: Item, runs: Runs) -> Callable[[Work], Outcome] | None:
    """What answers for the checks of an item for which something is not there.

    The machine may lack what it needs; its script may not have come to its end.
    """
    run = runs.get(item.source) if item.kind == RUN else None
    lacking = this_machine().lacks(item.needs)
    is_whole = item.kind != RUN or (isinstance(run, Ran) and not run.limit)
    if is_whole and not lacking:
        return None

    def answer(work: Work) -> Outcome:
        if lacking:
            raise EngineError(lacking)
        work.file(item.source)  # it is no fault of ours if there is none
        if isinstance(run, Ran):
            return work.failed(STOPPED[run.limit])
        raise EngineError(run.why if run else "it was not run")

    return answer
