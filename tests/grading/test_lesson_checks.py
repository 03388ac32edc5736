"""A lesson's check judges what is handed in, if it looks at nothing else."""

import ast
from pathlib import Path

import pytest

from engine.errors import NotFound
from labshell.grading import lesson_checks, pins
from labshell.grading.assignment import AssignmentError
from labshell.grading.kit import lint
from labshell.grading.lesson_checks import LessonCheckError
from labshell.grading.rows import GRADED
from labshell.lessons import library
from labshell.lessons.skeleton import make
from tests.grading.courses import Course, laid_out
from tests.images_in_memory import Blobs
from tests.shell.lines import Lab
from tests.tars import archive, regular

NAME = "lesson:build/run-is-commit:note_is_in_its_place"


@pytest.fixture
def taken(course: Course) -> Course:
    """The course, with its image item taken from a lesson."""
    course.replace(
        "  word: {hex: 8}", "  word: {hex: 8}\n  image: {pick: [loom, reel]}"
    )
    course.replace("check: checks:shows_the_word", f"check: {NAME}")
    course.replace("image: mine:clean", 'image: "{{image}}:mended"')
    hidden = "def keeps_no_token(work):\n    return work.passed('None.')\n"
    (course.folder / "hidden.py").write_text(hidden)
    return course


def handed_in(course: Course, student: str, *layers: bytes) -> Path:
    from labshell.grading.packing import values_of

    blobs = Blobs()
    values = values_of(course.assignment, course.token(student))
    images = {f"docker.io/library/{values['image']}:mended": blobs.image(*layers)}
    members = {**course.claimed(student), **laid_out(blobs, images)}
    return course.hand_in(student, members)


def test_it_gives_what_it_gives_in_the_lesson(taken: Course) -> None:
    word = taken.word("s001"), taken.word("s002")
    right = archive(regular(f"srv/{word[0]}/note", b"ready\n"))
    half = archive(regular(f"srv/{word[1]}/note", b"ready\n"), regular("note", b""))
    files = [handed_in(taken, "s001", right), handed_in(taken, "s002", half)]
    rows = taken.grade(*files)
    assert [row.status for row in rows.values()] == [GRADED, GRADED, "missing"]
    first, second = (rows[x].items[0].checks[0] for x in ("s001", "s002"))
    assert (first.check, first.earned, second.earned) == (NAME, 4, 2)
    assert word[0] in first.message
    assert second.message.startswith("The note is in its place, but a layer below")


def test_what_the_marks_depend_on_and_what_is_pinned_has_it_too(taken: Course) -> None:
    path = library.find("build/run-is-commit").folder / "checks.py"
    assert pins.of_lessons(taken.assignment) == [path]
    pins.pin(taken.assignment)
    assert "run-is-commit/checks.py" in (taken.folder / pins.FILE).read_text()


UNSOUND = {
    "other points": ("points: 4", "points: 3", "no step of the lesson gives 3"),
    "no value": ("image: {pick", "images: {pick", "`{{image}}` is no value"),
    "no lesson": ("run-is-commit", "run-is-nothing", "No such lesson"),
    "no check": ("note_is_in_its_place", "nothing", "no step of the lesson has this"),
    "an engine": ("note_is_in_its_place", "is_from_the_middle", "asks for `engine`"),
    "a path": ("build/run-is", "../run-is", "`checks:name` is needed"),
}


@pytest.mark.parametrize("name", UNSOUND)
def test_what_cannot_be_taken_is_named(taken: Course, name: str) -> None:
    old, new, says = UNSOUND[name]
    taken.replace(old, new)
    with pytest.raises((AssignmentError, LessonCheckError, NotFound)) as caught:
        lint(taken.folder)
    assert says in caught.value.message


def test_those_that_can_be_taken_are_listed(lab: Lab) -> None:
    listed = lab("assignment", "lessons").out.splitlines()
    assert f"{NAME} image 4 image word" in [" ".join(line.split()) for line in listed]
    assert "is_from_the_middle" not in str(listed)
    for line in listed[1:]:
        name, _, points, *values = line.split()
        assert lesson_checks.load(name, int(points), dict.fromkeys(values))


def test_checks_that_cannot_be_read_hide_no_others(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("harbour/010.moorings", tmp_path)
    make("harbour/020.tides", tmp_path)
    (tmp_path / "harbour/010.moorings/checks.py").write_text("def f(:\n")
    text = "def note_is_there(lab):\n    return lab.passed(lab.answer)\n"
    (tmp_path / "harbour/020.tides/checks.py").write_text(text)
    monkeypatch.setenv(library.CHOSEN, str(tmp_path))
    done = lab("assignment", "lessons")
    assert (done.code, "harbour/moorings/checks.py: " in done.err) == (1, True)
    assert "lesson:harbour/tides:" in done.out


def test_a_value_that_it_reads_must_be_there(taken: Course) -> None:
    with pytest.raises(LessonCheckError, match="needs a value `image`"):
        lesson_checks.load(NAME, 4, {"word": None})


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ("return lab.passed(lab.values['x'])", {"passed", "values"}),
        ("return helper(lab)", {"image"}),
        ("return lab.image('x') and lab.container('y')", {"image", "container"}),
        ("other = lab", {"lab"}),
        ("return [f for f in (lab,)]", {"lab"}),
        ("return elsewhere(lab)", {"elsewhere()"}),
        ("return helper(1, lab)", {"lab"}),
        ("return (lambda: lab.engine)()", {"engine"}),
    ],
    ids=[
        *("values", "a helper", "a container", "another name", "a list"),
        *("a stranger", "second", "inside"),
    ],
)
def test_what_a_check_asks_for_is_read_or_it_is_refused(
    body: str, asked: set[str]
) -> None:
    text = f"def f(lab):\n    {body}\ndef helper(it):\n    return it.image('x')\n"
    assert lesson_checks._Asked(ast.parse(text), "f").names == asked
