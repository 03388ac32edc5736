"""A class: whose each file is, and one row for every student.

    what an inspector found ──▶ look: whose it is, and its row   journal.py keeps it
                                            │
    roster, received.csv, deadline ─────────┴──▶ rows

A file is its student's by its token, which only the course key can tell: what it says
of itself is never believed. A token can be passed on, so a file that is called like
another student never replaces one that is not: nobody lowers another's mark by it.
A fault of the grader's own is never zero points.

Try it: `lab grade class/ --assignment layers-1 -o OUT`
"""

import base64
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from labshell.grading import course, overrides
from labshell.grading.accommodations import (
    Accommodations,
    due_of,
    largest_time_factor,
    read_accommodations,
    time_factor_of,
)
from labshell.grading.assignment import BEST, Assignment
from labshell.grading.inspector import Inspected
from labshell.grading.intake import called
from labshell.grading.journal import Look, version
from labshell.grading.looker import Looker
from labshell.grading.marking import NO_RUNS, values_of
from labshell.grading.ran import Ran, Runs
from labshell.grading.rows import (
    ERROR,
    GRADED,
    LATE,
    MISSING,
    PARTIAL,
    TIMEOUT,
    UNGRADED,
    ItemMark,
    Row,
    status_of,
)
from labshell.grading.submission import Claim, SubmissionError
from labshell.lessons.values import derive
from labshell.messages import marked

UNMATCHED = marked("It could not be matched to you: ask your teacher.")


