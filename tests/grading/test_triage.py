"""What went wrong in a class is told in as many groups as there are reasons."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from labshell.commands.grade import grade
from labshell.commands.grammar import Verbs
from labshell.grading.kept import read_kept
from labshell.grading.overrides import COLUMNS
from labshell.grading.rows import TIMEOUT
from labshell.grading.triage import as_overrides, as_table, triage
from tests.grading.courses import STUDENTS, Course
from tests.shell.lines import Lab


def wrong(course: Course, *students: str) -> list[Path]:
    """Submissions with an image that holds somebody else's word."""
    return [
        course.hand_in(one, course.solved("s003") | course.claimed(one))
        for one in students
    ]


def test_a_group_is_a_check_and_what_it_said(course: Course) -> None:
    rows = course.grade(*wrong(course, "s001", "s002"))
    groups = triage(rows.values())
    assert [(g.check, g.students, g.lost) for g in groups] == [
        ("checks:shows_the_word", ("s001", "s002"), 6),
        ("checks:says_the_word", ("s001", "s002"), 2),
        ("", ("s003",), 10),
    ]


def test_what_is_a_students_own_makes_no_group(course: Course) -> None:
    said = """
def has_a_recipe(work):
    return work.failed(f"No {work.values['word']}, 3 of {len(work.values['word'])}.")
"""
    text = (course.folder / "checks.py").read_text()
    (course.folder / "checks.py").write_text(text + said)
    files = [course.hand_in(one, course.solved(one)) for one in STUDENTS]
    rows = course.grade(*files)
    (group,) = triage(rows.values())
    assert group.students == STUDENTS
    assert group.message == "No {{word}}, … of …."
    assert course.word("s001") in rows["s001"].items[1].checks[0].message


def test_what_is_not_there_is_one_group_whatever_it_is_called(course: Course) -> None:
    course.replace("values:\n", "values:\n  name: {pick: [oak, elm, ash, fir, yew]}\n")
    text = (course.folder / "checks.py").read_text()
    text = text.replace('"mine:clean"', 'work.values["name"] + ":clean"')
    (course.folder / "checks.py").write_text(text)
    files = [course.hand_in(one, course.solved(one)) for one in STUDENTS]
    groups = triage(course.grade(*files).values())
    assert [(g.message, len(g.students)) for g in groups] == [
        ("There is no image … yet.", 3)
    ]


def test_checks_that_failed_themselves_are_told_by_why(course: Course) -> None:
    text = "def keeps_no_token(work):\n    [][len(work.values['word']) and 1]\n"
    (course.folder / "hidden.py").write_text(text)
    rows = course.grade(course.hand_in("s001", course.solved("s001")))
    (group,) = triage([rows["s001"]])
    assert "IndexError" in group.message


def test_what_has_an_override_is_settled(course: Course) -> None:
    files = wrong(course, "s001", "s002")
    (course.folder / "overrides.csv").write_text(
        ",".join(COLUMNS) + "\ns001,word,1,seen,ada\n"
    )
    groups = triage(course.grade(*files).values())
    word = next(group for group in groups if group.item == "word")
    assert word.students == ("s002",)


def test_who_has_nothing_but_points_of_a_person_is_missing_all_the_same(
    course: Course,
) -> None:
    (course.folder / "overrides.csv").write_text(
        ",".join(COLUMNS) + "\ns001,word,1,on paper,ada\n"
    )
    groups = triage(course.grade().values())
    assert [(g.message, g.students) for g in groups] == [("missing", STUDENTS)]
    assert groups[0].lost == 9 + 10 + 10


def test_whose_script_was_stopped_has_lost_what_failed_and_no_more(
    course: Course,
) -> None:
    row = course.grade(*wrong(course, "s001"))["s001"]
    stopped = replace(row, status=TIMEOUT, limit="seconds", note="it was stopped")
    assert triage([stopped]) == triage([row]) != []


def test_a_group_becomes_lines_for_overrides(course: Course) -> None:
    rows = course.grade(*wrong(course, "s001", "s002"))
    group = triage(rows.values())[0]
    assert as_overrides(group, rows) == "s001,clean,4,,\ns002,clean,4,,"
    assert "shows_the_word" in as_table([group]).splitlines()[1]


@pytest.fixture
def marks(course: Course, tmp_path: Path) -> Path:
    """A folder of marks, made by the command itself."""
    wrong(course, "s001", "s002")
    out = tmp_path / "marks"
    given = [str(course.place / "class"), "--assignment", str(course.folder)]
    assert Lab(tmp_path / "root")("grade", *given, "-o", str(out)).code == 0
    return out


def test_it_is_read_from_the_folder_of_marks(marks: Path, tmp_path: Path) -> None:
    done = Lab(tmp_path / "root")("grade", "triage", str(marks))
    assert (done.code, len(done.lines)) == (0, 1 + 3)
    group = Lab(tmp_path / "root")("grade", "triage", str(marks), "--group", "2")
    assert group.lines == ["s001,word,0,,", "s002,word,0,,"]
    assert len(triage(read_kept(marks).rows.values())) == 3


def test_a_group_of_no_item_gives_no_lines(marks: Path, tmp_path: Path) -> None:
    done = Lab(tmp_path / "root")("grade", "triage", str(marks), "--group", "3")
    assert (done.code, done.out) == (1, "")
    assert done.error.startswith("group 3 is of no item")
    assert "ITEM" in done.hint


@pytest.mark.parametrize("words", [["./triage"], ["--jobs", "2", "triage"]])
def test_a_file_that_is_called_like_a_verb_is_still_a_file(words: list[str]) -> None:
    context = grade.make_context("grade", words)
    assert [path.name for path in context.params["files"]] == ["triage"]


def test_only_the_first_word_can_be_a_verb() -> None:
    context = grade.make_context("grade", ["triage", "triage"])
    assert isinstance(context.command, Verbs)
    assert grade.make_context("grade", []).command is grade


def test_tab_offers_the_verbs_where_the_first_word_is_typed() -> None:
    complete = ShellComplete(grade, {}, "grade", "_X")
    first = [item.value for item in complete.get_completions([], "tri")]
    second = [item.value for item in complete.get_completions(["a.tar"], "tri")]
    assert (first, second) == (["tri", "triage"], ["tri"])


def test_help_about_a_verb_of_a_verb(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "root")
    assert lab("help", "grade", "triage") == lab("grade", "triage", "--help")
    assert "Verbs:" in lab("help", "grade").out
