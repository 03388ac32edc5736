"""`lab lesson new` and `lab lesson preview`: what an author begins with, and sees."""

import io

import pytest
from rich.console import Console

from engine.engine import Engine
from engine.errors import Conflict, InvalidArgument
from labshell.cli import run_line
from labshell.lessons import library
from labshell.lessons.lint import lint
from labshell.lessons.outcomes import PASSED
from labshell.lessons.preview import preview
from labshell.lessons.proof import prove
from labshell.lessons.screen import Screen
from labshell.lessons.skeleton import make


def test_a_new_lesson_is_sound_in_every_language(tmp_path):
    place = make("volumes/010.outlive", tmp_path)
    assert place == tmp_path / "volumes/010.outlive"
    findings = list(lint("volumes/outlive", tmp_path))
    assert [f for f in findings if f.verdict != PASSED] == []
    assert [f.detail for f in findings if f.what == "translation: zh"] == ["complete"]


@pytest.mark.require("root", "overlay")
def test_a_new_lesson_proves_itself(tmp_path):
    make("volumes/010.outlive", tmp_path)
    found = list(prove("volumes/outlive", walks=0, folder=tmp_path))
    assert [f for f in found if f.verdict != PASSED] == []


def test_a_lesson_that_is_there_is_not_written_over(tmp_path):
    make("volumes/010.outlive", tmp_path)
    with pytest.raises(Conflict, match="There is a lesson volumes/outlive"):
        make("volumes/020.outlive", tmp_path)


@pytest.mark.parametrize(
    "name", ["outlive", "volumes/outlive", "../010.x", "a/010.x/y", "A/010.b", "a/1.b"]
)
def test_a_name_that_is_none_makes_nothing(tmp_path, name):
    with pytest.raises(InvalidArgument, match="not the name of a new lesson"):
        make(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_preview_holds_every_text_and_runs_nothing(language):
    lesson = library.find("commit/init-layer", language)
    shown = io.StringIO()
    preview(lesson, Screen(language, Console(file=shown, width=100)))
    text = "".join(shown.getvalue().split())
    assert "{{" not in text
    for step in lesson.steps:
        for choice in step.choices:
            assert choice.says.replace("`", "")[:10].replace(" ", "") in text
    assert text.count("$lablayers") == 1


def test_a_preview_of_a_lesson_that_is_not_there_is_one_clear_error(tmp_path, capsys):
    assert run_line(Engine(tmp_path), ["lesson", "preview", "no/such"]) == 1
    assert "No such lesson: no/such" in capsys.readouterr().err
