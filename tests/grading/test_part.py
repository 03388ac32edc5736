"""Who is not looked at stays as they were, and is told."""

import json
from pathlib import Path

import pytest

from tests.grading.courses import STUDENTS, Course
from tests.shell.lines import Lab


@pytest.fixture
def out(course: Course, lab: Lab, tmp_path: Path) -> Path:
    """Marks of a class: its first has everything, its second little, its third none."""
    course.hand_in("s001", course.solved("s001"))
    course.hand_in("s002", course.claimed("s002"))
    place = tmp_path / "marks"
    assert lab(*line(course, place)).code == 0
    return place


def line(course: Course, out: Path, *more: str, what: str = "class") -> list[str]:
    asked = ["--assignment", str(course.folder), "-o", str(out)]
    return ["grade", str(course.place / what), *asked, *more]


def earned(out: Path) -> dict[str, tuple[str, float]]:
    rows = json.loads((out / "marks.json").read_text())["rows"]
    return {row["student"]: (row["status"], row["earned"]) for row in rows}


@pytest.mark.parametrize("how", ["student", "file"])
def test_the_others_stay_as_they_were(
    course: Course, lab: Lab, out: Path, how: str
) -> None:
    before = earned(out)
    course.hand_in("s002", course.solved("s002"))
    if how == "student":
        done = lab(*line(course, out, "--student", "s002"))
    else:
        done = lab(*line(course, out, what="class/s002.tar"))
    assert "s001, s003: not looked at; marks as before" in done.err
    assert earned(out) == {**before, "s002": ("graded", 10)}
    graded = json.loads((out / "graded.json").read_text())["files"]
    assert len(graded) == 2
    assert len((out / "looks.jsonl").read_text().splitlines()) == 1 + 2
    assert len((out / "traces.jsonl").read_text().splitlines()) == 2


def test_in_a_new_folder_who_was_not_looked_at_has_no_row(
    course: Course, lab: Lab, tmp_path: Path
) -> None:
    for one in STUDENTS:
        course.hand_in(one, course.solved(one))
    done = lab(*line(course, tmp_path / "new", "--student", "s002"))
    assert "s001, s003: not looked at; no row" in done.err
    assert earned(tmp_path / "new") == {"s002": ("graded", 10)}


def test_another_file_of_the_student_counts_beside_it(
    course: Course, lab: Lab, out: Path
) -> None:
    course.replace("values:", "keep: best\nvalues:")
    lab(*line(course, out))
    late = course.hand_in("late", course.claimed("s001"))
    lab(*line(course, out, what=f"class/{late.name}"))
    assert earned(out)["s001"] == ("graded", 10)


def test_marks_of_two_different_checks_are_not_mixed(
    course: Course, lab: Lab, out: Path
) -> None:
    before = earned(out)
    course.replace("return", "return ", file="hidden.py")
    done = lab(*line(course, out, "--student", "s001"))
    assert "the assignment has changed since" in done.error
    assert earned(out) == before


def test_a_comparison_is_of_who_was_looked_at(
    course: Course, lab: Lab, out: Path
) -> None:
    course.hand_in("s001", course.claimed("s001"))
    lab(*line(course, out, "--student", "s001", "--compare", str(out)))
    changes = json.loads((out / "changes.json").read_text())["changes"]
    assert {change["student"] for change in changes} == {"s001"}
    assert earned(out)["s001"] == ("graded", 10)


@pytest.mark.parametrize(
    "where", ["layers-1", "layers-1/marks", ".", "class", "class/Ada"]
)
def test_marks_lie_in_no_folder_of_something_else(
    course: Course, lab: Lab, where: str
) -> None:
    (course.place / "class/Ada").mkdir(parents=True)
    course.hand_in("Ada/mine", course.solved("s002"))
    course.hand_in("s001", course.solved("s001"))
    done = lab(*line(course, course.place / where))
    assert "Marks need a folder of their own" in done.err
    assert not (course.place / where / "marks.json").exists()


def other_class(course: Course, *students: str) -> None:
    """A folder `other` beside the class, with what these have handed in."""
    (course.place / "other").mkdir()
    for one in students:
        file = course.hand_in(one, course.solved(one))
        file.rename(course.place / "other" / file.name)


def test_another_class_takes_no_rows_of_the_first_away(
    course: Course, lab: Lab, out: Path
) -> None:
    before = earned(out)
    other_class(course, "s003")
    done = lab(*line(course, out, what="other"))
    assert "marks of s001, s002 are there, by files of" in done.error
    assert "Name both folders" in done.err
    assert earned(out) == before
    done = lab(*line(course, out, str(course.place / "class"), what="other"))
    assert earned(out) == {**before, "s003": ("graded", 10)}


def test_a_class_that_has_moved_is_graded_again(
    course: Course, lab: Lab, out: Path
) -> None:
    before = earned(out)
    (course.place / "class").rename(course.place / "final")
    assert lab(*line(course, out, what="final")).code == 0
    assert earned(out) == before


def test_who_took_a_file_away_is_told(course: Course, lab: Lab, out: Path) -> None:
    (course.place / "class/s002.tar").unlink()
    done = lab(*line(course, out))
    assert "s002: had marks before; the file is not there any more" in done.err
    assert earned(out)["s002"] == ("missing", 0)


def test_marks_of_another_assignment_are_not_written_over(
    course: Course, lab: Lab, out: Path
) -> None:
    before = earned(out)
    course.replace("name: layers-1", "name: layers-2")
    course.folder = course.folder.rename(course.place / "layers-2")
    done = lab(*line(course, out))
    assert "marks of 'layers-1' are there, not of layers-2" in done.error
    assert earned(out) == before


def test_marks_of_all_checks_are_not_written_over_by_the_visible_ones(
    course: Course, lab: Lab, out: Path
) -> None:
    before = earned(out)
    done = lab(*line(course, out, "--visible", what="class/s001.tar"))
    assert "marks of all checks are there" in done.error
    assert earned(out) == before


@pytest.mark.parametrize("damage", ["{", "[]", '{"schema": "labshell.graded/9"}'])
def test_damaged_marks_are_graded_anew(
    course: Course, lab: Lab, out: Path, damage: str
) -> None:
    before = earned(out)
    (out / "graded.json").write_text(damage)
    (out / "marks.json").write_text(damage)
    assert lab(*line(course, out)).code == 0
    assert earned(out) == before
