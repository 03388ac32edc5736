"""`--lessons DIR`: somebody else's lessons, in place of ours."""

import os
import subprocess

import pytest

from engine.engine import Engine
from labshell.cli import run_line
from labshell.lessons import library
from labshell.lessons.lint import lint
from labshell.lessons.outcomes import PASSED
from labshell.lessons.progress import Progress
from labshell.lessons.skeleton import make
from labshell.lessons.where import to_go_on_with

THEIRS = "harbour/moorings"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with one lesson."""
    monkeypatch.setenv(library.CHOSEN, "")  # what a line sets is taken back
    make("harbour/010.moorings", tmp_path / "theirs")
    return tmp_path / "theirs"


@pytest.fixture
def said(tmp_path, capsys, folder):
    """Type a `lab` line with that folder; all that is printed."""

    def run(*words: str) -> str:
        run_line(Engine(tmp_path / "root"), ["--lessons", str(folder), *words])
        return "".join(capsys.readouterr())

    return run


def test_only_their_lessons_are_listed(said):
    assert said("lesson", "list").count("/") == 1
    assert THEIRS in said("lesson", "list")
    assert THEIRS in said("lesson", "lint")


def test_ours_can_still_be_asked_for(said):
    assert "Many directories, seen as one" in said("lesson", "preview", "layers/union")


def test_their_lessons_may_need_ours(folder):
    file = folder / "harbour/010.moorings/lesson.md"
    file.write_text(
        file.read_text().replace("\nminutes", "\nneeds: [layers/union]\nminutes")
    )
    found = {f.what: f for f in lint(THEIRS, folder)}
    assert found["lessons that come before"].verdict == PASSED
    assert found["lessons that come before"].detail == "layers/union"


def test_one_of_theirs_hides_ours_of_the_same_name(folder):
    make("layers/010.union", folder)
    assert library.find("layers/union", folder=folder).folder.parents[1] == folder


def test_learn_goes_on_with_theirs(folder, tmp_path, monkeypatch):
    monkeypatch.setenv(library.CHOSEN, str(folder))
    assert to_go_on_with(Progress(tmp_path / "progress.json")) == THEIRS


def test_the_shell_and_its_bash_are_told(folder, tmp_path):
    lines = b"lab lesson list | tail -n 1\nlab lesson list\n"
    done = subprocess.run(
        ["./lab", "--lessons", str(folder)],
        input=lines,
        env={**os.environ, "LABSHELL_ROOT": str(tmp_path / "root")},
        capture_output=True,
    )
    assert done.stdout.count(THEIRS.encode()) == 2
    assert b"layers/union" not in done.stdout


def test_a_new_lesson_is_made_there(said, folder):
    said("lesson", "new", "harbour/020.cranes")
    assert (folder / "harbour/020.cranes/lesson.md").is_file()


def test_a_folder_that_is_not_there_is_one_clear_error(said, folder, capsys):
    assert run_line(Engine(), ["--lessons", "/nowhere", "lesson", "list"]) != 0
    assert "/nowhere: there is no such directory" in capsys.readouterr().err
