"""Pages of marks in a real browser: they fit, can be read, and run nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from labshell.grading import reports
from labshell.grading.assignment import Assignment
from labshell.grading.rows import Row
from tests.grading.browser import DARK, STILL, seen
from tests.grading.courses import Course
from tests.grading.marks import HOSTILE, marks_of, row

pytestmark = pytest.mark.require("chromium")
NARROW, WIDE = 320, 1280


def a_class(asked: Assignment) -> list[Row]:
    """Forty students whose points differ."""
    return [
        row(asked, f"s{n:03}", n % 5, 3 * (n % 3 > 0), n % 4, n % 2) for n in range(40)
    ]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The page of a class, and one student's feedback."""
    place = tmp_path_factory.mktemp("pages")
    course = Course(place / "course")
    course.replace("  - id: clean\n", "  - id: clean\n    concepts: [12, 13]\n")
    course.replace("  - id: word\n", "  - id: word\n    concepts: [4, 16]\n")
    asked = course.assignment
    reports.write(marks_of(asked, *a_class(asked)), place, ["class", "feedback"])
    return [(place / name).read_text() for name in ("class.html", "feedback/s001.html")]


@pytest.fixture(scope="module", params=["light", "dark"])
def shown(
    request: pytest.FixtureRequest, pages: list[str], tmp_path_factory: Any
) -> list[dict[str, Any]]:
    """Both pages in a narrow frame and in a wide one."""
    frames = [(page, wide) for page in pages for wide in (NARROW, WIDE)]
    dark = [DARK, STILL] if request.param == "dark" else []
    found = seen(tmp_path_factory.mktemp("browser"), frames, *dark)
    for one in found:
        one["theme"] = request.param
    return found


Shown = Sequence[dict[str, Any]]


def test_nothing_is_scrolled_sideways(shown: Shown) -> None:
    assert [one["width"] for one in shown] == [NARROW, WIDE] * 2
    assert [one["beyond"] for one in shown] == [0] * 4
    assert all(one["scrolls"] <= one["width"] for one in shown)


def test_all_text_can_be_read(shown: Shown) -> None:
    assert min(one["contrast"] for one in shown) >= 4.5


def test_pages_are_as_dark_as_the_reader_wants(shown: Shown) -> None:
    dark = shown[0]["theme"] == "dark"
    assert {one["ground"] == "rgb(22, 25, 29)" for one in shown} == {dark}


def test_nothing_moves_for_who_wants_no_motion(shown: Shown) -> None:
    wanted = "0s" if shown[0]["theme"] == "dark" else "0.15s"
    assert shown[0]["motion"] == wanted


def test_what_has_the_focus_is_seen(shown: Shown) -> None:
    assert shown[0]["outline"] == "solid"


def test_nothing_is_fetched(shown: Shown) -> None:
    assert {one["fetched"] for one in shown} == {0}


def test_pages_have_a_language_a_title_and_headings_in_order(shown: Shown) -> None:
    for one in shown:
        assert one["lang"] == "en"
        assert one["title"].startswith("Small and clean")
        assert one["headings"] == ["h1", "h2", "h2", "h2"]


def test_what_students_wrote_runs_nothing(course: Course, tmp_path: Path) -> None:
    asked = course.assignment
    rows = [
        row(asked, f"s{number:03}", 0, message=text)
        for number, text in enumerate(HOSTILE.values())
    ]
    reports.write(marks_of(asked, *rows), tmp_path, ["feedback"])
    texts = [path.read_text() for path in sorted(tmp_path.glob("feedback/*.html"))]
    found = seen(tmp_path, [(text, NARROW) for text in texts])
    assert len(found) == len(HOSTILE)
    for one in found:
        assert not {"script", "img", "iframe", "a", "link"} & set(one["tags"])
        assert (one["fetched"], one["beyond"]) == (0, 0)
    assert "<script>alert(1)</script>" in found[0]["text"]
