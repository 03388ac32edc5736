"""Reports are asked for by the commands that grade, at once or later."""

import base64
import json
import os
from dataclasses import replace
from pathlib import Path

import pexpect
import pytest

from labshell.grading.reports.wording import remarks
from labshell.grading.rows import PARTIAL, TIMEOUT
from tests.grading.courses import Course
from tests.grading.marks import row
from tests.shell.lines import Done, Lab

pytestmark = pytest.mark.require("root")


@pytest.fixture
def out(course: Course, tmp_path: Path) -> Path:
    """The marks of a class in which one has handed in everything."""
    course.hand_in("s001", course.solved("s001"))
    done = grade(course, tmp_path, str(course.place / "class"), "--report", "junit")
    assert done.code == 0
    return tmp_path / "marks"


def grade(course: Course, place: Path, *words: str) -> Done:
    given = ("--assignment", str(course.folder), "-o", str(place / "marks"))
    return Lab(place / "root")("grade", *given, *words)


def names(out: Path) -> set[str]:
    return {path.name for path in out.iterdir()}


def test_what_lateness_costs_is_told_whatever_else_there_is(course: Course) -> None:
    late = row(course.assignment, "s001", status=PARTIAL, share=0.8)
    assert [text for text in remarks(late) if "80 percent" in text]


def test_of_whom_a_script_was_stopped_the_rest_was_graded(course: Course) -> None:
    one = replace(
        row(course.assignment, "s001"), status=TIMEOUT, note="It was stopped."
    )
    assert remarks(one) == ["It was stopped."]


def test_grading_writes_the_reports_that_are_asked_for(out: Path) -> None:
    assert {"marks.json", "marks.csv", "junit.xml"} <= names(out)
    assert "canvas.csv" not in names(out)


def test_reports_of_kept_marks_need_no_file_that_was_handed_in(
    course: Course, tmp_path: Path, out: Path
) -> None:
    before = (out / "marks.json").read_text()
    (course.place / "class/s001.tar").unlink()
    done = grade(course, tmp_path, "--report", "canvas", "--report", "feedback")
    assert done.code == 0
    assert {"canvas.csv", "feedback"} <= names(out)
    assert (out / "marks.json").read_text() == before
    assert course.word("s001") in (out / "feedback/s001.md").read_text()


def test_a_report_of_former_marks_is_told(
    course: Course, tmp_path: Path, out: Path
) -> None:
    assert "former marks" not in grade(course, tmp_path, "--report", "canvas").err
    file = course.hand_in("s002", course.solved("s002"))
    done = grade(course, tmp_path, str(file), "--report", "canvas")
    assert f"{out}/junit.xml: made of former marks; --report junit" in done.err
    assert "canvas.csv: made of former" not in done.err


def test_the_roster_gives_names_to_gradebooks_alone(
    course: Course, tmp_path: Path, out: Path
) -> None:
    roster = str(course.place / "roster.csv")
    words = ("--report", "canvas", "--report", "junit", "--roster", roster)
    assert grade(course, tmp_path, *words).code == 0
    assert "Student s001" in (out / "canvas.csv").read_text()
    assert "Student s001" not in (out / "junit.xml").read_text()


def test_a_gradebook_without_a_name_is_told(
    course: Course, tmp_path: Path, out: Path
) -> None:
    nameless = grade(course, tmp_path, "--report", "canvas").err
    assert "canvas: everybody by pseudonym; --roster" in nameless
    assert f"{out / 'canvas.csv'}: written" in nameless
    roster = tmp_path / "some.csv"
    roster.write_text("student,pseudonym\nAda,s001\nAlan,s002\n")
    words = ("--report", "canvas", "--roster", str(roster))
    assert "canvas: s003 by pseudonym" in grade(course, tmp_path, *words).err


def test_kept_marks_are_shown_again_and_nothing_is_written(
    course: Course, tmp_path: Path, out: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert grade(course, tmp_path).lines[1].split() == ["s001", "graded", "10/10"]
    assert json.loads(grade(course, tmp_path, "--json").out)["assignment"] == "layers-1"
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


@pytest.mark.parametrize("option", ["--resume", "--visible", "--student=s001"])
def test_without_a_file_there_is_nothing_to_grade(
    course: Course, tmp_path: Path, option: str
) -> None:
    assert grade(course, tmp_path, option).error.startswith("no FILE is named")


def test_a_misspelt_verb_is_told(tmp_path: Path) -> None:
    done = Lab(tmp_path / "root")("grade", "vivaa", "marks")
    assert done.hint == "Is `lab grade viva` meant?"


def test_without_kept_marks_there_is_no_report(course: Course, tmp_path: Path) -> None:
    done = grade(course, tmp_path, "--report", "canvas")
    assert (done.code, done.hint) == (
        1,
        "Grade anew: `lab grade FILE… --assignment DIR -o OUT`.",
    )


def test_a_report_that_is_not_there_is_told(course: Course, tmp_path: Path) -> None:
    assert "junit" in grade(course, tmp_path, "--report", "nosuch").err


def test_the_visible_checks_need_neither_key_nor_roster(
    course: Course, tmp_path: Path
) -> None:
    file = course.hand_in("mine", course.solved("s001"))
    for name in ("course.key", "roster.csv", "layers-1/hidden.py"):
        (course.place / name).unlink()
    done = grade(course, tmp_path, str(file), "--visible", "--report", "github")
    assert (done.code, done.lines[-1].split()) == (0, ["s001", "graded", "7/7"])
    told = (tmp_path / "marks/github/s001.base64").read_text()
    data = json.loads(base64.b64decode(told))
    assert (data["status"], data["max_score"]) == ("pass", 7)
    assert sum(test["score"] for test in data["tests"]) == 7


def test_what_is_no_submission_is_told_by_the_visible_checks(
    course: Course, tmp_path: Path
) -> None:
    file = course.hand_in("mine", {})
    done = grade(course, tmp_path, str(file), "--visible")
    assert done.code == 1
    assert "error" in done.out


def test_on_a_terminal_a_bar_says_how_far_it_is_and_goes(
    course: Course, tmp_path: Path
) -> None:
    files = [course.hand_in(one, course.solved(one)) for one in ("s001", "s002")]
    bad = course.hand_in("s003", {})
    line = Lab(tmp_path / "root").command(
        *("grade", *map(str, [*files, bad]), "--assignment", str(course.folder)),
        *("-o", str(tmp_path / "marks")),
    )
    environment = {**os.environ, "TERM": "xterm-256color"}
    child = pexpect.spawn(
        line[0], line[1:], encoding="utf-8", env=environment, dimensions=(24, 100)
    )
    child.expect(r"0/3.*/min.*s001\.tar")  # who is looked at
    child.expect("s003.tar: error")  # stays
    child.expect("STUDENT")
    assert "\x1b[2K" in child.before  # the line of the bar was taken away
    child.expect(pexpect.EOF)


def test_a_pipe_gets_a_line_for_each_file_and_no_bar(
    course: Course, tmp_path: Path
) -> None:
    file = course.hand_in("s001", course.solved("s001"))
    assert grade(course, tmp_path, str(file)).err.startswith("s001.tar: looked at\n")
