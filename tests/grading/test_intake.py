"""Nothing that was handed in is left out in silence."""

from pathlib import Path

import pytest

from engine.errors import NotFound
from labshell.grading.intake import files_of, left_out, read_received, without_file
from labshell.grading.sheets import SheetError
from tests.grading.courses import Course


def test_what_is_no_tar_is_told(course: Course) -> None:
    place = course.hand_in("s001", course.solved("s001")).parent
    (place / "mine.TAR").write_bytes(b"")
    (place / "s004.tar.gz").write_bytes(b"")
    (place / "alan").write_bytes(b"")
    (place / "Ada_123").mkdir()
    (place / "received.csv").write_text("file,received\n")
    (place / "marks").mkdir()
    assert {file.name for file in files_of([place], None)} == {"s001.tar", "mine.TAR"}
    assert left_out([place], place / "marks") == [
        "Ada_123 is a folder, and not looked into: left out",
        "alan is no .tar: left out",
        "s004.tar.gz is no .tar: left out",
    ]


def test_a_folder_without_any_tar_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "s001.zip").write_bytes(b"")
    with pytest.raises(NotFound, match=r"there is no \*\.tar in it"):
        files_of([tmp_path], None)


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
