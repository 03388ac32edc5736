"""A lesson file with a mistake gets one error that names the file and the field."""

from pathlib import Path

import pytest

from labshell.lessons import prose
from labshell.lessons.fields import LessonError
from labshell.lessons.format import read_lesson
from labshell.lessons.lesson import Answer, Lesson

GOOD = """---
title: A title
concepts: [1, 2]
minutes: 5
values:
  tree: {pick: [oak, elm]}
steps:
  - id: first
    kind: read
  - id: guess
    kind: predict
    ask: Which?
    choices:
      one: {says: This, right: true}
      two: {says: That, because: It is not so.}
  - id: count
    kind: explain
    ask: How many?
    answer: {number: 50, tolerance: 2}
    misconceptions: {1: Only one.}
  - id: work
    kind: do
    points: 3
    check: checks:done
    hints: [Try.]
    solve: lab ps
    wrong:
      - {do: lab rm x, earned: 1, says: Not that.}
---
Introduction for {{tree}}.

## first

Prose.

## guess

Text.

### after

The reveal.

## count

## work

## why

Because.
"""


def lesson(folder: Path, text: str = GOOD) -> Lesson:
    (folder / "lesson.md").write_text(text)
    return read_lesson(folder, "track/slug")


def test_a_good_lesson_is_read_as_it_is_written(tmp_path):
    found = lesson(tmp_path)
    assert found.title == "A title"
    assert [step.kind for step in found.steps] == ["read", "predict", "explain", "do"]
    assert found.maximum == 1 + 1 + 3
    assert found.sections["guess"].before == "Text."
    assert found.sections["guess"].after == "The reveal."
    assert found.sections[""].before == "Introduction for {{tree}}."


def test_each_wrong_choice_is_a_wrong_way_of_its_own(tmp_path):
    guess = lesson(tmp_path).step("guess")
    assert guess.solve == (":answer one",)
    assert [wrong.do for wrong in guess.wrong] == [(":answer two",)]
    assert guess.wrong[0].says == "It is not so."


@pytest.mark.parametrize(
    "old, new, says",
    [
        ("title: A title\n", "", "title: is missing"),
        ("title: A title", "title: [a]", "title: a text is needed"),
        ("title: A title", "titel: A title", "title: is missing; is `titel` meant?"),
        ("minutes: 5", "minutes: five", "minutes: a whole number is needed"),
        ("minutes: 5", "minutes: -5", "minutes: 0 or more is needed"),
        ("concepts: [1, 2]", "concepts: 1", "concepts: a list of whole numbers"),
        ("minutes: 5", "minutes: 5\npain: [x]", "pain: there is no such field"),
        ("points: 3", "points: three", "steps.work.points: a whole number"),
        ("points: 3", "points: 0", "steps.work.points: work earns"),
        ("    points: 3\n", "", "steps.work.points: is missing"),
        ("hints: [Try.]", "hint: [Try.]", "is `hints` meant?"),
        ("    hints: [Try.]\n", "", "steps.work.hints: at least one hint"),
        ("kind: read", "kind: reed", "steps.first.kind: one of read, watch"),
        ("id: first", "id: a/b", "id: small letters"),
        ("id: first", "id: guess", "steps.guess: two steps have this id"),
        ("kind: read", "kind: watch", "steps.first: nothing to watch"),
        (", right: true", "", "steps.guess.choices.one.because: is missing"),
        (", right: true", ", right: yes please", "true or false is needed"),
        (", because: It is not so.", "", "steps.guess.choices.two.because: is missing"),
        (", because: It is not so.", ", right: true", "one right and at least one"),
        ("      two:", "      yes:", "quote the name: YAML reads it as True"),
        ("answer: {number: 50, tolerance: 2}", "x: 1", "steps.count.answer: either"),
        ("number: 50", "number: fifty", "steps.count.answer.number: a number"),
        ("{number: 50, tolerance: 2}", "{texts: []}", "`number` or `texts` is needed"),
        ("says: Not that.", "say: Not that.", "steps.work.wrong[1].say: there is no"),
        ("pick: [oak, elm]", "pick: [oak], hex: 3", "values.tree: one of"),
        ("pick: [oak, elm]", "hex: 65", "values.tree.hex: 64 digits at most"),
        ("pick: [oak, elm]", "number: [2, 1]", "values.tree.number: two numbers"),
        ("{{tree}}", "{{bush}}", "`{{bush}}` is used and not there"),
        ("## count", "## counted", "steps.count: there is no section `## count`"),
        ("## why", "## more", "`## more` is no step of the lesson"),
        ("## why", "## work", "the section `## work` is there twice"),
        ("Prose.", ":::run\nls", "`:::run` is not closed"),
        ("Prose.", ":::rum\nls\n:::", "`:::rum` is not a block"),
        ("minutes: 5", "minutes: 5\nminutes: 6", "line 5: `minutes` is given twice"),
        ("title: A title", "title: A: title", "line 2: mapping values"),
        ("---\ntitle", "title", "it must begin with front matter"),
        ("minutes: 5", "minutes: 5\nsetup: ../x", "setup: the name of a file"),
        (
            "minutes: 5",
            "minutes: 5\nsetup: setup.lab",
            "setup: the lesson's folder has no file 'setup.lab'",
        ),
    ],
)
def test_a_mistake_is_named_with_its_field(tmp_path, old, new, says):
    assert old in GOOD
    with pytest.raises(LessonError) as caught:
        lesson(tmp_path, GOOD.replace(old, new, 1))
    assert says in caught.value.message
    assert ".md: " in caught.value.message or "setup.lab" in caught.value.message
    assert "\n" not in caught.value.message


def test_a_file_that_is_not_text_is_an_error(tmp_path):
    (tmp_path / "lesson.md").write_bytes(b"---\n\xff\xfe\n---\n")
    with pytest.raises(LessonError, match="byte 4 is not UTF-8"):
        read_lesson(tmp_path, "track/slug")


def test_a_huge_file_is_not_read(tmp_path):
    (tmp_path / "lesson.md").write_text("x" * 300_000)
    with pytest.raises(LessonError, match="larger than 256 KB"):
        read_lesson(tmp_path, "track/slug")


def test_a_heading_in_a_code_block_begins_no_section(tmp_path):
    found = lesson(tmp_path, GOOD.replace("Prose.", "```\n## not a step\n```"))
    assert "## not a step" in found.sections["first"].before


@pytest.mark.parametrize(
    "given, right",
    [("50", True), ("51.5", True), ("47", False), ("fifty", False), ("50,5", True)],
)
def test_a_number_is_right_within_its_tolerance(given, right):
    assert Answer(number=50, tolerance=2).accepts(given) is right


def test_a_text_is_right_whatever_its_case():
    assert Answer(texts=("Oak", "elm")).accepts(" OAK ")
    assert not Answer(texts=("Oak",)).accepts("ash")


def test_the_last_command_of_a_block_that_fails_is_meant_to():
    text = "## go\n\n:::look fails\nlab ps\nfalse\n:::\n\n:::run\ntrue\n:::\n"
    assert prose.failing(prose.read_sections(text, "lesson.md"), "lesson.md") == [
        "false"
    ]


def test_what_only_shows_is_not_done_again_when_a_world_is_made():
    sections = prose.read_sections(
        "## go\n\n:::look\nlab ps\n:::\n\n:::run\nlab run busybox\n:::\n", "lesson.md"
    )
    every = [("go", "lab ps"), ("go", "lab run busybox")]
    assert prose.commands(sections, "lesson.md") == every
    assert prose.changes(sections, "lesson.md") == every[1:]
