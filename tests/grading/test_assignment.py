"""An assignment is read field by field, and what is wrong with it is said."""

from datetime import timedelta

import pytest

from engine.errors import Conflict
from labshell.grading import course as courses
from labshell.grading.assignment import AssignmentError, Late
from labshell.grading.course import CourseError
from labshell.grading.kit import lint, new
from labshell.lessons import library
from tests.grading.courses import Course


def test_it_says_what_there_is_to_do(course: Course) -> None:
    assignment = lint(course.folder)
    assert [item.id for item in assignment.items] == ["clean", "recipe", "word"]
    assert (assignment.maximum, assignment.visible) == (10, 7)
    assert assignment.due.utcoffset() == timedelta(hours=1)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("assignment/1", "assignment/2", "labshell.assignment/1 is needed"),
        ("name: layers-1", "name: Layers", "name: small letters"),
        ("name: layers-1", "name: ../up", "name: small letters"),
        ("title: Small and clean", "titel: Small", "title: is missing; is `titel`"),
        ('due: "2026-12-01T12:00+01:00"', "due: tomorrow", "due: a time as in"),
        ("12:00+01:00", "12:00", "due: its zone is missing"),
        ("percent: 10", "percent: 101", "percent: at most 100"),
        ("seconds: 20", "seconds: 0", "seconds: a number from 1"),
        ("seconds: 20", "second: 20", "second: there is no such field"),
        ("kind: image", "kind: picture", "items.clean.kind: one of image, file"),
        ("file: Dockerfile", "file: ../Dockerfile", "items.recipe.file: a plain name"),
        ("file: Dockerfile", "file: a/b", "items.recipe.file: a plain name"),
        ("check: checks:has_a_recipe", "check: has", "`checks:name` is needed"),
        ("check: checks:has_a_recipe", "check: hidden:x", "`checks:name` is needed"),
        ("hidden:keeps_no_token", "checks:shows_the_word", "`hidden:name` is needed"),
        ("points: 2", "points: 0", "at least one point"),
        ("points: 2", "points: -2", "0 or more is needed, not -2"),
        ("points: 2", "points: x", "a whole number is needed, not 'x'"),
        ('"2026-12-01T12:00+01:00"', "2026-12-01", 'put it in quotes, "2026-12-01"'),
        ("12:00+01:00", "12:00", '"2026-12-01T12:00+00:00" is in UTC'),
        ("T12:00+01:00", "", '"2026-12-01T23:59+00:00" is in UTC'),
        ("id: recipe", "id: clean", "two items have this id"),
        ("{{word}} in", "{{wort}} in", "`{{wort}}` is no value"),
        ("hex: 8", "hex: 99", "64 digits at most"),
        ("word: {hex: 8}", "Word: {hex: 8}", "values.Word: small letters"),
        ("word: {hex: 8}", "a-word: {hex: 8}", "values.a-word: small letters"),
        ("hex: 8", "hex: 8, pick: [a]", "one of `pick`, `hex` or `number` is needed"),
        ("hex: 8", "number: [9, 1]", "two numbers are needed: [lowest, highest]"),
        ("keeps_no_token", "keeps_none", "hidden.py has no `keeps_none`"),
        ("has_a_recipe", "has_none", "checks.py has no `has_none`"),
        ("items:", "items: [", "line 11: "),
        ("title: The Dockerfile", "title: [", "line"),
    ],
)
def test_what_is_wrong_is_named(course: Course, old: str, new: str, says: str) -> None:
    course.replace(old, new)
    with pytest.raises(AssignmentError) as caught:
        lint(course.folder)
    assert says in caught.value.message
    assert caught.value.hint


def test_a_file_of_checks_that_is_not_there_is_named(course: Course) -> None:
    (course.folder / "hidden.py").unlink()
    with pytest.raises(AssignmentError, match=r"layers-1/hidden\.py: no such file"):
        lint(course.folder)


def test_an_import_inside_a_function_is_refused(course: Course) -> None:
    text = "def keeps_no_token(work):\n    if work:\n        import csv\n"
    (course.folder / "hidden.py").write_text(text)
    with pytest.raises(AssignmentError, match=r"hidden\.py: line 3: an import inside"):
        lint(course.folder)


def test_of_a_key_that_is_gone_no_other_is_made(course: Course) -> None:
    (course.place / courses.KEY).unlink()
    with pytest.raises(CourseError, match="no course key: No such file") as caught:
        lint(course.folder)
    assert "backup" in caught.value.hint
    with pytest.raises(Conflict, match="layers-1 has tokens made with it"):
        new(course.place / "layers-2")
    assert not (course.place / "layers-2").exists()


def test_checks_that_cannot_be_loaded_are_named(course: Course) -> None:
    (course.folder / "hidden.py").write_text("import nosuch\n")
    with pytest.raises(AssignmentError, match=r"layers-1/hidden\.py: ModuleNotFound"):
        lint(course.folder)


@pytest.mark.parametrize(
    ("seconds", "share"),
    [(-1, 1.0), (0, 1.0), (1, 0.9), (86400, 0.9), (86401, 0.8), (172801, 0.0)],
)
def test_each_day_begun_costs(seconds: int, share: float) -> None:
    late = Late(percent=10, days=2)
    assert late.share(timedelta(seconds=seconds)) == pytest.approx(share)


def test_a_token_is_of_one_student_and_one_assignment() -> None:
    key, other = b"k" * 32, b"o" * 32
    tokens = {
        courses.token(key, "s001", "a"),
        courses.token(key, "s001", "b"),
        courses.token(key, "s002", "a"),
        courses.token(other, "s001", "a"),
        courses.token(key, "s001a", ""),
    }
    assert len(tokens) == 5


def test_a_key_that_others_may_read_is_refused(course: Course) -> None:
    key = course.place / courses.KEY
    key.chmod(0o644)
    with pytest.raises(CourseError, match="others may read"):
        courses.read_key(key)


@pytest.mark.parametrize(
    "text", ["name,id\nA,s001\n", "student,pseudonym\nA,S 1\n", "\xff", ""]
)
def test_a_roster_that_is_none_is_refused(course: Course, text: str) -> None:
    roster = course.place / courses.ROSTER
    roster.write_bytes(text.encode("latin-1"))
    with pytest.raises(CourseError, match=r"roster\.csv"):
        courses.read_roster(roster)


def test_a_pseudonym_stands_for_one_student(course: Course) -> None:
    roster = course.place / courses.ROSTER
    roster.write_text("student,pseudonym\nA,s001\nB,s001\n")
    with pytest.raises(CourseError, match="line 3: s001 is there twice"):
        courses.read_roster(roster)


def test_the_values_that_are_described_can_be_had(course: Course) -> None:
    text = (library.OURS / "ASSIGNMENTS.md").read_text()
    described = text.partition("\nvalues:\n")[2].partition("```")[0]
    course.replace("  word: {hex: 8}\n", described)
    assert set(lint(course.folder).rules) == {"name", "word", "port"}
