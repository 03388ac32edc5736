"""A regrade says what it changes, and lowers nobody unasked."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import InvalidArgument, NotFound
from labshell.grading import reports
from labshell.grading.comparing import Change, compare
from labshell.grading.grading import Asked, Graded, grade_class
from labshell.grading.intake import files_of
from labshell.grading.kept import MarksError, read_kept
from labshell.grading.reports.marks import Marks
from labshell.grading.rows import (
    ERROR,
    GRADED,
    LATE,
    MISSING,
    NOT_LOOKED_AT,
    PARTIAL,
    CheckMark,
    ItemMark,
    Override,
    Row,
)
from tests.grading.courses import Course


def item(name: str, earned: int, verdict: str = "", **more: Override) -> ItemMark:
    """An item of 4 points."""
    verdict = verdict or ("passed" if earned == 4 else "failed")
    mark = CheckMark(
        check="checks:x", verdict=verdict, earned=earned, maximum=4, message=""
    )
    return ItemMark(item=name, checks=(mark,), **more)


def row(*points: int, status: str = GRADED, **fields: float) -> Row:
    """A row of s1 with items a, b, …"""
    items = tuple(item(name, n) for name, n in zip("abc", points, strict=False))
    return Row(student="s1", status=status, maximum=8, items=items, **fields)


def compared(old: Row, new: Row, *, lower: bool = False) -> tuple[Row, list[Change]]:
    rows, changes = compare({"s1": old}, [new], lower=lower)
    return rows[0], changes


def told(changes: list[Change]) -> list[tuple[object, ...]]:
    return [(c.item or c.kind, c.before, c.now, c.kept) for c in changes]


def test_what_is_the_same_is_no_change() -> None:
    assert compared(row(4, 2), row(4, 2)) == (row(4, 2), [])


def test_a_whole_row_out_of_other_points_is_not_kept() -> None:
    now = Row(student="s1", status=MISSING, maximum=7)
    counts, changes = compared(row(4, 2), now)
    assert counts == now
    assert told(changes) == [
        ("status", GRADED, MISSING, False),
        ("row", 6, 0, False),
    ]


def test_work_that_is_gone_keeps_its_status_beside_an_override() -> None:
    given = Override(points=4, reason="seen", by="ada")
    gone = item("a", 0, NOT_LOOKED_AT), item("b", 0, NOT_LOOKED_AT, override=given)
    now = Row(student="s1", status=MISSING, maximum=8, items=gone)
    counts, _ = compared(row(4, 2), now)
    assert (counts.status, counts.earned) == (GRADED, 8)


def test_a_higher_mark_counts(capsys: object) -> None:
    counts, changes = compared(row(1, 2), row(4, 2))
    assert counts == row(4, 2)
    assert told(changes) == [("a", 1, 4, False)]


def test_a_lower_mark_stays_item_by_item_and_is_told() -> None:
    counts, changes = compared(row(4, 2), row(1, 3))
    assert [one.earned for one in counts.items] == [4, 3]
    assert (counts.kept, counts.note) == (("a",), "a kept at 4, now 1")
    assert told(changes) == [("a", 4, 1, True), ("b", 2, 3, False)]
    assert Row.from_json(counts.to_json()) == counts


def test_a_lower_mark_counts_if_that_is_confirmed() -> None:
    counts, changes = compared(row(4, 2), row(1, 3), lower=True)
    assert counts == row(1, 3)
    assert told(changes) == [("a", 4, 1, False), ("b", 2, 3, False)]


def test_what_a_person_lowers_is_confirmed() -> None:
    given = Override(points=1, reason="copied", by="ada")
    new = replace(row(4, 2), items=(item("a", 4, override=given), item("b", 2)))
    counts, changes = compared(row(4, 2), new)
    assert counts.earned == 3
    assert told(changes) == [("a", 4, 1, False)]


def test_an_override_that_was_taken_away_lowers_nobody() -> None:
    given = Override(points=4, reason="seen", by="ada")
    old = replace(row(1, 2), items=(item("a", 1, override=given), item("b", 2)))
    counts, _ = compared(old, row(1, 2))
    assert (counts.earned, counts.items[0].override) == (6, given)


@pytest.mark.parametrize("status", [MISSING, ERROR])
def test_who_has_no_marks_any_more_keeps_the_row(status: str) -> None:
    new = Row(student="s1", status=status, maximum=8, note="it is no tar")
    counts, changes = compared(row(4, 2), new)
    assert (counts.status, counts.earned, counts.kept) == (GRADED, 6, ("row",))
    assert f"now {status}: it is no tar" in counts.note
    assert told(changes) == [("status", GRADED, status, False), ("row", 6, 0, True)]
    assert compared(row(4, 2), new, lower=True)[0] == new


def test_a_check_that_could_not_run_takes_nothing_away() -> None:
    broken = replace(
        row(4, 2), status=PARTIAL, items=(item("a", 0, "could not run"), item("b", 2))
    )
    counts, _ = compared(row(4, 2), broken)
    assert (counts.status, counts.earned) == (GRADED, 6)


def test_who_is_late_only_now_is_not() -> None:
    counts, changes = compared(row(4, 2), row(4, 2, status=LATE, share=0.5))
    assert (counts.status, counts.earned, counts.kept) == (GRADED, 6, ("lateness",))
    assert ("lateness", 1.0, 0.5, True) in told(changes)


def test_who_was_late_stays_so_if_an_item_is_kept() -> None:
    old, new = (row(a, 2, status=LATE, share=0.5) for a in (4, 1))
    counts, _ = compared(old, new)
    assert (counts.status, counts.earned) == (LATE, 3)


def test_an_item_that_is_worth_something_else_now_is_not_kept() -> None:
    other = CheckMark(
        check="checks:x", verdict="failed", earned=1, maximum=2, message=""
    )
    new = replace(row(4), items=(ItemMark(item="a", checks=(other,)),))
    assert compared(row(4), new)[0] == new


def test_students_who_come_and_go_are_told() -> None:
    rows, changes = compare({"s0": row(4)}, [row(4, 2)], lower=False)
    assert rows == [row(4, 2)]
    assert [(c.student, c.before, c.now) for c in changes] == [
        ("s1", None, 6),
        ("s0", 4, None),
    ]


def graded(course: Course, out: Path, **asked: object) -> Graded:
    """The class of a course, graded to a folder."""
    given: Mapping[str, object] = {
        "files": files_of([course.place / "class"], None),
        "folder": course.folder,
        "out": out,
        **asked,
    }
    done = grade_class(Asked(**given), None)
    reports.write(Marks(assignment=done.assignment, rows=done.rows), out)
    return done


def test_a_corrected_check_raises_marks_and_lowers_none(
    course: Course, tmp_path: Path
) -> None:
    course.hand_in("s001", course.solved("s001"))
    course.hand_in("s002", course.claimed("s002"))
    out = tmp_path / "marks"
    assert graded(course, out).changes is None
    fault = "def keeps_no_token(work):\n    return work.failed('It does not.')\n"
    (course.folder / "hidden.py").write_text(fault)
    course.replace("work.file(", "work.values or (", file="checks.py")
    again = graded(course, out, old=out)
    assert [row.earned for row in again.rows] == [10, 2, 0]
    data = json.loads((out / "changes.json").read_text())
    assert [(c["student"], c["item"], c["kept"]) for c in data["changes"]] == [
        ("s001", "clean", True),
        ("s002", "recipe", False),
    ]
    assert [row.earned for row in graded(course, out, old=out).rows] == [10, 2, 0]
    lowered = graded(course, out, old=out / "marks.json", lower=True)
    assert [row.earned for row in lowered.rows] == [7, 2, 0]
    graded(course, out)
    assert not (out / "changes.json").exists()


def test_marks_of_another_assignment_are_refused(
    course: Course, tmp_path: Path
) -> None:
    course.hand_in("s001", course.solved("s001"))
    graded(course, tmp_path / "old")
    course.replace("name: layers-1", "name: layers-2")
    with pytest.raises(InvalidArgument, match="marks of 'layers-1', not of layers-2"):
        graded(course, tmp_path / "new", old=tmp_path / "old")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"schema": "labshell.marks/2", "assignment": "x", "rows": []}',
        '{"schema": "labshell.marks/1", "assignment": "x", "rows": [{}]}',
        '{"schema": "labshell.marks/1", "assignment": "x", "rows": 3}',
    ],
    ids=["empty", "list", "no schema", "deep", "newer", "no row", "no rows"],
)
def test_what_are_no_marks_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "marks.json"
    path.write_text(text)
    with pytest.raises(MarksError) as caught:
        read_kept(tmp_path)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_where_there_are_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There are no marks"):
        read_kept(tmp_path)
