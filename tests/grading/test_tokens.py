"""A token that has been passed on is told, and takes nothing from its student."""

import json
from pathlib import Path

import pytest

from labshell.grading.classroom import UNMATCHED
from labshell.grading.rows import ERROR, MISSING
from tests.grading.courses import Course
from tests.shell.lines import Lab


@pytest.mark.parametrize("keep", ["latest", "best"])
@pytest.mark.parametrize("turn", [1, -1])
def test_a_file_that_is_called_like_another_student_replaces_none(
    course: Course, keep: str, turn: int
) -> None:
    course.replace("values:", f"keep: {keep}\nvalues:")
    own = course.hand_in("ada", course.claimed("s001", answers={"word": "x"}))
    other = course.hand_in("s003", course.solved("s001"))
    rows = course.grade(*[own, other][::turn])
    assert (rows["s001"].file, rows["s001"].earned) == ("ada.tar", 0)
    assert rows["s003"].status == MISSING


def test_of_a_token_of_somebody_else_the_row_names_nobody(course: Course) -> None:
    stolen = course.claimed("s003", token=course.token("s001"))
    row = course.grade(course.hand_in("s003", stolen))["s003"]
    assert (row.status, row.note) == (ERROR, UNMATCHED)
    assert "s001" not in json.dumps(row.to_json())


def test_staff_are_told_which_files_have_one_token(
    course: Course, tmp_path: Path
) -> None:
    course.hand_in("ada", course.solved("s001"))
    file = course.hand_in("s003", course.claimed("s001"))
    out = tmp_path / "marks"
    given = ("--assignment", str(course.folder), "-o", str(out))
    done = Lab(tmp_path / "root")("grade", str(file.parent), *given)
    assert "s003.tar: it is called s003, its token is that of s001" in done.err
    assert "s001: ada.tar, s003.tar: ada.tar counts" in done.err
    found = json.loads((out / "honesty.json").read_text())
    assert [one["file"] for one in found["tokens"]] == ["s003.tar"]
    assert found["several"] == [
        {"student": "s001", "files": ["ada.tar", "s003.tar"], "counts": "ada.tar"}
    ]
