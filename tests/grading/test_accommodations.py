"""Who has more days or more time gets both, and nobody else does."""

import pytest

from labshell.grading import accommodations
from labshell.grading.classroom import Classroom
from labshell.grading.rows import GRADED, LATE, TIMEOUT, Row
from labshell.grading.sheets import SheetError
from tests.grading.courses import DAY, Course

HEAD = "student,extension,time_factor\n"
# Longer than the second look has without a factor, by far; not than that with one.
SLOW = """
import time
def keeps_no_token(work):
    time.sleep(2.6)
    return work.passed("No layer holds the token.")
"""


def received(course: Course, when: str) -> Row:
    """The row of s001, whose work came then. The deadline: 2026-12-01T12:00+01:00."""
    file = course.hand_in("s001", course.solved("s001"))
    return course.grade(file, **{file.name: DAY(when)})["s001"]


@pytest.mark.parametrize(
    ("extension", "due"),
    [
        ("48h", "2026-12-03T12:00:00+01:00"),
        ("2d", "2026-12-03T12:00:00+01:00"),
        ("2026-12-03T12:00+01:00", "2026-12-03T12:00:00+01:00"),
    ],
)
def test_an_extension_moves_the_deadline_of_one(
    course: Course, extension: str, due: str
) -> None:
    text = f"{HEAD}s001,{extension},\n"
    (course.folder / accommodations.FILE).write_text(text)
    row = received(course, "2026-12-03T12:00+01:00")
    assert (row.status, row.earned, row.due) == (GRADED, 10, due)
    late = received(course, "2026-12-03T12:01+01:00")
    assert (late.status, late.earned) == (LATE, 9)
    assert course.grade()["s002"].due == ""


def test_the_courses_hold_for_all_assignments_and_its_own_replace_them(
    course: Course,
) -> None:
    (course.place / accommodations.FILE).write_text(f"{HEAD}s001,1h,2\n")
    assert received(course, "2026-12-01T13:00+01:00").status == GRADED
    (course.folder / accommodations.FILE).write_text(f"{HEAD}s001,2h,\n")
    assert received(course, "2026-12-01T14:00+01:00").status == GRADED
    both = accommodations.read_accommodations(course.assignment, {"s001": "S"})
    assert accommodations.time_factor_of("s001", both) == 2


def test_a_factor_gives_its_student_time_whatever_the_file_is_called(
    course: Course,
) -> None:
    course.replace("seconds: 20", "seconds: 1")
    (course.folder / "hidden.py").write_text(SLOW)
    (course.folder / accommodations.FILE).write_text(f"{HEAD}s002,,8\n")
    theirs = course.hand_in("upload-7", course.solved("s002"))
    others = course.hand_in("s002", course.solved("s001"))
    rows = course.grade(theirs, others)
    assert (rows["s002"].status, rows["s002"].earned) == (GRADED, 10)
    assert (rows["s001"].status, rows["s001"].earned) == (TIMEOUT, 0)


def test_a_note_is_allowed_and_copied_nowhere(course: Course) -> None:
    text = "student,extension,time_factor,note\ns001,1h,,a broken arm\n"
    (course.folder / accommodations.FILE).write_text(text)
    assert "arm" not in str(received(course, "2026-12-01T12:30+01:00").to_json())


UNSOUND = {
    "nobody": ("s009,1h,", "line 2: there is no student 's009'"),
    "nothing": ("s001,,", "line 2: an extension or a time factor"),
    "twice": ("s001,1h,\ns001,2h,", "line 3: s001 is there twice"),
    "no span": ("s001,soon,", "line 2: extension: `48h`"),
    "no zone": ("s001,2026-12-05T12:00,", "line 2: extension: its zone"),
    "before": ("s001,2026-11-05T12:00+00:00,", "line 2: extension: before the dead"),
    "no number": ("s001,,much", "line 2: time_factor: a number from 1 to 10"),
    "less time": ("s001,,0.5", "line 2: time_factor: a number from 1 to 10"),
    "endless": ("s001,,inf", "line 2: time_factor: a number from 1 to 10"),
    "no such number": ("s001,,nan", "line 2: time_factor: a number from 1 to 10"),
}


@pytest.mark.parametrize("name", UNSOUND)
def test_one_bad_line_is_named(course: Course, name: str) -> None:
    lines, says = UNSOUND[name]
    (course.folder / accommodations.FILE).write_text(f"{HEAD}{lines}\n")
    with pytest.raises(SheetError) as caught:
        Classroom(course.assignment)
    assert says in caught.value.message


def test_of_all_assignments_there_is_no_one_deadline(course: Course) -> None:
    text = f"{HEAD}s001,2026-12-05T12:00+01:00,\n"
    (course.place / accommodations.FILE).write_text(text)
    with pytest.raises(SheetError, match="hours or days only"):
        Classroom(course.assignment)
