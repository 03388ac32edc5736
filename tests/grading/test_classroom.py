"""Every student has one row, whatever was handed in, and however the grading went."""

import os
import resource
import signal
import subprocess
from pathlib import Path

import pytest

from labshell.grading import journal, pins
from labshell.grading.assignment import AssignmentError
from labshell.grading.classroom import Classroom
from labshell.grading.intake import RECEIVED, read_received
from labshell.grading.journal import Journal
from labshell.grading.rows import GRADED, LATE, MISSING, PARTIAL, TIMEOUT, UNGRADED
from labshell.grading.sheets import SheetError
from tests.engine.boxes import until
from tests.grading.courses import DAY, STUDENTS, Course
from tests.shell.lines import Lab


def test_who_has_solved_it_gets_everything_and_who_has_not_a_row(
    course: Course,
) -> None:
    rows = course.grade(course.hand_in("s001", course.solved("s001")))
    assert list(rows) == list(STUDENTS)
    assert (rows["s001"].status, rows["s001"].earned) == (GRADED, 10)
    assert (rows["s002"].status, rows["s002"].earned) == (MISSING, 0)


def test_the_name_of_a_file_says_nothing(course: Course) -> None:
    rows = course.grade(course.hand_in("s002", course.solved("s001")))
    assert (rows["s001"].earned, rows["s002"].status) == (10, MISSING)


@pytest.mark.parametrize(
    ("keep", "earned"), [("keep: latest\n", 2), ("keep: best\n", 10)]
)
def test_of_two_the_later_or_the_better_counts(
    course: Course, keep: str, earned: int
) -> None:
    course.replace("values:", f"{keep}values:")
    recipe = {"files/Dockerfile": b"FROM scratch\n"}
    first = course.hand_in("a", course.solved("s001"))
    second = course.hand_in("b", {**course.claimed("s001"), **recipe})
    assert course.grade(first, second)["s001"].earned == earned


def test_what_takes_too_long_is_a_students_by_its_token(course: Course) -> None:
    course.replace("seconds: 20", "seconds: 1")
    endless = "def keeps_no_token(work):\n    while True: pass\n"
    (course.folder / "hidden.py").write_text(endless)
    file = course.hand_in("ada", course.solved("s001"))
    row = course.grade(file)["s001"]
    assert (row.status, row.at) == (TIMEOUT, "clean/hidden:keeps_no_token")


def test_who_names_a_file_takes_nobodys_marks(course: Course) -> None:
    good = course.hand_in("a", course.solved("s001"))
    bad = course.hand_in("s001", {})
    assert course.grade(good, bad)["s001"].earned == 10
    assert course.grade(bad, good)["s001"].earned == 10


@pytest.mark.parametrize(
    ("received", "status", "earned"),
    [
        ("2026-12-01T12:00+01:00", GRADED, 10),
        ("2026-12-01T11:00+00:00", GRADED, 10),
        ("2026-12-01T11:01+00:00", LATE, 9),
        ("2026-12-03T11:00+00:00", LATE, 8),
        ("2026-12-04T12:00+01:00", LATE, 0),
    ],
)
def test_who_is_late_gets_less(
    course: Course, received: str, status: str, earned: int
) -> None:
    file = course.hand_in("s001", course.solved("s001"))
    row = course.grade(file, **{file.name: DAY(received)})["s001"]
    assert (row.status, row.earned) == (status, earned)


def test_which_came_later_is_what_was_noted_and_not_a_files_date(
    course: Course,
) -> None:
    second = course.hand_in("a", course.solved("s001"))
    first = course.hand_in("b", course.claimed("s001"))
    noted = {
        first.name: DAY("2026-11-01T12:00+00:00"),
        second.name: DAY("2026-11-02T12:00+00:00"),
    }
    assert course.grade(second, first, **noted)["s001"].earned == 10
    assert course.grade(second, first)["s001"].earned == 0


def test_late_work_that_could_not_be_checked_is_no_less_partial(
    course: Course,
) -> None:
    (course.folder / "hidden.py").write_text("def keeps_no_token(work):\n    1 / 0\n")
    file = course.hand_in("s001", course.solved("s001"))
    row = course.grade(file, **{file.name: DAY("2026-12-01T12:01+01:00")})["s001"]
    assert (row.status, row.share) == (PARTIAL, 0.9)


def test_a_check_that_fails_itself_costs_no_other_points(course: Course) -> None:
    (course.folder / "hidden.py").write_text("def keeps_no_token(work):\n    1 / 0\n")
    row = course.grade(course.hand_in("s001", course.solved("s001")))["s001"]
    assert (row.status, row.earned) == (PARTIAL, 7)
    assert "ZeroDivisionError" in row.items[0].checks[1].message


def test_what_cannot_be_opened_is_not_graded_and_no_zero(course: Course) -> None:
    gone = course.place / "class" / "s001.tar"
    good = course.hand_in("s002", course.solved("s002"))
    looks = course.looks(gone, good)
    assert [look.row.status for look in looks] == [UNGRADED, GRADED]


