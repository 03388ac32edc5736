"""What is said to a student of their marks, in the language of whoever makes a report.

Source: labshell/messages.py
Try it: `lab --lang zh grade --assignment layers-1 -o OUT --report feedback`
"""

from labshell.grading.rows import (
    ERROR,
    LATE,
    MISSING,
    NOT_LOOKED_AT,
    PARTIAL,
    TIMEOUT,
    UNGRADED,
    CheckMark,
    ItemMark,
    Row,
)
from labshell.lessons.outcomes import COULD_NOT_RUN, FAILED, PASSED
from labshell.messages import marked, translate

POINTS = marked("{earned} of {maximum} points")
BY_HAND = marked("Points that a person gave: {points}. {reason}")
_ENDS = ".!?。！？"  # of a sentence, behind which another may follow
LATE_BY = marked("It was handed in late: {percent} percent of the points remain.")
SIGNS = {PASSED: "✓", FAILED: "✗", COULD_NOT_RUN: "?", NOT_LOOKED_AT: "–"}
WHY = {
    MISSING: marked("Nothing was handed in."),
    ERROR: marked("What was handed in could not be graded."),
    TIMEOUT: marked("Looking at it took too long."),
    UNGRADED: marked("It could not be graded yet. That is no fault of yours."),
    PARTIAL: marked("A check could not run. That is no fault of yours."),
}


def points(row: Row) -> str:
    """What was earned, in words."""
    return translate(POINTS).format(earned=f"{row.earned:g}", maximum=row.maximum)


def remarks(row: Row) -> list[str]:
    """What else is to be said of it: why there are no points, or fewer."""
    # Work that was looked at had a script stopped: the note says so, the rest counts.
    was_stopped = row.looked_at and row.status in (ERROR, TIMEOUT)
    is_told = row.status in WHY and not was_stopped
    found = [translate(WHY[row.status])] if is_told else []
    if row.status == LATE or row.share < 1:
        percent = f"{row.share * 100:g}"
        found.append(translate(LATE_BY).format(percent=percent))
    if row.note:
        found.append(translate(row.note))
    return found


def by_hand(item: ItemMark) -> str:
    """What a person decided of an item; "" if nobody did."""
    if not (given := item.override):
        return ""
    reason = given.reason if given.reason[-1:] in _ENDS else f"{given.reason}."
    return translate(BY_HAND).format(points=given.points, reason=reason)


def messages(item: ItemMark) -> str:
    """All that was said of an item, in one line."""
    said = [by_hand(item), *(translate(check.message) for check in item.checks)]
    return " ".join(filter(None, said))


def sign(check: CheckMark) -> str:
    """One character for a verdict."""
    return SIGNS[check.verdict]


def said(check: CheckMark) -> str:
    """What one check gave, and said."""
    return f"{check.earned}/{check.maximum}: {translate(check.message)}"
