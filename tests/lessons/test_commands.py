"""`lab learn`, `lab grade` and `lab lesson`, as they are typed."""

import io
import json
from datetime import date

import pytest
from rich.console import Console

from engine.engine import Engine
from labshell.cli import run_line
from labshell.lessons import library
from labshell.lessons.drilling import Drilling
from labshell.lessons.progress import Progress
from labshell.lessons.record import DONE
from labshell.lessons.screen import Screen


@pytest.fixture(autouse=True)
def progress(tmp_path, monkeypatch):
    monkeypatch.setenv("LABSHELL_PROGRESS", str(tmp_path / "progress.json"))


@pytest.fixture
def lab(tmp_path, capsys):
    def run(*words: str) -> tuple[int, str]:
        code = run_line(Engine(tmp_path / "unused"), words)
        return code, "".join(capsys.readouterr())

    return run


def test_grade_of_somebody_new_is_nothing_of_everything(lab):
    code, shown = lab("grade")
    assert code == 0
    assert "commit/init-layer" in shown
    everything = sum(library.find(name).maximum for name in library.names())
    assert shown.rstrip().endswith(f"0/{everything}")


def test_grade_as_json_can_be_read_by_a_program(lab):
    progress = Progress()
    progress.of("commit/init-layer").of("recall").status = DONE
    progress.of("commit/init-layer").of("recall").earned = 1
    progress.save("commit/init-layer")
    code, shown = lab("grade", "--json")
    assert code == 0
    assert json.loads(shown)["schema"] == "labshell.grade/1"
    assert json.loads(shown)["earned"] == 1


def test_grade_speaks_the_language_of_the_terminal(lab, monkeypatch):
    monkeypatch.setenv("LABSHELL_LANG", "zh")
    assert "预测" in lab("grade")[1]


def test_a_damaged_progress_file_is_one_clear_error(lab, tmp_path):
    (tmp_path / "progress.json").write_text("{")
    code, shown = lab("grade")
    assert code == 1
    assert "progress.json is not a progress file" in shown
    assert "Move it away" in shown


def test_the_lessons_are_listed(lab):
    code, shown = lab("lesson", "list")
    assert code == 0
    assert "What commit takes, and what it leaves" in shown
    listed = json.loads(lab("lesson", "list", "--json")[1])
    assert [entry["lesson"] for entry in listed] == list(library.names())


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """One more lesson, which cannot be read."""
    folder = tmp_path / "bad" / "010.broken"
    folder.mkdir(parents=True)
    (folder / "lesson.md").write_text("---\ntitle: [\n---\n")
    known = {"bad/broken": folder, **library.names()}
    monkeypatch.setattr(library, "names", lambda *_: known)


@pytest.mark.parametrize("verb", [("lesson", "list"), ("grade",)])
def test_a_lesson_that_is_broken_does_not_hide_the_others(lab, broken, verb):
    code, shown = lab(*verb)
    assert code == 1
    assert "commit/init-layer" in shown
    assert shown.count("Error:") == 1
    assert "010.broken/lesson.md" in shown


def test_a_lesson_that_is_broken_is_not_in_the_way_of_what_was_learnt(lab, broken):
    progress = Progress()
    for name in ("bad/broken", "commit/init-layer"):
        progress.of(name).of("recall").status = DONE
        progress.save(name)
    code, shown = lab("notes")
    assert code == 1
    assert "# What commit takes" in shown
    assert "010.broken/lesson.md" in shown
    drilling = Drilling(Screen("en", Console(file=(seen := io.StringIO()), width=100)))
    drilling.ask(date.today())
    assert drilling.asks
    assert "010.broken/lesson.md" in seen.getvalue()


def test_the_shipped_lessons_are_sound(lab):
    code, shown = lab("lesson", "lint")
    assert code == 0
    assert "FAILED" not in shown


@pytest.mark.parametrize("verb", [("lesson", "lint"), ("lesson", "test"), ("learn",)])
def test_an_unknown_lesson_is_one_clear_error(lab, verb):
    code, shown = lab(*verb, "images/init-layer")
    assert code == 1
    assert "No such lesson: images/init-layer" in shown


def test_learn_guesses_what_was_meant(lab):
    assert "Is commit/init-layer meant?" in lab("learn", "images/init-layer")[1]
