"""All reports say the same of a class, each in its own format."""

import base64
import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from labshell.commands.reporting import FORMATS as OFFERED
from labshell.grading import reports, rows
from labshell.grading.assignment import AssignmentError
from labshell.grading.course import CourseError
from labshell.grading.kept import MarksError
from labshell.grading.reports.marks import Marks, read_rows
from labshell.grading.reports.people import Person, read_people
from labshell.grading.reports.wording import by_hand
from labshell.grading.rows import (
    ERROR,
    LATE,
    MISSING,
    TIMEOUT,
    UNGRADED,
    CheckMark,
    ItemMark,
    Override,
    Row,
)
from labshell.lessons.outcomes import COULD_NOT_RUN
from tests.grading.courses import Course
from tests.grading.marks import every_format, marks_of, row


@pytest.fixture
def marks(course: Course) -> Marks:
    """One row of each status."""
    asked = course.assignment
    broken = CheckMark(
        check="checks:shows_the_word",
        verdict=COULD_NOT_RUN,
        earned=0,
        maximum=4,
        message="The check could not run: KeyError.",
    )
    partial = row(asked, "s004")
    first = ItemMark(item="clean", checks=(broken, partial.items[0].checks[1]))
    return marks_of(
        asked,
        row(asked, "s001"),
        row(asked, "s002", 1, 0, 2, 1, status=LATE, share=0.9),
        row(asked, "s003", status=MISSING),
        Row(
            student="s004",
            status="partial",
            maximum=10,
            items=(first, *partial.items[1:]),
        ),
        row(asked, "s005", status=UNGRADED, note="the grader failed"),
        row(asked, "s006", status=ERROR, note="it is no tar"),
        row(asked, "s007", status=TIMEOUT, limit="seconds", note="it took too long"),
    )


@pytest.fixture
def out(marks: Marks, tmp_path: Path) -> Path:
    """A folder with all reports of these marks."""
    reports.write(marks, tmp_path / "out", every_format())
    return tmp_path / "out"


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def of(name: str, marks: Marks) -> list[dict[str, str]]:
    """A sheet among the reports of these marks."""
    module = __import__(f"labshell.grading.reports.{name}", fromlist=["files"])
    ((_, text),) = module.files(marks)
    return list(csv.DictReader(text.splitlines()))


def test_every_report_can_be_asked_for() -> None:
    assert list(OFFERED) == list(reports.FORMATS)


def test_nobody_else_may_read_them(out: Path) -> None:
    modes = {path.stat().st_mode & 0o77 for path in out.rglob("*") if path.is_file()}
    assert modes == {0}


def test_what_is_kept_is_what_was_given(marks: Marks, out: Path) -> None:
    assert read_rows(out, marks.assignment) == list(marks.rows)


def test_marks_of_another_assignment_are_refused(marks: Marks, out: Path) -> None:
    path = out / "marks.json"
    path.write_text(path.read_text().replace("layers-1", "layers-2"))
    with pytest.raises(AssignmentError, match="of another assignment"):
        read_rows(out, marks.assignment)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"schema": "labshell.marks/9"}', '{"schema": 1}'],
    ids=["empty", "list", "nothing", "newer", "number"],
)
def test_what_are_no_marks_is_refused(marks: Marks, out: Path, text: str) -> None:
    (out / "marks.json").write_text(text)
    with pytest.raises(MarksError, match=r"no marks|is needed"):
        read_rows(out, marks.assignment)


def test_the_sheet_has_a_line_for_each_student(out: Path) -> None:
    table = {line["student"]: line for line in lines(out / "marks.csv")}
    assert (table["s001"]["earned"], table["s001"]["clean"]) == ("10.0", "7")
    assert (table["s003"]["status"], table["s003"]["clean"]) == (MISSING, "")


