"""A grade says what was earned, and nothing that was not."""

import json

import pytest

from labshell.grading.grade import grade
from labshell.grading.result import SCHEMA
from labshell.grading.table import as_table
from labshell.lessons import library
from labshell.lessons.progress import Progress
from labshell.lessons.record import DONE, WRONG

LESSON = "commit/init-layer"


@pytest.fixture
def lesson():
    return library.find(LESSON)


@pytest.fixture
def progress(tmp_path):
    progress = Progress(tmp_path / "progress.json")
    record = progress.of(LESSON)
    record.step = "notes"
    record.of("recall").status, record.of("recall").earned = DONE, 1
    record.of("guess-hosts").status = WRONG
    record.of("guess-hosts").message = "Not so, because."
    record.of("notes").earned = 2
    record.of("notes").message = "Two are missing."
    return progress


def test_nothing_done_is_zero_of_all(tmp_path, lesson):
    result = grade(Progress(tmp_path / "none.json"), [lesson])
    assert (result.earned, result.maximum) == (0, lesson.maximum)
    assert result.lessons[0].status == "open"


def test_points_are_those_that_were_noted(progress, lesson):
    result = grade(progress, [lesson]).lessons[0]
    earned = {step.step: step.earned for step in result.steps}
    assert earned["recall"] == 1
    assert earned["guess-hosts"] == 0
    assert earned["notes"] == 2
    assert result.earned == 3
    assert result.status == "begun"


@pytest.mark.parametrize("claimed", [99, -5])
def test_a_progress_file_cannot_claim_more_than_there_is(progress, lesson, claimed):
    progress.of(LESSON).of("recall").earned = claimed
    steps = {step.step: step for step in grade(progress, [lesson]).lessons[0].steps}
    assert 0 <= steps["recall"].earned <= 1


def test_steps_without_points_are_left_out(progress, lesson):
    steps = [step.step for step in grade(progress, [lesson]).lessons[0].steps]
    assert "stack" not in steps


def test_the_json_has_the_schema_and_every_field(progress, lesson):
    data = json.loads(json.dumps(grade(progress, [lesson]).to_json()))
    assert data["schema"] == SCHEMA
    assert set(data) == {"schema", "earned", "maximum", "lessons"}
    assert set(data["lessons"][0]) == {
        *("lesson", "title", "earned", "maximum", "status", "attempt", "steps")
    }
    assert set(data["lessons"][0]["steps"][0]) == {
        *("step", "kind", "earned", "maximum", "status", "tries", "hints", "message")
    }


def test_the_table_has_a_line_a_step_and_the_sum(progress, lesson):
    lines = as_table(grade(progress, [lesson])).splitlines()
    assert lines[0].split() == ["LESSON", "STEP", "KIND", "POINTS", "STATUS"]
    notes = next(line for line in lines if "notes" in line)
    assert "2/4" in notes
    assert "Two are missing." in notes
    assert lines[-1].split() == [f"3/{lesson.maximum}"]


def test_the_table_speaks_chinese(progress, lesson):
    assert "预测" in as_table(grade(progress, [lesson]), "zh")


def test_what_a_check_said_is_told_in_the_language_of_who_reads(progress):
    said = "The note is not yet in these places: /note, /data/note."
    progress.of(LESSON).of("notes").message = said
    chinese = as_table(grade(progress, [library.find(LESSON, "zh")]), "zh")
    assert "这些地方还没有便条：/note, /data/note。" in chinese
    assert said in as_table(grade(progress, [library.find(LESSON)]))
