"""A dialog with a script: somebody waits for a text, and types, on a real terminal."""

import pytest

from labshell.grading.assignment import AssignmentError
from tests.grading.running import HONEST, RunCourse

pytestmark = pytest.mark.require("root", "overlay", "busybox")

DIALOG = """    dialog:
      - {see: "name?", type: "{{word}}", seconds: 60}
      - {see: "Hello, ", seconds: 60}
      - {see: "more?", type: "no", seconds: 60}
"""
GREETS = """
echo 'Your name?'; read name
echo "Hello, $name!"; echo 'One more?'; read more
test "$more" = no && test -t 0
"""
CHECKS = """
def left_the_page(work):
    ran = work.ran
    said = ran.output.decode(errors="replace").replace("\\r", "")
    greeted = f"Hello, {work.values['word']}!" in said
    if ran.seen == 3 and ran.exit_status == 0 and greeted:
        return work.passed("It greets.")
    return work.failed(f"seen {ran.seen}, status {ran.exit_status}: {said[:900]}")

def is_there(work):
    return work.passed("It is there.")
"""
HIDDEN = "def says_so(work):\n    return work.passed('Nothing is hidden.')\n"


@pytest.fixture
def course(tmp_path):
    made = RunCourse(tmp_path / "course")
    made.replace("    files: [/srv/page]\n", DIALOG)
    (made.folder / "checks.py").write_text(CHECKS)
    (made.folder / "hidden.py").write_text(HIDDEN)
    return made


def graded(course, script):
    file = course.hand_in_script("s001", script)
    with course.graders() as look:
        row = look(file).row
    item = row.items[0] if row.items else None
    return row, item.checks[0].message if item else ""


def test_who_answers_at_the_right_moments_passes(course):
    row, said = graded(course, GREETS)
    assert (row.status, row.items[0].earned, said) == ("graded", 7, "It greets.")


def test_what_was_typed_is_not_enough(course):
    row, said = graded(course, GREETS.replace("$name!", "somebody!"))
    assert said.startswith("seen 3, status 0:")
    assert row.items[0].checks[0].earned == 0


def test_a_script_that_ends_early_has_seen_so_much(course):
    _, said = graded(course, "echo 'Your name?'; read name; exit 9")
    assert said.startswith("seen 1, status 9:")


def test_a_text_that_does_not_come_ends_the_dialog(course):
    course.replace('see: "Hello, ", seconds: 60', 'see: "Hello, ", seconds: 1')
    row, said = graded(course, "echo 'Your name?'; read name; sleep 1000")
    assert row.status == "graded"
    assert said.startswith("seen 1, status None:")


def test_a_script_that_does_not_end_is_a_timeout(course):
    course.replace("run: {seconds: 20", "run: {seconds: 3")
    row, _ = graded(course, f"{GREETS}\nsleep 1000")
    assert (row.status, row.limit) == ("timeout", "seconds")


def test_endless_output_on_a_terminal_is_a_limit(course):
    course.replace("disk: 16", "output: 1, disk: 16")
    row, _ = graded(course, "while :; do echo again and again and again; done")
    assert (row.status, row.limit) == ("error", "output")


def test_a_script_may_have_one_dialog(course):
    other = "  - {id: other, kind: run, title: Other, run: solve.sh, points: 1,"
    other += ' check: "checks:is_there", dialog: [{see: other}]}\n'
    course.replace("items:\n", f"items:\n{other}")
    with pytest.raises(AssignmentError, match="two dialogs"):
        assert course.assignment


@pytest.mark.parametrize(
    "line",
    ["{type: a}", "{see: ''}", "{see: a, seconds: 0}", "{see: a, b: c}"],
    ids=["no text", "empty text", "no time", "unknown field"],
)
def test_a_line_that_is_none_is_told(course, line):
    course.replace('{see: "name?", type: "{{word}}", seconds: 60}', line)
    with pytest.raises(AssignmentError, match="dialog"):
        assert course.assignment


def test_without_a_dialog_there_is_no_terminal(tmp_path):
    course = RunCourse(tmp_path / "course")
    row, said = graded(course, f"test -t 0 || {{ {HONEST}; }}")
    assert (row.items[0].earned, said) == (7, "There it is.")
