"""Points that a person gave replace those of the checks, in every grading."""

import pytest

from labshell.grading import reports
from labshell.grading.classroom import Classroom
from labshell.grading.kit import lint
from labshell.grading.reports import junit
from labshell.grading.reports.marks import read_rows
from labshell.grading.rows import ERROR, GRADED, LATE, MISSING, PARTIAL
from labshell.grading.sheets import SheetError
from labshell.grading.triage import triage
from tests.grading.courses import DAY, Course
from tests.grading.marks import marks_of

HEAD = "student,item,points,reason,by\n"
BROKEN = "def keeps_no_token(work):\n    1 / 0\n"


def overridden(course: Course, *lines: str) -> None:
    """Write the overrides of the course's assignment."""
    (course.folder / "overrides.csv").write_text(HEAD + "\n".join(lines) + "\n")


def test_they_replace_the_points_of_an_item_and_say_who_gave_them(
    course: Course,
) -> None:
    file = course.hand_in("s001", course.solved("s001"))
    overridden(course, 's001,clean,2,"copied, as agreed",ada', "s001,word,0,none,bob")
    row = course.grade(file)["s001"]
    assert (row.status, row.earned) == (GRADED, 2 + 2 + 0)
    said = row.items[0].to_json()["override"]
    assert said == {"points": 2, "reason": "copied, as agreed", "by": "ada"}
    assert "clean: 2 by ada, copied, as agreed" in row.note
    assert [check.earned for check in row.items[0].checks] == [4, 3]


def test_they_are_there_after_a_regrade_of_another_file(course: Course) -> None:
    overridden(course, "s001,clean,6,seen in class,ada")
    first = course.grade(course.hand_in("s001", course.solved("s001")))["s001"]
    again = course.grade(course.hand_in("s001", course.claimed("s001")))["s001"]
    assert (first.earned, again.earned) == (6 + 2 + 1, 6)


@pytest.mark.parametrize(("content", "status"), [(None, MISSING), (b"x", ERROR)])
def test_who_has_handed_in_nothing_readable_has_them_too(
    course: Course, content: bytes | None, status: str
) -> None:
    overridden(course, "s001,recipe,2,on paper,ada")
    files = []
    if content:
        files.append(course.hand_in("s001", {}))
        files[0].write_bytes(content)
    row = course.grade(*files)["s001"]
    assert (row.status, row.earned) == (status, 2)


def test_what_nobody_looked_at_is_told_once_and_as_nobodys_fault(
    course: Course,
) -> None:
    overridden(course, "s001,recipe,2,on paper,ada")
    row = course.grade()["s001"]
    assert [group.check for group in triage([row])] == [""]
    suite = next(junit.files(marks_of(course.assignment, row)))[1]
    assert 'tests="2" failures="1" errors="0"' in suite  # by hand, and why not
    assert "could not run" not in suite


def test_an_item_whose_check_failed_itself_is_graded_by_one(course: Course) -> None:
    (course.folder / "hidden.py").write_text(BROKEN)
    file = course.hand_in("s001", course.solved("s001"))
    assert course.grade(file)["s001"].status == PARTIAL
    overridden(course, "s001,clean,7,looked at by hand,ada")
    assert course.grade(file)["s001"].status == GRADED


def test_lateness_is_taken_off_them_as_well(course: Course) -> None:
    overridden(course, "s001,clean,5,agreed,ada")
    file = course.hand_in("s001", course.solved("s001"))
    row = course.grade(file, **{file.name: DAY("2026-12-01T12:01+01:00")})["s001"]
    assert (row.status, row.earned) == (LATE, 7.2)


def test_they_can_be_read_back(course: Course, tmp_path) -> None:
    overridden(course, "s001,clean,5,agreed,ada")
    rows = list(course.grade(course.hand_in("s001", course.solved("s001"))).values())
    reports.write(marks_of(course.assignment, *rows), tmp_path)
    assert read_rows(tmp_path, course.assignment) == rows


UNSOUND = {
    "nobody": ("s009,clean,1,x,ada", "line 3: there is no student 's009'"),
    "no item": ("s001,clear,1,x,ada", "line 3: there is no item 'clear'"),
    "too many points": ("s001,clean,8,x,ada", "line 3: a whole number of points"),
    "half a point": ("s001,clean,1.5,x,ada", "line 3: a whole number of points"),
    "less than none": ("s001,clean,-1,x,ada", "line 3: a whole number of points"),
    "no points": ("s001,clean,,x,ada", "line 3: a whole number of points"),
    "endless points": ("s001,clean," + "9" * 5000 + ",x,ada", "line 3: a whole"),
    "no reason": ("s001,clean,1,,ada", "line 3: reason: a text is needed"),
    "by nobody": ("s001,clean,1,x, ", "line 3: by: a text is needed"),
    "twice": ("s002,word,0,x,ada", "line 3: s002 has an override for word"),
    "too few cells": ("s001,clean,1", "line 3: a cell for each column"),
    "too many cells": ("s001,clean,1,x,ada,y", "line 3: a cell for each column"),
    "an open quote": ('s001,clean,1,"x,ada', "it cannot be read"),
}


@pytest.mark.parametrize("name", UNSOUND)
def test_one_bad_line_is_named_and_nothing_is_graded(course: Course, name: str) -> None:
    line, says = UNSOUND[name]
    overridden(course, "s002,word,1,good,ada", line)
    for read in (lambda: Classroom(course.assignment), lambda: lint(course.folder)):
        with pytest.raises(SheetError) as caught:
            read()
        assert says in caught.value.message
        assert caught.value.hint


def test_a_comma_in_a_reason_is_to_be_put_in_quotes(course: Course) -> None:
    overridden(course, "s001,clean,1,late, but ill,ada")
    with pytest.raises(
        SheetError, match="line 2: a cell for each column is needed, and"
    ) as caught:
        lint(course.folder)
    assert "in quotes" in caught.value.hint


@pytest.mark.parametrize("head", ["student,item,points,reason", "a,b", "", "\0"])
def test_other_headings_are_refused(course: Course, head: str) -> None:
    (course.folder / "overrides.csv").write_text(f"{head}\n")
    with pytest.raises(SheetError, match=r"overrides\.csv: "):
        Classroom(course.assignment)


def test_a_spreadsheets_mark_in_front_is_no_part_of_the_headings(
    course: Course,
) -> None:
    text = f"\ufeff{HEAD}s001,word,1,x,ada\r\n\r\n"
    (course.folder / "overrides.csv").write_text(text)
    assert course.grade()["s001"].earned == 1
