"""Nothing that was handed in is left out in silence."""

import json
import tarfile
from pathlib import Path

import pytest

from engine.errors import NotFound
from labshell.grading.intake import (
    files_of,
    left_out,
    read_received,
    received_of,
    without_file,
)
from labshell.grading.sheets import SheetError
from tests.grading.courses import Course
from tests.grading.test_part import earned, line
from tests.shell.lines import Lab


def test_what_is_no_tar_is_told(course: Course) -> None:
    place = course.hand_in("s001", course.solved("s001")).parent
    (place / "mine.TAR").write_bytes(b"")
    (place / "s004.tar.gz").write_bytes(b"")
    (place / "alan").write_bytes(b"")
    (place / "Ada_123").mkdir()
    (place / "Ada_123/mine.zip").write_bytes(b"")
    (place / "Alan").mkdir()
    (place / "elsewhere").symlink_to(place.parent)
    (place / "received.csv").write_text("file,received\n")
    (place / "marks").mkdir()
    assert {file.name for file in files_of([place], None)} == {"s001.tar", "mine.TAR"}
    assert left_out([place], place / "marks") == [
        "Ada_123/mine.zip is no .tar: left out",
        "Alan is an empty folder: left out",
        "alan is no .tar: left out",
        "elsewhere is a link, and not followed: left out",
        "s004.tar.gz is no .tar: left out",
    ]


def test_a_folder_without_any_tar_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "s001.zip").write_bytes(b"")
    with pytest.raises(NotFound, match=r"there is no \*\.tar in it"):
        files_of([tmp_path], None)


def test_a_wrong_line_of_received_is_told_before_anybody_is_looked_at(
    course: Course, tmp_path: Path
) -> None:
    file = course.hand_in("s001", course.solved("s001"))
    (file.parent / "received.csv").write_text("file,received\ns001.tar,today\n")
    words = ("grade", str(file), "--assignment", str(course.folder))
    done = Lab(tmp_path / "root")(*words, "-o", str(tmp_path / "marks"))
    assert "line 2: times as in" in done.error
    assert "looked at" not in done.out + done.err


def test_a_line_of_received_without_its_file_is_told(course: Course) -> None:
    file = course.hand_in("s001", course.solved("s001"))
    when = "2026-12-01T12:00+01:00"
    text = f"file,received\ns001.tar,{when}\nS002.tar,{when}\n"
    (file.parent / "received.csv").write_text(text)
    (line,) = without_file([file])
    assert "there is no file 'S002.tar'" in line


def test_a_time_without_its_zone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "received.csv"
    path.write_text("file,received\ns001.tar,2026-12-01T23:58\n")
    with pytest.raises(SheetError, match="line 2: '2026-12-01T23:58' has no zone"):
        read_received(path)


def unpacked(course: Course) -> Path:
    """A class as a learning platform packs it: a folder for each, one name for all."""
    for student, folder in (("s001", "Ada_123"), ("s002", "Alan_7")):
        place = course.place / "class" / folder
        place.mkdir(parents=True)
        course.hand_in("x", course.solved(student)).rename(place / "mine.tar")
    return course.place / "class"


def test_each_students_own_folder_is_looked_into(course: Course, lab: Lab) -> None:
    unpacked(course)
    out = course.place / "marks"
    assert lab(*line(course, out)).code == 0
    full = ("graded", 10)
    assert earned(out) == {"s001": full, "s002": full, "s003": ("missing", 0)}
    rows = json.loads((out / "marks.json").read_text())["rows"]
    assert [row["file"] for row in rows[:2]] == ["Ada_123/mine.tar", "Alan_7/mine.tar"]


def test_a_file_in_a_folder_is_the_same_one_when_it_is_named(
    course: Course, lab: Lab
) -> None:
    place, out = unpacked(course), course.place / "marks"
    when = "2026-12-02T11:00+01:00"  # a day late
    (place / "received.csv").write_text(f"file,received\nAda_123/mine.tar,{when}\n")
    lab(*line(course, out))
    before = earned(out)
    assert before["s001"] == ("late", 9)
    lab(*line(course, out, what="class/Ada_123/mine.tar"))
    assert earned(out) == before
    lab(*line(course, out, "--student", "s001"))
    assert earned(out) == before
    lab("grade", "export", str(out), "--student", "s001", "-o", str(out / "x"))
    with tarfile.open(out / "x") as tar:
        names = tar.getnames()
    assert {"received/class.csv", "work/Ada_123/mine.tar"} <= {*names}


def test_what_a_student_has_put_into_the_own_folder_is_not_believed(
    course: Course,
) -> None:
    place = unpacked(course)
    (secret := course.place / "secret.tar").write_bytes(b"")
    (place / "Ada_123/link.tar").symlink_to(secret)
    (place / "Ada_123/deep.tar").mkdir()
    (place / "Ada_123/deeper").mkdir()
    (place / "Ada_123/deeper/mine.tar").write_bytes(b"")
    (place / "Ada_123/received.csv").write_text("no table")
    files = files_of([place], None)
    assert {one.name for one in files} == {"Ada_123/mine.tar", "Alan_7/mine.tar"}
    assert received_of(files) == {}
    assert left_out([place], place / "marks") == [
        "Ada_123/deep.tar is no file: left out",
        "Ada_123/deeper is no .tar: left out",
        "Ada_123/link.tar is a link, and not followed: left out",
        "Ada_123/received.csv is no .tar: left out",
    ]


def test_a_folder_with_very_many_files_is_not_read_to_its_end(course: Course) -> None:
    place = unpacked(course)
    for number in range(300):
        (place / f"Alan_7/{number}.tar").write_bytes(b"")
    assert len(files_of([place], None)) <= 1 + 200
    (told,) = left_out([place], place / "marks")
    assert told.startswith("Alan_7 has more than 200 files in it")


def test_a_folder_may_be_called_as_its_student(course: Course) -> None:
    place = unpacked(course)
    (place / "Ada_123").rename(place / "s001")
    (place / "s001/mine.tar").write_bytes(b"damaged")
    (file,) = files_of([place], "s001")
    assert course.grade(file)["s001"].status == "error"


def test_a_folder_of_marks_is_no_students(course: Course) -> None:
    place = unpacked(course)
    (place / "marks").mkdir()
    (place / "marks/s001.tar").write_bytes(b"")
    names = {one.name for one in files_of([place], None, place / "marks")}
    assert names == {"Ada_123/mine.tar", "Alan_7/mine.tar"}
