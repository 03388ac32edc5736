"""Triage: what went wrong in a class, sorted, so that a few decisions settle it.

    300 rows ──▶ by check and message ──▶   STUDENTS  LOST  CHECK           MESSAGE
                                         1        41   123  keeps_no_token  A layer …
                                         2         9    36  shows_the_word  There is …

Messages that differ only in a student's own values, names, digests and numbers are of
one kind. Each group is one question: is it the class, or is it the check? If a check
was wrong, it is corrected and all are graded anew; if a few of them are, overrides.csv
settles those (--group prints its lines).

Try it: `lab grade triage OUT`, then `lab grade triage OUT --group 1`
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from labshell.grading.rows import GRADED, LATE, MISSING, CheckMark, Row
from labshell.lessons.outcomes import COULD_NOT_RUN, PASSED, Outcome
from labshell.messages import marked, translate
from labshell.views.tables import printable, table

_SHORTEST_VALUE = 2  # characters: of a shorter one too many words are made
_WIDEST = 70  # characters of a message
_VARIES = re.compile(r"[0-9a-f]{8,}|[0-9]+(?:\.[0-9]+)?")
_HEADINGS = (
    *("", marked("STUDENTS"), marked("LOST"), marked("ITEM"), marked("CHECK")),
    marked("MESSAGE"),
)


def pattern_of(outcome: Outcome, values: Mapping[str, str]) -> str:
    """What a check said, without what is this student's own: "{{word}}", "{subject}".

    Of a check that failed itself, all that it said: why is in the subject.
    """
    failed_itself = outcome.verdict == COULD_NOT_RUN
    text = outcome.text() if failed_itself else outcome.message
    for name, value in sorted(values.items(), key=lambda one: -len(one[1])):
        if len(value) >= _SHORTEST_VALUE:
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", f"{{{{{name}}}}}", text)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Students of whom the same check said the same; of no check, `item` is ""."""

    item: str
    check: str
    verdict: str
    message: str
    lost: int
    students: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "item": self.item,
            "check": self.check,
            "verdict": self.verdict,
            "message": self.message,
            "lost": self.lost,
            "students": list(self.students),
        }


def triage(rows: Iterable[Row]) -> list[Group]:
    """Everything that went wrong, that of most students first."""
    found: dict[tuple[str, str, str, str], list[tuple[str, int]]] = {}
    for row in rows:
        for item, check in _wrong(row):
            key = (item, check.check, check.verdict, _kind(check))
            lost = check.maximum - check.earned
            found.setdefault(key, []).append((row.student, lost))
    groups = [
        Group(
            item=item,
            check=check,
            verdict=verdict,
            message=message,
            lost=sum(lost for _, lost in theirs),
            students=tuple(student for student, _ in theirs),
        )
        for (item, check, verdict, message), theirs in found.items()
    ]
    return sorted(groups, key=lambda one: (-len(one.students), -one.lost))


def _wrong(row: Row) -> Iterable[tuple[str, CheckMark]]:
    """What one student has lost, and to what; the row itself if nothing was graded."""
    is_settled = row.status in (GRADED, LATE)
    if not row.looked_at and not is_settled:
        reason = row.status if row.status == MISSING else row.note or row.status
        place, _, name = row.at.partition("/")
        whole = CheckMark(
            check=name,
            verdict=row.status,
            earned=sum(item.earned for item in row.items),  # given by a person
            maximum=row.maximum,
            message=reason,
        )
        yield place, whole
        return
    for item in row.items:
        for check in item.checks:
            if check.verdict != PASSED and not item.override:
                yield item.item, check


def _kind(check: CheckMark) -> str:
    text = (check.pattern or check.message).replace("{subject}", "…")
    return _VARIES.sub("…", text)


def as_table(groups: Iterable[Group]) -> str:
    """A line for each group, numbered."""
    rows = [
        (
            str(number),
            str(len(group.students)),
            str(group.lost),
            group.item,
            group.check.partition(":")[2]
            or ("" if group.verdict == group.message else group.verdict),
            _short(printable(group.message)),
        )
        for number, group in enumerate(groups, 1)
    ]
    return table([translate(text) if text else "" for text in _HEADINGS], rows)


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def as_overrides(group: Group, rows: Mapping[str, Row]) -> str:
    """Lines for overrides.csv: what each has now; why and by whom is left to write."""
    lines = []
    for student in group.students:
        earned = [i.earned for i in rows[student].items if i.item == group.item]
        lines.append(f"{student},{group.item},{earned[0] if earned else ''},,")
    return "\n".join(lines)
