"""The proof finds what is wrong with a lesson, and tells it from its own troubles."""

import pytest

from labshell.lessons import proof
from labshell.lessons.lint import lint
from labshell.lessons.outcomes import COULD_NOT_RUN, FAILED, PASSED
from labshell.lessons.proof import prove

LESSON = """---
title: Small
concepts: [1]
minutes: 1
values:
  name: {pick: [pip, squeak]}
steps:
  - id: work
    kind: do
    points: 2
    check: checks:is_there
    hints: [Make it.]
    solve: lab run --name {{name}} busybox touch /made
    also:
      - |
        lab create --name {{name}} busybox touch /made
        lab start {{name}}
        lab wait {{name}}
    wrong:
      - {do: "lab create --name {{name}} busybox true", earned: 1, says: Only half.}
---
Hello.

## work
"""
CHECKS = """
def is_there(lab):
    container = lab.container(lab.values["name"])
    if "/made" in container.changes.added:
        return lab.passed("It is there.")
    return lab.failed("Only half.", earned=1)
"""


@pytest.fixture(autouse=True)
def nothing_is_on_its_way(monkeypatch):
    """No line here leaves anything running that would have to be waited for."""
    monkeypatch.setattr(proof, "_A_MOMENT", 0.0)


@pytest.fixture
def folder(tmp_path):
    lesson = tmp_path / "lessons" / "small" / "010.pet"
    lesson.mkdir(parents=True)

    def write(text: str = LESSON, checks: str = CHECKS):
        (lesson / "lesson.md").write_text(text)
        (lesson / "checks.py").write_text(checks)
        return tmp_path / "lessons"

    return write


def verdicts(folder):
    found = list(prove("small/pet", walks=0, folder=folder))
    return {f.what: f.verdict for f in found}, " ".join(f.detail for f in found)


@pytest.mark.require("root", "overlay")
class TestOnTheRealEngine:
    @pytest.mark.vm
    def test_a_sound_lesson_passes(self, folder):
        found, _ = verdicts(folder())
        assert found == {
            "untouched, first student": PASSED,
            "work: way 1": PASSED,
            "work: way 2": PASSED,
            "work: wrong way 1": PASSED,
            "reset, first student": PASSED,
        }

    def test_a_step_that_passes_untouched_is_found(self, folder):
        checks = "def is_there(lab):\n    return lab.passed('Always.')\n"
        found, said = verdicts(folder(checks=checks))
        assert found["untouched, first student"] == FAILED
        assert "work earns 2 untouched" in said

    def test_a_solution_that_does_not_solve_is_found(self, folder):
        found, _ = verdicts(folder(LESSON.replace("touch /made", "true")))
        assert found["work: way 1"] == FAILED

    def test_a_wrong_way_with_other_points_is_found(self, folder):
        found, said = verdicts(folder(LESSON.replace("earned: 1", "earned: 0")))
        assert found["work: wrong way 1"] == FAILED
        assert "earns 1, not 0" in said

    def test_a_wrong_way_with_another_message_is_found(self, folder):
        found, said = verdicts(folder(LESSON.replace("Only half.", "Half.")))
        assert found["work: wrong way 1"] == FAILED
        assert "says “Only half.”, not “Half.”" in said

    def test_a_wrong_way_that_passes_is_found(self, folder):
        text = LESSON.replace("busybox true", "busybox touch /made").replace(
            'lab create --name {{name}} busybox touch /made", earned',
            'lab run --name {{name}} busybox touch /made", earned',
        )
        found, _ = verdicts(folder(text))
        assert found["work: wrong way 1"] == FAILED

    @pytest.mark.parametrize(
        "body", ["raise RuntimeError('x')", "return 7", "print('x')"]
    )
    def test_a_check_that_is_broken_could_not_run(self, folder, body):
        found, _ = verdicts(folder(checks=f"def is_there(lab):\n    {body}\n"))
        assert found["untouched, first student"] == COULD_NOT_RUN
        assert found["work: way 1"] == COULD_NOT_RUN

    def test_lines_that_fail_are_not_the_lessons_verdict(self, folder):
        text = LESSON.replace("busybox touch /made", "nosuchimage touch /made", 1)
        found, said = verdicts(folder(text))
        assert found["work: way 1"] == COULD_NOT_RUN
        assert "nosuchimage" in said


TWO_STEPS = """---
title: Two
concepts: [1]
minutes: 1
values:
  name: {pick: [pip, squeak]}
steps:
  - id: make
    kind: do
    points: 1
    check: checks:is_made
    hints: [Make it.]
    solve: lab create --name {{name}} busybox true
    also:
      - lab run --name {{name}} busybox touch /made
    wrong:
      - {do: "lab volume create {{name}}", earned: 0, says: There is a volume.}
      - {do: "true", earned: 0, says: Nothing.}
      - do: ":answer $(lab volume create {{name}})"
        earned: 0
        says: There is a volume.
      - {do: ":answer there", earned: 0, says: Nothing.}
  - id: keep
    kind: do
    points: 1
    check: checks:is_kept
    hints: [Keep it.]
    solve: lab volume create {{name}}
    also:
      - lab run --name {{name}}-too -v {{name}}:/kept busybox true
    wrong:
      - {do: "lab rm {{name}}", earned: 0, says: No container.}
      - {do: "lab ps -a", earned: 0, says: No volume.}
---
Hello.

## make

## keep
"""
CHECKS_OF_BOTH = """
def is_made(lab):
    if list(lab.engine.volumes()):
        return lab.failed("There is a volume.")
    if [c.name for c in lab.engine.containers(all=True)] == [lab.values["name"]]:
        return lab.passed("It is made.")
    return lab.failed("Nothing.")


def is_kept(lab):
    if not list(lab.engine.containers(all=True)):
        return lab.failed("No container.")
    if not list(lab.engine.volumes()):
        return lab.failed("No volume.")
    return lab.passed("It is kept.")
"""


