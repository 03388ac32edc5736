"""What an assignment was when it was pinned is known, and what differs is told."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from labshell.grading import pins
from labshell.grading.assignment import AssignmentError
from labshell.grading.kit import lint
from tests.grading.courses import Course, laid_out
from tests.images_in_memory import Blobs
from tests.shell.lines import Lab
from tests.tars import archive, regular


def frozen(course: Course, content: bytes) -> None:
    """Base images of the course, as `freeze` leaves them."""
    blobs = Blobs()
    manifest = blobs.image(archive(regular("etc/motd", content)))
    for name, data in laid_out(blobs, {"docker.io/library/b:1": manifest}).items():
        path = course.folder / "bases" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def test_without_pins_nothing_differs(course: Course) -> None:
    assert pins.differences(course.assignment) == []


def test_what_has_changed_since_is_told_and_nothing_else(course: Course) -> None:
    frozen(course, b"one")
    (course.folder / "files").mkdir()
    (course.folder / "files/data").write_text("x")
    assert pins.pin(course.assignment) == 4 + 1
    assert pins.differences(course.assignment) == []
    course.replace("return", "return ", file="hidden.py")
    (course.folder / "files/data").unlink()
    (course.folder / "files/more").write_text("y")
    frozen(course, b"two")
    assert pins.differences(course.assignment) == [
        "files/data: it was pinned, and is gone",
        "files/more: it was not pinned",
        "hidden.py: it is not as it was pinned",
        "docker.io/library/b:1: it is not as it was pinned",
    ]
    pins.pin(course.assignment)
    assert pins.differences(course.assignment) == []


def test_another_labshell_is_told(course: Course) -> None:
    pins.pin(course.assignment)
    path = course.folder / pins.FILE
    data = {**json.loads(path.read_text()), "labshell": "0.0.1"}
    path.write_text(json.dumps(data))
    (line,) = pins.differences(course.assignment)
    assert line.startswith("labshell is ")
    assert line.endswith(", not 0.0.1")


def test_a_link_is_not_followed(course: Course) -> None:
    (course.folder / "files").symlink_to("/proc")
    (course.folder / "solution").mkdir()
    (course.folder / "solution/zero").symlink_to("/dev/zero")
    assert pins.pin(course.assignment) == 3


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": "labshell.pins/2"}', "[" * 9**5]
)
def test_pins_that_are_none_are_said(course: Course, text: str) -> None:
    (course.folder / pins.FILE).write_text(text)
    with pytest.raises(AssignmentError, match=r"pins\.json: it cannot be read"):
        pins.differences(course.assignment)


def test_lint_and_grade_tell_what_differs(course: Course, tmp_path: Path) -> None:
    lab, folder = Lab(tmp_path / "root"), str(course.folder)
    assert "3 digests in pins.json" in lab("assignment", "pin", folder).out
    assert lab("assignment", "lint", folder).err == ""
    course.replace("return", "return ", file="checks.py")
    says = "Note:  layers-1/checks.py: it is not as it was pinned"
    assert says in lab("assignment", "lint", folder).err
    file = str(course.hand_in("s001", course.solved("s001")))
    graded = lab("grade", file, "--assignment", folder, "-o", str(tmp_path / "m"))
    assert graded.code == 0
    assert says in graded.err


@pytest.mark.parametrize("name", ["b:2", "tools"])
def test_a_base_that_is_not_among_the_frozen_images_is_named(
    course: Course, name: str
) -> None:
    frozen(course, b"one")
    course.replace("values:", "bases: [b:1]\nvalues:")
    lint(course.folder)
    course.replace("[b:1]", f"[b:1, {name!r}]")
    with pytest.raises(AssignmentError, match=f"bases: '{name}' is not frozen"):
        lint(course.folder)


def _base(course: Course) -> None:
    frozen(course, b"two")


def _given(course: Course) -> None:
    (course.folder / "files/deep/data").write_text("y")


def _more(course: Course) -> None:
    (course.folder / "files/more").touch()


def _gone(course: Course) -> None:
    (course.folder / "files/deep/data").unlink()


def _check(course: Course) -> None:
    course.replace("return", "return ", file="hidden.py")


@pytest.fixture
def begun(course: Course) -> Path:
    """What a grading has kept of an assignment with files and a frozen image."""
    frozen(course, b"one")
    (course.folder / "files/deep").mkdir(parents=True)
    (course.folder / "files/deep/data").write_text("x")
    file = course.hand_in("s001", course.solved("s001"))
    course.looks(file)
    return file


@pytest.mark.parametrize("change", [_base, _given, _more, _gone, _check])
def test_no_grading_goes_on_with_other_things_than_it_began_with(
    course: Course, begun: Path, change: Callable[[Course], None]
) -> None:
    change(course)
    with pytest.raises(AssignmentError, match="the assignment has changed since"):
        course.looks(begun, resume=True)


def test_a_grading_goes_on_if_only_dates_have_changed(
    course: Course, begun: Path
) -> None:
    (course.folder / "files/deep/data").write_text("x")
    frozen(course, b"one")
    (course.folder / "README.md").write_text("what it is about")
    assert course.looks(begun, resume=True)[0].row.earned == 10
