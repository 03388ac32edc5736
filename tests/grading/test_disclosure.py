"""From the page of a class nobody learns what a few students did."""

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labshell.grading import reports
from labshell.grading.reports.class_numbers import ALL, NONE, numbers
from labshell.grading.reports.disclosure import Cell, protect
from labshell.grading.reports.page import PAIRS, PALETTE
from labshell.grading.rows import MISSING, UNGRADED
from tests.grading.courses import Course
from tests.grading.marks import marks_of, row


def shown(*counts: int) -> list[str]:
    return [str(cell) for cell in protect(counts)]


@pytest.mark.parametrize(
    ("counts", "wanted"),
    [
        ((12, 13, 7), ["10–14", "10–14", "5–9"]),
        ((12, 13, 3), ["10–14", "10–14", "<5"]),
        ((10, 20, 0), ["5–14", "15–24", "<5"]),
        ((22, 0, 15), ["15–24", "<5", "15–24"]),
        ((3, 2, 2), ["<5", "<5", "<5"]),
        ((4, 4, 4), ["·", "·", "·"]),
        ((40, 0, 0), ["35–40", "<5", "<5"]),
        ((5, 5, 0), ["·", "·", "<5"]),
    ],
    ids=str,
)
def test_counts_are_shown_as_ranges(counts: tuple[int, ...], wanted: list[str]) -> None:
    assert shown(*counts) == wanted


def possible(cells: list[Cell], size: int, place: int) -> set[int]:
    """What a cell may be, for who knows the rest and the size of the class."""
    spans = [range(c.low, min(c.high, size) + 1) for c in cells]
    return {
        counts[place] for counts in itertools.product(*spans) if sum(counts) == size
    }


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 24), min_size=2, max_size=3).filter(lambda c: sum(c) >= 5)
)
def test_whoever_subtracts_learns_no_small_count(counts: list[int]) -> None:
    cells = protect(counts)
    for place, (count, cell) in enumerate(zip(counts, cells, strict=True)):
        assert cell.low <= count <= cell.high
        if count < 5:
            assert possible(cells, sum(counts), place) >= set(range(5))


def test_a_class_of_four_has_no_numbers(course: Course, tmp_path: Path) -> None:
    asked = course.assignment
    rows = [row(asked, f"s00{n}") for n in range(4)]
    left_out = row(asked, "s009", status=UNGRADED)
    marks = marks_of(asked, *rows, left_out)
    assert numbers(marks) is None
    reports.write(marks, tmp_path, ["class"])
    page = (tmp_path / "class.html").read_text()
    assert "fewer than five students" in page
    assert "<table" not in page


def test_who_handed_in_nothing_has_no_points_and_is_counted(course: Course) -> None:
    asked = course.assignment
    rows = [row(asked, f"s{n:03}") for n in range(10)]
    rows += [row(asked, f"t{n:03}", status=MISSING) for n in range(10)]
    found = numbers(marks_of(asked, *rows))
    assert found is not None
    assert found.size == 20
    assert {str(line.cells[NONE]) for line in found.items} <= {"5–14"}


def test_what_most_failed_at_comes_first(course: Course) -> None:
    course.replace("  - id: word\n", "  - id: word\n    concepts: [16]\n")
    course.replace("  - id: recipe\n", "  - id: recipe\n    concepts: [23]\n")
    asked = course.assignment
    rows = [row(asked, f"s{n:03}", 4, 3, 2 * (n % 3 > 0), n % 2) for n in range(40)]
    found = numbers(marks_of(asked, *rows))
    assert found is not None
    assert [line.name.split(":")[0] for line in found.concepts] == [
        "consistency",
        "build",
    ]
    assert found.items[0].name == "Which word?"
    assert str(found.items[0].cells[ALL]) == "15–24"


def test_the_page_of_a_class_names_nobody(course: Course, tmp_path: Path) -> None:
    asked = course.assignment
    rows = [row(asked, f"pseudo-{n}", n % 5) for n in range(30)]
    reports.write(marks_of(asked, *rows, named=True), tmp_path, ["class"])
    page = (tmp_path / "class.html").read_text()
    assert "pseudo-" not in page
    assert "Ada" not in page
    assert "{{" not in page


def test_no_figure_of_the_page_is_under_five(course: Course, tmp_path: Path) -> None:
    asked = course.assignment
    rows = [row(asked, f"s{n:03}", n % 5, 3, 2, n == 0) for n in range(23)]
    reports.write(marks_of(asked, *rows), tmp_path, ["class"])
    page = (tmp_path / "class.html").read_text()
    cells = re.findall(r'<td[^>]*class="count[^"]*"[^>]*>(.*?)</td>', page)
    assert cells
    for cell in cells:
        assert re.fullmatch(r"&lt;5|\d+–\d+|<span aria-hidden.*", cell)
        assert not (found := re.match(r"\d+", cell)) or int(found[0]) >= 5


def light(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS, ids="-on-".join)
def test_colours_differ_enough_to_be_read(pair: tuple[str, str], side: int) -> None:
    text, ground = sorted((light(PALETTE[name][side]) for name in pair), reverse=True)
    assert (text + 0.05) / (ground + 0.05) >= 4.5


def test_a_page_in_chinese_says_that_concepts_are_in_english(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course.replace("  - id: word\n", "  - id: word\n    concepts: [16]\n")
    asked = course.assignment
    monkeypatch.setenv("LABSHELL_LANG", "zh")
    rows = [row(asked, f"s{n:03}") for n in range(9)]
    reports.write(marks_of(asked, *rows), tmp_path, ["class"])
    page = (tmp_path / "class.html").read_text()
    assert '<html lang="zh-CN">' in page
    assert page.count('role="rowheader" lang="en"') == 1