def test_several_at_once_give_the_same(course: Course) -> None:
    files = [
        course.hand_in(f"{one}-{number}", course.solved(one))
        for one in STUDENTS
        for number in range(4)
    ]
    alone = [look.to_json() for look in course.looks(*files)]
    assert [look.to_json() for look in course.looks(*files, jobs=3)] == alone


def test_grading_goes_on_where_it_was_cut_short(course: Course) -> None:
    files = [course.hand_in(one, course.solved(one)) for one in STUDENTS]
    whole = course.looks(*files)
    path = course.place / journal.FILE
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:3]) + lines[3][:40])  # killed while it wrote
    # What is in the journal is believed: so it shows what was not made again.
    path.write_text(path.read_text().replace('"earned": 4', '"earned": 3', 1))
    again = course.looks(*files, resume=True)
    assert [look.student for look in again] == list(STUDENTS)
    assert [look.row.earned for look in again] == [9, 10, 10]
    assert [look.row.earned for look in whole] == [10, 10, 10]


def children(pid: int) -> list[int]:
    """Those of its first thread."""
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def test_ctrl_c_ends_it_without_a_traceback(course: Course, tmp_path: Path) -> None:
    text = (course.folder / "hidden.py").read_text()
    text = text.replace("    if", "    time.sleep(5)\n    if", 1)
    (course.folder / "hidden.py").write_text(f"import time\n{text}")
    course.hand_in("s001", course.solved("s001"))
    words = ["grade", str(course.place / "class"), "--assignment", str(course.folder)]
    grading = subprocess.Popen(
        Lab(tmp_path / "root").command(*words, "-o", str(tmp_path / "marks")),
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the whole group, as on a terminal
    )
    until(lambda: any(map(children, children(grading.pid))), "somebody looks at it")
    os.killpg(grading.pid, signal.SIGINT)
    assert grading.communicate(timeout=60)[1] == b"\n"
    assert grading.returncode == 128 + signal.SIGINT


def test_marks_of_other_checks_are_not_mixed_in(course: Course) -> None:
    file = course.hand_in("s001", course.solved("s001"))
    course.looks(file)
    course.replace("return", "return ", file="hidden.py")
    with pytest.raises(AssignmentError, match="has changed since"):
        course.looks(file, resume=True)


def test_what_came_to_no_verdict_is_looked_at_again(course: Course) -> None:
    file = course.place / "class" / "s001.tar"
    assert course.looks(file)[0].row.status == UNGRADED
    course.hand_in("s001", course.solved("s001"))
    assert course.looks(file, resume=True)[0].row.status == GRADED


def test_what_could_not_all_be_checked_is_looked_at_again(course: Course) -> None:
    course.replace("id: word\n", "id: word\n    needs: {arch: vax}\n")
    file = course.hand_in("s001", course.solved("s001"))
    assert course.looks(file)[0].row.status == PARTIAL
    path = course.place / journal.FILE
    path.write_text(path.read_text().replace('"earned": 4', '"earned": 3', 1))
    # As on another machine: what was noted of the former is not what counts.
    assert course.looks(file, resume=True)[0].row.earned == 9


def test_the_former_looks_stay_if_there_is_no_room_for_them(
    course: Course,
) -> None:
    """A limit on the size of files stands for a disk that is full."""
    file = course.hand_in("s001", course.solved("s001"))
    course.looks(file)
    before = (course.place / journal.FILE).read_bytes()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    mark = pins.fingerprint(course.assignment)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limit[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            Journal(course.place / journal.FILE, mark, resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert (course.place / journal.FILE).read_bytes() == before


def test_a_file_that_has_changed_is_looked_at_again(course: Course) -> None:
    file = course.hand_in("s001", course.solved("s001"))
    course.looks(file)
    course.hand_in("s001", course.claimed("s001"))
    (look,) = course.looks(file, resume=True)
    assert look.row.earned == 0


def test_when_files_came_is_read(course: Course, tmp_path: Path) -> None:
    path = tmp_path / RECEIVED
    assert read_received(path) == {}
    path.write_text("file,received\ns001.tar,2026-12-01T11:00+00:00\n")
    assert read_received(path) == {"s001.tar": DAY("2026-12-01T11:00+00:00")}
    path.write_text("file,received\ns001.tar,yesterday\n")
    with pytest.raises(SheetError, match=r"line 2: times as in"):
        read_received(path)


def test_a_roster_can_be_given(course: Course) -> None:
    assert Classroom(course.assignment, {"x": "X"}).rows([], {})[0].student == "x"


def test_large_files_that_students_got_are_in_nobodys_way(course: Course) -> None:
    (course.folder / "files").mkdir()
    with (course.folder / "files/large").open("wb") as file:
        file.truncate(17 << 20)
    row = course.grade(course.hand_in("one", course.solved("s001")))["s001"]
    assert (row.status, row.earned) == ("graded", 10)
