"""Comparing: what a regrade changes, and that it lowers nobody unasked.

    OLD/marks.json ─┐
    new rows ───────┴─▶ changes   a line for each: student, item, before, now
                    └─▶ rows      what is lower stays as it was, unless that is allowed

A check that is corrected was wrong for everybody who had been graded by it. Who gets
more by that gets it. Who would get less has been told a mark already: it stays, item by
item, with what the check says now beside it, until a person confirms that it be lower.
What a person gave by overrides.csv is confirmed. Of who has no marks any more, the
whole row stays.

Try it: `lab grade class/ --assignment layers-1 -o OUT --compare OUT`
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from labshell.grading.rows import GRADED, LATE, ItemMark, Row, status_of
from labshell.messages import marked, translate
from labshell.views.tables import table

FILE, SCHEMA = "changes.json", "labshell.changes/1"
ITEM, STATUS, LATENESS, ROW = "item", "status", "lateness", "row"
Told = float | str | None
_HEADINGS = (marked("STUDENT"), marked("WHAT"), marked("BEFORE"), marked("NOW"), "")
_KEPT = marked("kept as before")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that a regrade would make different.

    `kind`: "item", its points; "status"; "lateness", the share of the points that is
    left; "row", all points of a student, None if there is no such row.
    """

    student: str
    kind: str
    item: str = ""
    before: Told
    now: Told
    kept: bool = False

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "student": self.student,
            "kind": self.kind,
            "item": self.item,
            "before": self.before,
            "now": self.now,
            "kept": self.kept,
        }


def compare(
    old: Mapping[str, Row], new: Iterable[Row], *, lower: bool
) -> tuple[list[Row], list[Change]]:
    """The rows that count now, and each change; marks may become less if `lower`."""
    rows, changes = [], list[Change]()
    for row in new:
        before = old.get(row.student)
        if before is None:
            changes.append(_change(row.student, ROW, None, row.earned))
        else:
            found = _Comparison(before, row, lower)
            row = found.row
            changes += found.changes
        rows.append(row)
    gone = set(old) - {row.student for row in rows}
    changes += [_change(one, ROW, old[one].earned, None) for one in sorted(gone)]
    return rows, changes


def _change(student: str, kind: str, before: Told, now: Told) -> Change:
    return Change(student=student, kind=kind, before=before, now=now)


class _Comparison:
    """One student's row against the one before."""

    def __init__(self, old: Row, new: Row, lower: bool) -> None:
        self._old, self._new, self._lower = old, new, lower
        self.changes: list[Change] = []
        self._note(STATUS, old.status, new.status)
        self.row = self._by_item() if old.items and new.items else self._whole()

    def _note(self, kind: str, before: Told, now: Told, **more: Any) -> None:
        if before != now:
            change = _change(self._new.student, kind, before, now)
            self.changes.append(replace(change, **more))

    def _whole(self) -> Row:
        """One of the two has no items: its points are none."""
        old, new = self._old, self._new
        lower = old.earned > new.earned and old.maximum == new.maximum
        keep = lower and not self._lower
        self._note(ROW, old.earned, new.earned, kept=keep)
        if not keep:
            return new
        note = f"kept as before; now {new.status}: {new.note}".removesuffix(": ")
        return replace(old, kept=(ROW,), note=note)

    def _by_item(self) -> Row:
        before = {item.item: item for item in self._old.items}
        items = [self._item(before.pop(i.item, None), i) for i in self._new.items]
        for gone in before.values():
            self._note(ITEM, gone.earned, None, item=gone.item)
        share, late = self._share()
        kept = tuple(
            change.item or change.kind for change in self.changes if change.kept
        )
        if not kept:
            return self._new
        # Without any work now, what is kept was found in that of before.
        looked_at = self._new.looked_at
        status = status_of(tuple(items)) if looked_at else self._old.status
        if status == GRADED and late:
            status = LATE
        said = [_said(change) for change in self.changes if change.kept]
        note = "; ".join(filter(None, [self._new.note, *said]))
        return replace(
            self._new,
            items=tuple(items),
            share=share,
            status=status,
            note=note,
            kept=kept,
        )

    def _item(self, old: ItemMark | None, new: ItemMark) -> ItemMark:
        """The mark that counts for one item."""
        if old is None:
            self._note(ITEM, None, new.earned, item=new.item)
            return new
        lower = old.earned > new.earned and old.maximum == new.maximum
        keep = lower and not new.override and not self._lower
        self._note(ITEM, old.earned, new.earned, item=new.item, kept=keep)
        return old if keep else new

    def _share(self) -> tuple[float, bool]:
        """What lateness leaves of the points, and whether it is late."""
        old, new = self._old, self._new
        keep = old.share > new.share and not self._lower
        self._note(LATENESS, old.share, new.share, kept=keep)
        return (
            (old.share, old.status == LATE)
            if keep
            else (
                new.share,
                new.status == LATE,
            )
        )


def _said(change: Change) -> str:
    return f"{change.item or change.kind} kept at {change.before}, now {change.now}"


def as_json(changes: Sequence[Change]) -> dict[str, Any]:
    """All changes as plain data: OUT/changes.json."""
    return {"schema": SCHEMA, "changes": [change.to_json() for change in changes]}


def as_table(changes: Sequence[Change]) -> str:
    """A line for each change."""
    rows = [
        (
            change.student,
            change.item or change.kind,
            _cell(change.before),
            _cell(change.now),
            translate(_KEPT) if change.kept else "",
        )
        for change in changes
    ]
    return table([translate(text) for text in _HEADINGS], rows)


def _cell(told: Told) -> str:
    return "-" if told is None else told if isinstance(told, str) else f"{told:g}"