@pytest.mark.require("root", "overlay")
def test_what_one_way_leaves_neither_helps_nor_harms_the_next(folder):
    found, said = verdicts(folder(TWO_STEPS, CHECKS_OF_BOTH))
    assert set(found.values()) == {PASSED}, said
    assert len([what for what in found if "way" in what]) == 10


@pytest.mark.require("root", "overlay")
def test_a_step_begins_with_what_is_revealed_in_the_one_before(folder):
    revealed = "### after\n\n:::run\nlab volume create {{name}}\n:::\n\n## keep"
    text = TWO_STEPS.replace("## keep", revealed)
    found, said = verdicts(folder(text, CHECKS_OF_BOTH))
    assert found["make: way 1"] == PASSED, said
    assert found["keep: wrong way 2"] == FAILED
    assert "keep earns 1 untouched" not in said


@pytest.mark.parametrize(
    "checks, says",
    [
        ("def is_there(lab:\n    pass\n", "checks.py: line 1: SyntaxError"),
        ("def other(lab):\n    pass\n", "checks.py has no `is_there`"),
        ("import nosuchmodule\n", "checks.py: ModuleNotFoundError"),
        ("exit(3)\n", "checks.py: SystemExit"),
    ],
)
def test_lint_names_what_is_wrong_with_the_checks(folder, checks, says):
    failed = [
        f for f in lint("small/pet", folder(checks=checks)) if f.verdict != PASSED
    ]
    assert failed[0].what == "checks"
    assert failed[0].verdict == FAILED
    assert says in failed[0].detail


def test_lint_names_a_symbol_that_does_not_exist(folder):
    text = LESSON.replace("minutes: 1", "minutes: 1\nsource: ['engine.files:nosuch']")
    found = {f.what: f for f in lint("small/pet", folder(text))}
    assert found["engine symbols"].verdict == FAILED
    assert "engine.files:nosuch" in found["engine symbols"].detail


def test_lint_names_a_message_that_cannot_be_translated(folder):
    checks = CHECKS.replace('"Only half."', 'f"Only {1 / 2}."')
    found = {f.what: f for f in lint("small/pet", folder(checks=checks))}
    assert "must be plain text" in found["messages of checks"].detail


def test_lint_reports_a_missing_translation_without_failing(folder):
    found = {f.what: f for f in lint("small/pet", folder())}
    assert found["translation: zh"].verdict == PASSED
    assert "lesson.zh.md" in found["translation: zh"].detail


def test_a_translation_that_runs_something_else_is_refused(folder):
    place = folder(LESSON.replace("## work\n", "## work\n\n:::run\nlab ps\n:::\n"))
    zh = "---\ntitle: 小\n---\n你好\n\n## work\n\n:::run\nlab images\n:::\n"
    (place / "small/010.pet/lesson.zh.md").write_text(zh)
    found = {f.what: f for f in lint("small/pet", place)}
    assert found["translation: zh"].verdict == FAILED
    assert "differ" in found["translation: zh"].detail


def test_a_translation_of_something_that_is_not_there_is_refused(folder):
    place = folder()
    zh = "---\ntitle: 小\nsteps: {wrok: {ask: 什么}}\n---\n你好\n"
    (place / "small/010.pet/lesson.zh.md").write_text(zh)
    found = {f.what: f for f in lint("small/pet", place)}
    assert found["translation: zh"].verdict == FAILED
    assert "steps.wrok" in found["translation: zh"].detail


@pytest.mark.require("root", "overlay")
def test_what_a_step_runs_by_itself_is_there_when_the_work_begins(folder):
    shown = ":::run\nlab create --name {{name}} busybox touch /made\n:::\n"
    text = LESSON.replace("## work\n", f"## work\n\n{shown}")
    solve = "solve: |\n      lab start {{name}}\n      lab wait {{name}}\n    xx:"
    text = text.replace("solve: lab run --name {{name}} busybox touch /made", solve)
    start, end = text.index("    xx:"), text.index("---\nHello.")
    found, said = verdicts(folder(text[:start] + text[end:]))
    assert found["work: way 1"] == PASSED, said


@pytest.mark.require("root", "overlay")
@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        (":::look\nlab rm nobody\n:::\n", "that has failed: lab rm nobody"),
        (":::look fails\nlab ps\n:::\n", "that was to fail: lab ps"),
        (":::look fails\nlab ps\nlab rm {{name}}-two\n:::\n", ""),
    ],
    ids=["unmeant", "not-at-all", "as-meant"],
)
def test_what_the_text_shows_fails_where_it_is_meant_to(folder, block, complaint):
    *_, last = prove("small/pet", walks=1, folder=folder(LESSON + block))
    assert last.what == "solved in a shell, first student"
    assert last.verdict == (FAILED if complaint else PASSED)
    assert complaint in last.detail