def test_junit_has_a_suite_for_each_student_and_a_case_for_each_check(
    out: Path,
) -> None:
    root = ElementTree.parse(out / "junit.xml").getroot()
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == [f"s00{n}" for n in range(1, 8)]
    good, late = suites["s001"], suites["s002"]
    assert (good.get("tests"), good.get("failures")) == ("4", "0")
    assert [case.get("name") for case in late.iter("testcase") if len(case)] == [
        "checks:shows_the_word",
        "hidden:keeps_no_token",
    ]
    points = {p.get("name"): p.get("value") for p in late.iter("property")}
    assert (points["earned"], points["share"]) == ("3.6", "0.9")


def test_junit_tells_the_works_faults_from_the_graders(out: Path) -> None:
    root = ElementTree.parse(out / "junit.xml").getroot()
    found = {s.get("name"): (s.get("failures"), s.get("errors")) for s in root}
    assert (found["s003"], found["s004"]) == (("1", "0"), ("0", "1"))
    assert {found[name] for name in ("s005", "s006", "s007")} == {("0", "1")}
    totals = [root.get(name) for name in ("tests", "failures", "errors")]
    assert totals == ["16", "3", "4"]


def gradescope(out: Path, student: str) -> dict[str, Any]:
    data = json.loads((out / f"gradescope/{student}.json").read_text())
    assert isinstance(data, dict)
    return data


def test_gradescope_has_a_test_for_each_check(out: Path) -> None:
    data = gradescope(out, "s002")
    assert data["score"] == 3.6
    assert [(t["score"], t["max_score"]) for t in data["tests"]] == [
        (1, 4),
        (0, 3),
        (2, 2),
        (1, 1),
    ]
    assert data["output"].startswith("It was handed in late: 90 percent")


def test_gradescope_shows_hidden_checks_only_when_grades_are_published(
    out: Path,
) -> None:
    shown = [test["visibility"] for test in gradescope(out, "s001")["tests"]]
    assert shown == ["visible", "after_published", "visible", "visible"]


def test_gradescope_is_given_documented_fields_only(out: Path) -> None:
    data = gradescope(out, "s001")
    assert set(data) <= {
        *("score", "execution_time", "output", "output_format", "test_output_format"),
        *("test_name_format", "visibility", "stdout_visibility", "extra_data"),
        *("tests", "leaderboard"),
    }
    assert set(data["tests"][0]) <= {
        *("score", "max_score", "status", "name", "name_format", "number", "output"),
        *("output_format", "tags", "visibility", "extra_data"),
    }


@pytest.mark.parametrize("student", ["s001", "s002", "s004", "s006"])
def test_githubs_two_totals_agree_with_the_marks(
    marks: Marks, out: Path, student: str
) -> None:
    (mine,) = [one for one in marks.rows if one.student == student]
    text = (out / f"github/{student}.base64").read_text()
    data = json.loads(base64.b64decode(text, validate=False))
    assert data["version"] == 1
    assert round(sum(test["score"] for test in data["tests"]), 9) == mine.earned
    assert data["max_score"] == mine.maximum


@pytest.mark.parametrize(
    ("student", "status"),
    [("s001", "pass"), ("s002", "fail"), ("s004", "error"), ("s006", "error")],
)
def test_github_is_told_what_passed(out: Path, student: str, status: str) -> None:
    data = json.loads(base64.b64decode((out / f"github/{student}.base64").read_text()))
    assert data["status"] == status
    assert len(data["tests"]) == (1 if student == "s006" else 3)


def test_githubs_workflow_runs_the_reporter_on_the_result(out: Path) -> None:
    import yaml

    data = yaml.safe_load((out / "github/classroom.yml").read_text())
    *_, look, reporter = data["jobs"]["grade"]["steps"]
    assert "--visible" in look["run"]
    name = reporter["with"]["runners"]
    result = f"${{{{ steps.{look['id']}.outputs.result }}}}"
    assert reporter["env"] == {f"{name.upper()}_RESULTS": result}


def test_canvas_has_its_columns_and_the_points_that_are_possible(out: Path) -> None:
    table = lines(out / "canvas.csv")
    assert list(table[0]) == [
        *("Student", "ID", "SIS User ID", "SIS Login ID", "Section"),
        "Small and clean",
    ]
    assert table[0]["Student"].strip() == "Points Possible"
    points = [line["Small and clean"] for line in table]
    assert points == ["10", "10.0", "3.6", "0.0", "", "", "0.0", "0.0"]


