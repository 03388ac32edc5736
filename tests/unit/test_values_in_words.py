"""Sizes, times and tables: how what the engine knows is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import moments
from labshell.views import amounts
from labshell.views.tables import fitted, printable, shorten, table, width


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0B"),
        (999, "999B"),
        (1000, "1kB"),
        (1984172, "1.98MB"),
        (12_345_678, "12.3MB"),
        (999_999, "1MB"),
        (84_300_000_000, "84.3GB"),
    ],
)
def test_sizes_have_three_digits(count: int, words: str) -> None:
    assert amounts.size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "Less than a second"),
        (1.9, "1 second"),
        (59, "59 seconds"),
        (61, "About a minute"),
        (150, "2 minutes"),
        (3600, "About an hour"),
        (3600 * 5, "5 hours"),
        (3600 * 47, "47 hours"),
        (3600 * 48, "2 days"),
        (86400 * 15, "2 weeks"),
        (86400 * 70, "2 months"),
        (86400 * 800, "2 years"),
    ],
)
def test_durations_are_said_as_docker_says_them(seconds: float, words: str) -> None:
    assert moments.duration(seconds) == words


def test_a_time_of_nanoseconds_is_understood() -> None:
    moment = moments.seconds_since_epoch("2023-11-14T22:13:20.500000001Z")
    assert moment == pytest.approx(1_700_000_000.5, abs=1e-6)


def test_a_time_may_have_an_offset() -> None:
    there = moments.seconds_since_epoch("2023-11-14T23:13:20+01:00")
    assert there == 1_700_000_000


def test_a_clock_that_went_back_gives_no_negative_time() -> None:
    assert moments.since("2023-11-14T22:13:20Z", now=0) == "Less than a second"


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table(("NAME", "SIZE"), [("a", "1B"), ("much-longer", "2B")]) == (
        "NAME          SIZE\na             1B\nmuch-longer   2B"
    )


def test_a_table_without_rows_has_its_headings() -> None:
    assert table(("CONTAINER ID", "NAMES"), []) == "CONTAINER ID   NAMES"


def test_a_cell_cannot_fake_a_row_or_paint_the_terminal() -> None:
    shown = table(("A",), [("x\ny\x1b[31m",)])
    assert shown.splitlines() == ["A", r"x\ny\x1b[31m"]


@given(st.text())
def test_what_is_printed_is_always_printable(text: str) -> None:
    assert printable(text).isprintable()


def test_wide_characters_take_two_columns() -> None:
    assert width("容器") == 4
    assert width("ab") == 2


def test_what_is_cut_says_so() -> None:
    assert shorten("abcdef", 4) == "abc…"
    assert shorten("abcd", 4) == "abcd"
    assert shorten("容器镜像", 6) == "容器…"
    assert shorten("容器镜", 6) == "容器镜"


def test_a_table_too_wide_loses_empty_columns_and_then_cuts_one_short() -> None:
    headings, rows = ("A", "EMPTY", "LONG"), [("a", "", "x" * 30)]
    assert fitted(headings, rows, 50, 2) == table(headings, rows)
    assert fitted(headings, rows, 40, 2) == table(("A", "LONG"), [("a", "x" * 30)])
    assert (
        fitted(headings, rows, 25, 2).splitlines()[1] == "a         " + "x" * 14 + "…"
    )
    assert fitted(headings, rows, 5, 2).splitlines()[1] == "a         " + "x" * 7 + "…"
