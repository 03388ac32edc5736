"""What is kept of students is known, goes when it should, and is shown to who asks."""

import json
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.errors import Conflict, NotFound
from labshell.grading import disclosure, keeping, reports
from labshell.grading.grading import Asked, grade_class, trace
from labshell.grading.intake import files_of
from labshell.grading.kept import MarksError
from labshell.grading.reports.marks import Marks
from labshell.grading.reports.people import read_people
from tests.grading.courses import Course
from tests.shell.lines import Lab

LATER = datetime.now(UTC) + timedelta(days=2)
ROSTER = """student,pseudonym,sis_id,section
Ada Lovelace,s001,A-1,Monday
Alan Turing,s002,A-2,Monday
Grace Hopper,s003,A-3,Monday
"""


@pytest.fixture
def out(course: Course, tmp_path: Path) -> Path:
    """A graded class: s001 has a file, s002 one with s001's token, and all reports."""
    (course.place / "roster.csv").write_text(ROSTER)
    (course.folder / "overrides.csv").write_text(
        "student,item,points,reason,by\n"
        "s001,word,0,as s002 did,ada\ns002,word,1,seen,ada\n"
    )
    course.hand_in("s001", course.solved("s001"))
    stolen = course.claimed("s002", token=course.token("s001"))
    course.hand_in("s002", course.solved("s001") | stolen)
    place, files = tmp_path / "marks", files_of([course.place / "class"], None)
    asked = Asked(files=files, folder=course.folder, out=place)
    graded = grade_class(asked, None)
    trace(asked, graded)
    marks = Marks(
        assignment=graded.assignment,
        rows=graded.rows,
        people=read_people(course.place / "roster.csv"),
    )
    reports.write(marks, place, reports.FORMATS)
    keeping.note(place, course.folder, files)
    return place


def disclosed(out: Path, student: str) -> dict[str, bytes]:
    """Every member of what is written for one student."""
    file = out.parent / f"{student}.tar"
    disclosure.export(out, student, file)
    assert file.stat().st_mode & 0o77 == 0
    found = {}
    with tarfile.open(file) as tar:
        for member in tar:
            content = tar.extractfile(member)
            assert content is not None
            found[member.name] = content.read()
    return found


def test_a_student_is_given_all_that_is_kept_of_them(out: Path, course: Course) -> None:
    found = disclosed(out, "s001")
    assert set(found) == {
        *("row.json", "looks.json", "traces.json", "work/s001.tar"),
        *("course/roster.csv", "layers-1/overrides.csv"),
        *("marks/marks.csv", "marks/canvas.csv", "marks/moodle.csv"),
        *("marks/nbgrader.csv", "gradescope/s001.json", "github/s001.base64"),
        *("feedback/s001.md", "feedback/s001.html"),
    }
    assert json.loads(found["row.json"])["earned"] == 9
    assert found["work/s001.tar"] == (course.place / "class/s001.tar").read_bytes()
    for name in [name for name in found if name.endswith(".csv")]:
        assert len(found[name].splitlines()) == 2, name


@pytest.mark.parametrize("student", ["s001", "s002", "s003"])
def test_there_is_nothing_of_others_in_it(out: Path, student: str) -> None:
    people = {"s001": b"Lovelace", "s002": b"Turing", "s003": b"Hopper"}
    theirs = people.pop(student)
    found = disclosed(out, student)
    others = [word for one in people for word in (one.encode(), people[one])]
    assert theirs in found["course/roster.csv"]
    assert {
        (name, word)
        for name, content in found.items()
        for word in others
        if word in content
    } == set()


def test_work_that_is_anothers_by_its_token_is_not_disclosed(out: Path) -> None:
    found = disclosed(out, "s002")
    assert not [name for name in found if name.startswith("work/")]
    assert b"its token is that of (another student)" in found["looks.json"]


def test_of_two_with_one_name_no_line_is_taken_for_the_others(
    out: Path, course: Course
) -> None:
    text = ROSTER.replace("Alan Turing", "Ada Lovelace").replace("A-1", "")
    (course.place / "roster.csv").write_text(text)
    assert "marks/canvas.csv" not in disclosed(out, "s001")


