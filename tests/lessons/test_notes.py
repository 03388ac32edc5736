"""A page to keep: true to what the student did, and nothing of what is to come."""

import pytest

from engine.engine import Engine
from labshell.cli import run_line
from labshell.lessons import library
from labshell.lessons.dockers_words import in_dockers_words
from labshell.lessons.notes import as_html, notes
from labshell.lessons.progress import Progress
from labshell.lessons.record import DONE, WRONG

LESSON = "commit/init-layer"


@pytest.fixture(autouse=True)
def progress(tmp_path, monkeypatch):
    """A student who is half through the lesson."""
    monkeypatch.setenv("LABSHELL_PROGRESS", str(tmp_path / "progress.json"))
    progress = Progress()
    record = progress.of(LESSON)
    for step in ("recall", "stack", "guess-hosts", "find-hosts", "notes"):
        record.of(step).status = DONE
    record.of("recall").answer, record.of("recall").earned = "there", 1
    record.of("guess-hosts").status = WRONG
    record.of("guess-hosts").answer = "refused"
    record.of("find-hosts").answer = "/var/<b>`x` *y*"
    record.of("notes").message = "The container reads the note in all four places."
    progress.save(LESSON)
    return progress


def of(progress, language="en") -> str:
    return notes(progress, [library.find(LESSON, language)], language)


def test_a_prediction_is_kept_with_what_came_of_it(progress):
    text = of(progress)
    assert "- You predicted: Yes, nothing has changed for the other one ✓" in text
    assert "the init layer is read-only ✗" in text
    assert "- Nobody writes to the init layer, that is true." in text
    assert "- It is: Nothing" in text


def test_commands_are_in_dockers_words_and_have_this_students_values(progress):
    text = of(progress)
    assert "{{" not in text
    assert "docker exec " in text
    assert "docker diff " in text
    assert "\nlab layers " in text
    assert "✓ The container reads the note in all four places." in text


def test_what_is_not_done_is_not_given_away(progress):
    text = of(progress)
    assert "## guess-commit" not in text
    assert "## Why" not in text
    progress.of(LESSON).finished = True
    assert "## Why" in of(progress)


def test_it_is_written_in_the_language_of_the_lesson(progress):
    text = of(progress, "zh")
    assert "- 你的预测：还在，对另一个容器来说什么都没变 ✓" in text
    assert "容器在四个地方都能读到便条" in text


def test_as_html_nothing_that_was_typed_is_obeyed(progress):
    page = as_html(of(progress), "en")
    assert page.startswith("<!DOCTYPE html>")
    assert "<h2>guess-hosts</h2>" in page
    assert "<table>" in page
    assert "/var/&lt;b&gt;'x' *y*</code>" in page


@pytest.mark.parametrize(
    "line, docker",
    [
        ("lab run --rm x lab ps", "docker run --rm x docker ps"),
        ("echo x | lab exec -i x tee", "echo x | docker exec -i x tee"),
        ("lab layers x", "lab layers x"),
        ("lab run --explain x", "lab run --explain x"),
        ("cat collab rm", "cat collab rm"),
        ("./lab rm x", "./lab rm x"),
    ],
)
def test_what_docker_has_is_said_in_its_words(line, docker):
    assert in_dockers_words(line) == docker


def test_the_verb_prints_markdown_or_html(tmp_path, capsys):
    engine = Engine(tmp_path / "unused")
    assert run_line(engine, ["notes"]) == 0
    assert capsys.readouterr().out.startswith("# What commit takes")
    assert run_line(engine, ["notes", "--html", LESSON]) == 0
    assert "<title>What commit takes" in capsys.readouterr().out


def test_before_anything_is_done_it_says_so(tmp_path, capsys):
    Progress().forget()
    assert run_line(Engine(tmp_path / "unused"), ["notes"]) == 1
    assert "No step of a lesson is done yet" in capsys.readouterr().err
