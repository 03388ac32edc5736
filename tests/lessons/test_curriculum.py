"""Each concept leads to its lessons, and each of those to the engine's source."""

import pytest

from labshell.lessons import curriculum, library
from labshell.lessons.lint import lint
from labshell.lessons.outcomes import FAILED
from labshell.lessons.skeleton import make


def test_the_concepts_are_numbered_without_a_gap():
    assert list(curriculum.concepts()) == list(range(1, len(curriculum.concepts()) + 1))


def test_a_row_names_the_lesson_and_the_symbols_it_shows():
    rows = curriculum.table().splitlines()
    row = next(row for row in rows if row.startswith("| 14 |"))
    assert "[commit/init-layer](commit/010.init-layer/lesson.md)" in row
    assert "`engine.containers.init_layer:make`" in row


def test_a_concept_without_a_lesson_is_open(tmp_path):
    place = make("volumes/010.outlive", tmp_path)
    text = (place / "lesson.md").read_text().replace("concepts: []", "concepts: [22]")
    (place / "lesson.md").write_text(text)
    rows = curriculum.table(tmp_path).splitlines()
    assert sum("*open*" in row for row in rows) == len(curriculum.concepts()) - 1
    assert next(row for row in rows if row.startswith("| 22 |")).count("volumes") >= 2


@pytest.mark.parametrize(
    ("panes", "complaint"),
    [
        ("layer", "no such picture: layer"),
        ("tree web", "no such picture: web"),
        ("layers web busy", "no such picture: busy"),
        ("'layers {{nosuch}}'", "`{{nosuch}}` is no value"),
    ],
)
def test_a_picture_that_does_not_exist_is_a_fault_of_the_lesson(
    tmp_path, panes, complaint
):
    place = make("volumes/010.outlive", tmp_path)
    text = (place / "lesson.md").read_text()
    text = text.replace("concepts: []", f"concepts: []\npanes: [{panes}]")
    (place / "lesson.md").write_text(text)
    found = {f.what: f for f in lint("volumes/outlive", tmp_path)}
    assert found["panes"].verdict == FAILED
    assert f"panes: {complaint}" in found["panes"].detail


def test_a_concept_that_does_not_exist_is_a_fault_of_the_lesson(tmp_path):
    place = make("volumes/010.outlive", tmp_path)
    text = (place / "lesson.md").read_text().replace("concepts: []", "concepts: [999]")
    (place / "lesson.md").write_text(text)
    found = {f.what: f for f in lint("volumes/outlive", tmp_path)}
    assert found["concepts"].verdict == FAILED
    assert "there is no concept 999" in found["concepts"].detail
    assert library.names(tmp_path)