def test_moodle_has_a_grade_and_feedback(out: Path) -> None:
    table = lines(out / "moodle.csv")
    points = [line["Small and clean"] for line in table]
    assert points[:5] == ["10.0", "3.6", "0.0", "", ""]
    assert table[0]["Username"] == "s001"
    assert table[0]["Feedback"].startswith("clean 7/7: It is so. It is so.; recipe 2/2")
    assert (
        table[5]["Feedback"] == "What was handed in could not be graded.; it is no tar"
    )


def test_nbgrader_has_its_columns_and_what_lateness_costs(out: Path) -> None:
    table = lines(out / "nbgrader.csv")
    assert list(table[0]) == [
        *("assignment", "duedate", "timestamp", "student_id", "last_name"),
        *("first_name", "email", "raw_score", "late_submission_penalty", "score"),
        "max_score",
    ]
    late = table[1]
    names = ("raw_score", "late_submission_penalty", "score", "max_score")
    assert [late[name] for name in names] == ["4.0", "0.4", "3.6", "10"]
    assert late["duedate"] == "2026-12-01 11:00:00"


@pytest.mark.parametrize(
    "name", ["Ada Lovelace", "Lovelace, Ada", "Lovelace,Ada", "Lovelace , Ada "]
)
def test_nbgrader_has_first_and_last_names_and_when_it_came(
    course: Course, name: str
) -> None:
    asked, came = course.assignment, "2026-12-01T10:00:00+01:00"
    rows = [row(asked, "s001", received=came)]
    (line,) = of(
        "nbgrader",
        Marks(assignment=asked, rows=rows, people={"s001": Person(name=name)}),
    )
    assert (line["first_name"], line["last_name"]) == ("Ada", "Lovelace")
    assert line["timestamp"] == "2026-12-01 09:00:00"


@pytest.mark.parametrize("column", ["sisid", "e-mail", "SIS_ID"])
def test_a_misspelt_column_of_a_roster_is_named(tmp_path: Path, column: str) -> None:
    (tmp_path / "r.csv").write_text(f"student,pseudonym,note,{column}\nA,s001,x,1\n")
    with pytest.raises(
        CourseError, match=f"line 1: no report knows a column '{column}"
    ):
        read_people(tmp_path / "r.csv")


@pytest.mark.parametrize("reason", ["agreed", "agreed."])
def test_what_a_person_decided_is_a_sentence(reason: str) -> None:
    given = Override(points=1, reason=reason, by="ada")
    said = by_hand(ItemMark(item="a", checks=(), override=given))
    assert said == "Points that a person gave: 1. agreed."


def test_names_are_in_no_report_without_a_roster(course: Course, out: Path) -> None:
    told = "".join(p.read_text() for p in out.rglob("*") if p.is_file())
    assert "Student " not in told.replace("Student,", "")
    assert not any(f"Student {one}" in told for one in ("s001", "s002", "s003"))


@pytest.mark.parametrize("name", ["canvas", "moodle", "nbgrader"])
def test_a_gradebook_has_the_rosters_names(course: Course, name: str) -> None:
    asked = course.assignment
    given = Person(
        name="Ada Lovelace",
        id="4711",
        sis_id="A-1815",
        login="ada",
        email="ada@example.org",
        section="Monday",
    )
    marks = Marks(assignment=asked, rows=[row(asked, "s001")], people={"s001": given})
    line = list(of(name, marks)[-1].values())
    wanted = {
        "canvas": ["Ada Lovelace", "4711", "A-1815", "ada", "Monday", "10.0"],
        "moodle": ["ada", "A-1815", "ada@example.org", "10.0"],
        "nbgrader": ["s001", "Lovelace", "Ada", "ada@example.org", "10.0"],
    }[name]
    assert [cell for cell in line if cell in wanted][: len(wanted)] == wanted