def test_when_a_file_came_is_disclosed_and_no_file_is_overwritten(
    out: Path, course: Course
) -> None:
    lines = "s001.tar,2026-11-01T10:00Z\ns002.tar,2026-11-01T11:00Z\n"
    (course.place / "class/received.csv").write_text(f"file,received\n{lines}")
    said = disclosed(out, "s001")["received/class.csv"].decode().split()
    assert said == ["file,received", "s001.tar,2026-11-01T10:00Z"]
    (out.parent / "there.tar").write_text("mine")
    with pytest.raises(Conflict, match="There is a"):
        disclosure.export(out, "s001", out.parent / "there.tar")


def test_of_who_is_not_there_nothing_is_written(out: Path) -> None:
    with pytest.raises(NotFound, match="no student 's009'"):
        disclosure.export(out, "s009", out.parent / "s009.tar")
    assert not (out.parent / "s009.tar").exists()


def test_what_is_older_goes_and_what_is_not_ours_stays(
    out: Path, course: Course
) -> None:
    (out / "my notes").write_text("mine")
    assert keeping.purge(out, datetime.now(UTC) - timedelta(days=1), work=True) == []
    assert (out / "marks.json").exists()
    keeping.purge(out, LATER, work=False)
    assert [path.name for path in out.iterdir()] == ["my notes"]
    assert sorted(path.name for path in (course.place / "class").iterdir()) == [
        "s001.tar",
        "s002.tar",
    ]


def test_work_goes_too_if_that_is_asked_but_not_what_is_there_instead(
    out: Path, course: Course
) -> None:
    course.hand_in("s001", course.claimed("s001"))
    gone = keeping.purge(out, LATER, work=True)
    assert course.place / "class/s002.tar" in gone
    assert [path.name for path in (course.place / "class").iterdir()] == ["s001.tar"]
    assert (course.place / "roster.csv").exists()


def test_what_stays_of_the_work_is_told(out: Path, course: Course) -> None:
    course.hand_in("s001", course.claimed("s001"))
    words = ("--before", LATER.date().isoformat(), "--work")
    done = Lab(out.parent / "root")("grade", "purge", str(out), *words)
    path = course.place / "class/s001.tar"
    assert done.err == f"{path}: it has changed since, and stays\n"


def test_a_link_among_the_marks_takes_nothing_with_it(out: Path) -> None:
    elsewhere = out.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("x")
    for path in (out / "feedback").iterdir():
        path.unlink()
    (out / "feedback").rmdir()
    (out / "feedback").symlink_to(elsewhere)
    keeping.purge(out, LATER, work=False)
    assert (elsewhere / "kept").exists()


def test_what_holds_no_marks_is_not_purged(tmp_path: Path) -> None:
    (tmp_path / "marks.csv").write_text("mine")
    with pytest.raises(NotFound):
        keeping.purge(tmp_path, LATER, work=True)
    assert (tmp_path / "marks.csv").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "labshell.graded/2"}'])
def test_when_it_was_graded_must_be_known(out: Path, text: str) -> None:
    (out / keeping.FILE).write_text(text)
    with pytest.raises(MarksError, match=keeping.FILE):
        keeping.purge(out, LATER, work=True)
    assert (out / "marks.json").exists()


def test_the_commands_say_what_they_did(course: Course, tmp_path: Path) -> None:
    course.hand_in("s001", course.solved("s001"))
    lab, out = Lab(tmp_path / "root"), str(tmp_path / "marks")
    given = [str(course.place / "class"), "--assignment", str(course.folder)]
    assert lab("grade", *given, "-o", out).code == 0
    assert (tmp_path / "marks").stat().st_mode & 0o77 == 0
    file = str(tmp_path / "a.tar")
    exported = lab("grade", "export", out, "--student", "s001", "-o", file)
    assert "work/s001.tar" in exported.lines
    assert "a day as in" in lab("grade", "purge", out, "--before", "soon").err
    kept = lab("grade", "purge", out, "--before", "2000-01-01")
    assert kept.lines == [f"{out}: newer, all of it stays"]
    gone = lab("grade", "purge", out, "--before", LATER.date().isoformat())
    assert f"{out}/marks.json" in gone.lines
    assert not (tmp_path / "marks").exists()
