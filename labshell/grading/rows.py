"""The row of one student: what every report is made from, so that no two can disagree.

As JSON (`marks.json`), schema "labshell.marks/1":

    {"schema": "labshell.marks/1",
     "assignment": "layers-1", "maximum": 9,
     "rows": [
       {"student": "s001",                      a pseudonym
        "status": "graded",
        "earned": 7.0, "maximum": 9,
        "share": 1.0,                           what lateness has left of the points
        "note": "", "limit": "",                why not graded; which limit was hit: one
                                                that a run went on at, too ("memory")
        "file": "s001.tar",
        "items": [
          {"item": "small", "earned": 4, "maximum": 4,
           "checks": [
             {"check": "checks:is_small", "verdict": "passed",
              "earned": 4, "maximum": 4, "message": "…"}]}]}]}

What few rows have is left out of the others:

    "due": "2026-12-03T23:59+01:00"             of a row: this student's own deadline
    "at": "clean/hidden:is_small"               of a row: item and check in which the
                                                limit was hit
    "received": "2026-12-01T20:00+01:00"        when the file came, by received.csv
    "kept": ["clean"]                           of a row: items (or "lateness", or the
                                                "row") that a regrade would have lowered
    "override": {"points": 4, "reason": "…", "by": "ada"}
                                                of an item: its points, by a person
    "log": "$ sh solve.sh\n…\n[125]"             of an item that is run and has not all
                                                points: what was printed, how it ended
    "pattern": "There is no image {subject}."   of a check: its message, without what is
                                                this student's own

Every student has one row, always. Its status:

    graded     each check has a verdict
    late       the same, and after the deadline: `share` of the points, or none
    partial    some check could not run: a fault of the grader's, told and not counted
    ungraded   nothing could be run: the same for all of it
    timeout    it took too long, twice, the second time alone
    error      what was handed in cannot be read, or hit another limit
    missing    nothing was handed in

A check has a verdict: passed, failed, could not run; or "not looked at", where a person
gave points for other items and there is no work.

Try it: `lab grade class/ --assignment layers-1 -o OUT; cat OUT/marks.json`
"""

from dataclasses import dataclass
from typing import Any

from labshell.lessons.outcomes import COULD_NOT_RUN, FAILED, PASSED

SCHEMA = "labshell.marks/1"
GRADED, LATE, PARTIAL, UNGRADED = "graded", "late", "partial", "ungraded"
TIMEOUT, ERROR, MISSING = "timeout", "error", "missing"
_LONGEST = 4000  # characters of a message
NOT_LOOKED_AT = "not looked at"  # a verdict beside an override, where there is no work
_VERDICTS = (PASSED, FAILED, COULD_NOT_RUN, NOT_LOOKED_AT)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckMark:
    """What one check gave."""

    check: str
    verdict: str
    earned: int
    maximum: int
    message: str
    pattern: str = ""

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "check": self.check,
            "verdict": self.verdict,
            "earned": self.earned,
            "maximum": self.maximum,
            "message": self.message,
            **({"pattern": self.pattern} if self.pattern else {}),
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> "CheckMark":
        """From plain data. ValueError if no check could have given that."""
        mark = CheckMark(
            check=str(data["check"]),
            verdict=str(data["verdict"]),
            earned=int(data["earned"]),
            maximum=int(data["maximum"]),
            message=_text(data["message"]),
            pattern=_text(data.get("pattern", "")),
        )
        if mark.verdict not in _VERDICTS or not 0 <= mark.earned <= mark.maximum:
            raise ValueError(f"{mark.check}: {mark.verdict} with {mark.earned} points")
        return mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """The points that a person gave for an item, and why: see overrides.py."""

    points: int
    reason: str
    by: str

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"points": self.points, "reason": self.reason, "by": self.by}

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Override":
        """From plain data."""
        return Override(
            points=int(data["points"]), reason=str(data["reason"]), by=str(data["by"])
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemMark:
    """What one item gave; `log`: the end of what its script printed, if it has one."""

    item: str
    checks: tuple[CheckMark, ...]
    override: Override | None = None
    log: str = ""

    @property
    def earned(self) -> int:
        """Points of all its checks, or those that a person gave."""
        if self.override:
            return self.override.points
        return sum(check.earned for check in self.checks)

    @property
    def maximum(self) -> int:
        """Points that there are."""
        return sum(check.maximum for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "item": self.item,
            "earned": self.earned,
            "maximum": self.maximum,
            "checks": [check.to_json() for check in self.checks],
            **({"override": self.override.to_json()} if self.override else {}),
            **({"log": self.log} if self.log else {}),
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> "ItemMark":
        """From plain data. ValueError if no item could have given that."""
        override = data.get("override")
        mark = ItemMark(
            item=str(data["item"]),
            checks=tuple(map(CheckMark.from_json, data["checks"])),
            override=Override.from_json(override) if override else None,
            log=_text(data.get("log", "")),
        )
        if not 0 <= mark.earned <= mark.maximum:
            raise ValueError(f"{mark.item}: {mark.earned} points")
        return mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One student's result."""

    student: str
    status: str
    maximum: int
    items: tuple[ItemMark, ...] = ()
    share: float = 1.0
    note: str = ""
    limit: str = ""
    file: str = ""
    due: str = ""
    at: str = ""
    received: str = ""
    kept: tuple[str, ...] = ()

    @property
    def looked_at(self) -> bool:
        """Did any check look at what was handed in?"""
        verdicts = {check.verdict for item in self.items for check in item.checks}
        return bool(verdicts - {NOT_LOOKED_AT})

    @property
    def earned(self) -> float:
        """Points, after what lateness costs; to two digits."""
        return round(sum(item.earned for item in self.items) * self.share, 2)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "student": self.student,
            "status": self.status,
            "earned": self.earned,
            "maximum": self.maximum,
            "share": self.share,
            "note": self.note,
            "limit": self.limit,
            "file": self.file,
            "items": [item.to_json() for item in self.items],
            **({"due": self.due} if self.due else {}),
            **({"at": self.at} if self.at else {}),
            **({"received": self.received} if self.received else {}),
            **({"kept": list(self.kept)} if self.kept else {}),
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Row":
        """From plain data."""
        return Row(
            student=str(data["student"]),
            status=str(data["status"]),
            maximum=int(data["maximum"]),
            items=tuple(map(ItemMark.from_json, data["items"])),
            share=float(data["share"]),
            note=_text(data["note"]),
            limit=str(data["limit"]),
            file=str(data["file"]),
            due=str(data.get("due", "")),
            at=str(data.get("at", "")),
            received=str(data.get("received", "")),
            kept=tuple(map(str, data.get("kept", ()))),
        )


def _text(data: object) -> str:
    """A message, not longer than anybody reads."""
    text = str(data)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def status_of(items: tuple[ItemMark, ...]) -> str:
    """graded, partial or ungraded, by what its checks could do, or a person did."""
    verdicts = [
        PASSED if item.override else check.verdict
        for item in items
        for check in item.checks
    ]
    without = {COULD_NOT_RUN, NOT_LOOKED_AT}
    if not without & {*verdicts}:
        return GRADED
    return PARTIAL if {*verdicts} - without else UNGRADED