@pytest.mark.parametrize("name", ["junit", "gradescope", "github", "feedback"])
def test_what_is_no_gradebook_has_no_names(
    course: Course, tmp_path: Path, name: str
) -> None:
    asked = course.assignment
    marks = marks_of(asked, row(asked, "s001"), named=True)
    reports.write(marks, tmp_path, [name])
    found = [p for p in tmp_path.rglob("*") if p.is_file() and "Ada" in p.read_text()]
    assert found == []


def test_a_roster_may_say_more(course: Course) -> None:
    path = course.place / "more.csv"
    path.write_text("student,pseudonym,email,section\nAda,s001,a@example.org,1\n")
    people = read_people(path)
    assert people["s001"].email == "a@example.org"
    assert people["s001"].known_as == {"ada", "a@example.org"}


def test_feedback_says_what_was_asked_for_and_what_is_missing(
    course: Course, tmp_path: Path
) -> None:
    asked = course.assignment
    mine = row(asked, "s001", 1, message="It is not so.")
    marks = Marks(assignment=asked, rows=[mine], values={"s001": {"word": "c0ffee"}})
    reports.write(marks, tmp_path, ["feedback"])
    for name in ("s001.md", "s001.html"):
        text = (tmp_path / "feedback" / name).read_text().replace("\\", "")
        assert "7 of 10 points" in text
        assert "with c0ffee in /srv/word (4/7)" in text
        assert "1/4: It is not so." in text


def test_feedback_tells_why_there_are_no_points(out: Path) -> None:
    text = (out / "feedback/s005.md").read_text().replace("\\", "")
    assert "no fault of yours" in text
    assert "the grader failed" in text


def test_feedback_speaks_chinese(
    marks: Marks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABSHELL_LANG", "zh")
    reports.write(marks, tmp_path, ["feedback"])
    page = (tmp_path / "feedback/s003.html").read_text()
    assert 'lang="zh-CN"' in page
    assert "没有" in page
    assert "points" not in page.partition("<body>")[2].replace('class="points"', "")


def test_points_that_a_person_gave_are_in_every_report(
    course: Course, tmp_path: Path
) -> None:
    asked = course.assignment
    first, *others = row(asked, "s001", 0, 0).items
    given = replace(first, override=Override(points=7, reason="by mail", by="ada"))
    mine = replace(row(asked, "s001"), items=(given, *others))
    reports.write(marks_of(asked, mine), tmp_path, every_format())
    assert [test["score"] for test in gradescope(tmp_path, "s001")["tests"]] == [
        7,
        2,
        1,
    ]
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()[0]
    assert suite.get("failures") == "0"
    data = json.loads(base64.b64decode((tmp_path / "github/s001.base64").read_text()))
    assert (data["status"], data["tests"][0]["score"]) == ("pass", 7)
    assert "by mail" in (tmp_path / "feedback/s001.md").read_text()
    assert "by mail" in (tmp_path / "feedback/s001.html").read_text()
    assert "by mail" in lines(tmp_path / "moodle.csv")[0]["Feedback"]


def test_the_json_has_its_schema_and_every_field(out: Path) -> None:
    data = json.loads((out / "marks.json").read_text())
    assert (data["schema"], data["assignment"]) == ("labshell.marks/1", "layers-1")
    assert set(data) == {"schema", "assignment", "maximum", "rows"}
    first = data["rows"][0]
    assert {"student", "status", "earned", "maximum", "share", "items"} <= set(first)
    documented = rows.__doc__ or ""
    found = {*data, *first, *first["items"][0], *first["items"][0]["checks"][0]}
    assert [name for name in found if f'"{name}"' not in documented] == []


@pytest.mark.parametrize("name", ["canvas", "nbgrader"])
def test_a_name_in_a_roster_is_no_formula(course: Course, name: str) -> None:
    asked, bad = course.assignment, Person(name='=HYPERLINK("x")', email="@x")
    marks = Marks(assignment=asked, rows=[row(asked, "s001")], people={"s001": bad})
    assert [c for c in of(name, marks)[-1].values() if c.startswith(("=", "@"))] == []