class Classroom:
    """One assignment of one course, and its graders."""

    def __init__(
        self,
        assignment: Assignment,
        roster: Mapping[str, str] | None = None,
        owner: Callable[[str], str] | None = None,
    ) -> None:
        """Key and roster are those in the folder above, if no roster is given.

        `owner` tells whose a token is ("" for nobody's), where there is no key.
        """
        folder = assignment.folder.parent
        self.assignment = assignment
        self._roster = roster or course.read_roster(folder / course.ROSTER)
        self._overrides: overrides.Overrides = {}
        self._accommodations: Accommodations = {}
        if roster is None:
            self._overrides = overrides.read_overrides(assignment, self._roster)
            self._accommodations = read_accommodations(assignment, self._roster)
        self._tokens: dict[str, str] = {}
        if owner is None:
            key = course.read_key(folder / course.KEY)
            for one in self._roster:
                self._tokens[course.token(key, one, assignment.name)] = one
        self._owner = owner or (lambda token: self._tokens.get(token, ""))

    def look(self, looker: Looker, file: Path, times: int = 1) -> Look:
        """Look at one file; `times` as long as usual. OSError if it cannot be read.

        Whose it is is known at the end. So the second time, each has the time of who
        has most; who has less is told from the others afterwards.
        """
        seconds, runs = float(self.assignment.limits.seconds * times), NO_RUNS
        most = largest_time_factor(self._accommodations) if times > 1 else 1.0
        handed: Mapping[str, Any] = {}
        if self.assignment.scripts:
            handed = looker.unpack(file, seconds * most).result
            runs = self._run(looker, handed, times)
        found = looker.inspect(file, seconds * most, runs)
        if found.limit and not handed:  # no check is asked whose it is
            handed = looker.unpack(file, seconds * most).result
        look = self._look_of(file, found, runs, handed)
        factor = time_factor_of(look.student, self._accommodations)
        if look.row.items and found.seconds > seconds * factor:
            return replace(look, row=self._too_long(file, look.student))
        return look

    def _too_long(self, file: Path, student: str = "", at: str = "") -> Row:
        return Row(
            student=student,
            status=TIMEOUT,
            maximum=self._maximum,
            limit="seconds",
            note=_at("it took too long", at),
            file=file.name,
            at=at,
        )

    def _run(self, looker: Looker, handed: Mapping[str, Any], times: int) -> Runs:
        """Run what a student has handed in; what is nobody's is not run."""
        try:
            claim = Claim.from_json(handed["claim"])
            texts = dict(handed["files"]).items()
            files = {name: base64.b64decode(text) for name, text in texts}
        except (LookupError, TypeError, ValueError, SubmissionError):
            return NO_RUNS  # whoever looks at it says why
        if self._owner(claim.token) != claim.student:
            return NO_RUNS
        asked = {item.source for item in self.assignment.items}
        values = values_of(self.assignment, claim.token)
        factor = times * time_factor_of(claim.student, self._accommodations)
        return looker.run({n: files[n] for n in asked & {*files}}, values, factor)

    def _look_of(
        self, file: Path, found: Inspected, runs: Runs, handed: Mapping[str, Any]
    ) -> Look:
        base = Row(student="", status=ERROR, maximum=self._maximum, file=file.name)
        student = staff = ""
        if found.limit == "seconds":
            row = self._too_long(file, at=found.at)
        elif found.limit:
            note = _at(f"too much {found.limit}", found.at)
            row = replace(base, limit=found.limit, note=note, at=found.at)
        elif "error" in found.result:
            row = replace(base, note=str(found.result["error"]))
        elif not found.result:
            row = replace(base, status=UNGRADED, note="the grader failed, not the work")
        else:
            student, row, staff = self._believed(found.result, base)
            row = _stopped(row, runs) if student else row
        if found.limit and "claim" in handed:
            with contextlib.suppress(LookupError, TypeError, SubmissionError):
                student, _, staff = self._whose(Claim.from_json(handed["claim"]), base)
        if not student:
            student = self._named(file.name)
        return Look(
            file=file.name,
            version=version(file),
            student=student,
            row=replace(row, student=student),
            staff=staff,
        )

    def values(self) -> dict[str, dict[str, str]]:
        """What `{{name}}` stands for, for each student by pseudonym."""
        name, rules = self.assignment.name, self.assignment.rules
        return {one: derive(own, name, rules) for own, one in self._tokens.items()}

    @property
    def _maximum(self) -> int:
        return self.assignment.maximum

    def _believed(self, result: Mapping[str, Any], base: Row) -> tuple[str, Row, str]:
        """Whose it is by its token, the row, and what staff should know of it.

        The row gets into reports: it accuses nobody, and names no other student.
        """
        try:
            claim = Claim.from_json(result["claim"])
            items = tuple(map(ItemMark.from_json, result["items"]))
            if [(i.item, i.maximum) for i in items] != self._asked:
                raise ValueError("other items than those of the assignment")
        except (LookupError, TypeError, ValueError, SubmissionError) as error:
            failed = f"the grader failed: {error}"
            return "", replace(base, status=UNGRADED, note=failed), ""
        owner, note, staff = self._whose(claim, base)
        if not owner:
            return "", replace(base, note=note), staff
        return owner, replace(base, status=status_of(items), items=items), staff

    def _whose(self, claim: Claim, base: Row) -> tuple[str, str, str]:
        """Whose it is by its token, else why nobody's; and what staff should know."""
        owner, named = self._owner(claim.token), self._named(base.file)
        if not owner:
            return "", "its token is no student's", ""
        if owner != claim.student:
            return "", UNMATCHED, f"its token is that of {owner}"
        staff = f"it is called {named}, its token is that of {owner}"
        return owner, "", staff if named not in ("", owner) else ""

    @property
    def _asked(self) -> list[tuple[str, int]]:
        return [(item.id, item.maximum) for item in self.assignment.items]

    def _named(self, file: str) -> str:
        """Whose a file may be that says nothing to be believed: by its name."""
        return next((one for one in called(file) if one in self._roster), "")

    def rows(
        self, looks: Iterable[Look], received: Mapping[str, datetime]
    ) -> list[Row]:
        """One row for each student of the roster, in its order."""
        theirs: dict[str, list[Look]] = {one: [] for one in self._roster}
        for look in looks:
            if look.student in theirs:
                theirs[look.student].append(look)
        return [self._row(one, looks, received) for one, looks in theirs.items()]

    def _row(
        self, student: str, looks: Sequence[Look], received: Mapping[str, datetime]
    ) -> Row:
        """What counts of all that one student has handed in."""
        best = Row(student=student, status=MISSING, maximum=self._maximum)
        came: datetime | None = None
        if all(look.file in received for look in looks):
            # Files are as old as whoever copied them says; this was noted.
            looks = sorted(looks, key=lambda look: received[look.file])
        for look in looks:
            when = received.get(look.file)
            row, before = self._in_time(look.row, when), self._in_time(best, came)
            if best.status == MISSING or self._is_better(row, before):
                best, came = look.row, when
        given = self._overrides.get(student, {})
        best = overrides.apply(best, self.assignment, given)
        if came is not None:
            best = replace(best, received=came.isoformat())
        return self._in_time(best, came)

    def _is_better(self, row: Row, before: Row) -> bool:
        """Of two files of one student: the later one, unless the better one counts.

        What has no marks is a student's by its name alone, which anybody can choose.
        """
        if bool(row.items) != bool(before.items):
            return bool(row.items)
        if (foreign := self._is_foreign(row)) != self._is_foreign(before):
            return not foreign
        if self.assignment.keep != BEST:
            return True
        return row.earned >= before.earned

    def _is_foreign(self, row: Row) -> bool:
        """Is its file called like another student?"""
        return self._named(row.file) not in ("", row.student)

    def _in_time(self, row: Row, received: datetime | None) -> Row:
        """The row, with what is left of its points after this student's deadline."""
        due = due_of(row.student, self.assignment.due, self._accommodations)
        if due != self.assignment.due:
            row = replace(row, due=due.isoformat())
        if received is None or not row.items or received <= due:
            return row
        status = LATE if row.status == GRADED else row.status
        share = self.assignment.late.share(received - due)
        return replace(row, status=status, share=share)


def _at(what: str, at: str) -> str:
    return f"{what}, in {at}" if at else what


def _stopped(row: Row, runs: Runs) -> Row:
    """The row of somebody whose script may have been stopped at a limit, or met one."""
    came = [run for run in runs.values() if isinstance(run, Ran)]
    limits = [run.limit for run in came if run.limit]
    if not limits:
        return replace(row, limit=next((run.met[0] for run in came if run.met), ""))
    status = TIMEOUT if "seconds" in limits else ERROR
    limit = "seconds" if status == TIMEOUT else limits[0]
    if row.status == PARTIAL:
        status = PARTIAL  # what the grader could not do counts for nobody
    return replace(row, status=status, limit=limit, note="its run was stopped")
