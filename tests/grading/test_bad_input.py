"""Whatever is wrong around a grading is one clear error, and no mark is made up."""

import json
import os
import resource
import subprocess
from pathlib import Path

import pytest

from engine.errors import EngineError, InvalidArgument, NotFound
from labshell.grading.assignment import AssignmentError
from labshell.grading.classroom import Classroom
from labshell.grading.course import CourseError
from labshell.grading.intake import files_of, read_received
from labshell.grading.kit import lint
from tests.grading.courses import DAY, STUDENTS, Course
from tests.shell.lines import Done, Lab


def given(course: Course, out: Path, *more: str) -> list[str]:
    place = str(course.place / "class")
    return ["grade", place, "--assignment", str(course.folder), "-o", str(out), *more]


def limited(lab: Lab, size: int, *words: str) -> Done:
    """A line whose files can have so many bytes: as on a disk that is full then."""
    done = subprocess.run(
        lab.command(*words),
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )
    return Done(code=done.returncode, out=done.stdout, err=done.stderr)


@pytest.mark.parametrize("size", [0, 400, 3000])
def test_a_folder_that_is_full_is_an_error_and_can_be_gone_on_with(
    course: Course, lab: Lab, tmp_path: Path, size: int
) -> None:
    for one in STUDENTS:
        course.hand_in(one, course.solved(one))
    out = tmp_path / "marks"
    done = limited(lab, size, *given(course, out))
    assert done.code != 0
    assert "Traceback" not in done.err
    assert done.error
    assert not [path.name for path in out.iterdir() if path.name[0] == "."]
    again = lab(*given(course, out, "--resume"))
    assert again.code == 0
    rows = json.loads((out / "marks.json").read_text())["rows"]
    assert [row["earned"] for row in rows] == [10, 10, 10]


def test_a_place_where_nothing_can_be_made_is_an_error(
    course: Course, lab: Lab
) -> None:
    course.hand_in("s001", course.solved("s001"))
    done = lab(*given(course, Path("/proc/marks")))
    assert done.code != 0
    assert "/proc/marks" in done.error
    assert "Traceback" not in done.err


def test_the_exit_status_is_0_only_if_everything_could_be_looked_at(
    course: Course, lab: Lab, tmp_path: Path
) -> None:
    course.hand_in("s001", course.solved("s001"))
    course.hand_in("s002", {}).write_bytes(b"no tar")
    assert lab(*given(course, tmp_path / "a")).code == 0
    (course.place / "class/s003.tar").symlink_to("/nowhere")
    done = lab(*given(course, tmp_path / "b"))
    assert done.code == 1
    assert "s003.tar: nobody's: it could not be looked at" in done.err
    rows = json.loads((tmp_path / "b/marks.json").read_text())["rows"]
    assert [row["status"] for row in rows] == ["graded", "error", "missing"]


def test_a_file_that_never_ends_is_not_waited_for(course: Course) -> None:
    (course.place / "class").mkdir()
    os.mkfifo(course.place / "class/s001.tar")
    with pytest.raises(InvalidArgument, match=r"s001\.tar is no file"):
        files_of([course.place / "class"], None)


def test_a_student_of_whom_there_is_no_file_is_told(course: Course) -> None:
    file = course.hand_in("s001", course.solved("s001"))
    assert files_of([file.parent], "s001") == [file]
    with pytest.raises(NotFound, match="No file is called s009"):
        files_of([file.parent], "s009")


def test_a_course_without_a_student_is_told(course: Course) -> None:
    (course.place / "roster.csv").write_text("student,pseudonym\n")
    with pytest.raises(CourseError, match="there is no student in it"):
        Classroom(course.assignment)


@pytest.mark.parametrize("year", ["0001", "1969", "3000", "9999"])
def test_a_clock_that_has_jumped_is_told(course: Course, year: str) -> None:
    moment = f"{year}-01-01T00:00+00:00"
    (course.place / "received.csv").write_text(f"file,received\na.tar,{moment}\n")
    with pytest.raises(EngineError, match="line 2: times as in"):
        read_received(course.place / "received.csv")
    course.replace("2026-12-01T12:00+01:00", moment)
    with pytest.raises(AssignmentError, match="due: a time as in"):
        lint(course.folder)


@pytest.mark.parametrize("age", [0, 2**33])
def test_a_files_own_date_may_be_any(course: Course, age: int) -> None:
    file = course.hand_in("s001", course.solved("s001"))
    os.utime(file, (age, age))
    assert course.grade(*files_of([file.parent], None))["s001"].earned == 10


def test_work_from_after_the_end_of_the_term_is_late(course: Course) -> None:
    file = course.hand_in("s001", course.solved("s001"))
    row = course.grade(file, **{file.name: DAY("2999-12-31T23:59+00:00")})["s001"]
    assert (row.status, row.earned) == ("late", 0)
