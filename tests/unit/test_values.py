"""What is typed after an option: which forms are understood, and which are refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import moments
from engine.errors import InvalidArgument
from labshell.commands import values


@pytest.mark.parametrize(
    ("typed", "size"),
    [
        ("67108864", 64 << 20),
        ("64m", 64 << 20),
        ("64M", 64 << 20),
        ("64mb", 64 << 20),
        ("64MiB", 64 << 20),
        ("1.5g", 3 << 29),
        ("512k", 512 << 10),
        ("10b", 10),
        ("0", 0),
        ("1 g", 1 << 30),
    ],
)
def test_a_size_may_have_a_unit(typed: str, size: int) -> None:
    assert values.memory(typed) == size


@pytest.mark.parametrize(
    "typed", ["", "lots", "-1", "-2", "1x", "1kk", "m", "1..5g", "0x10", "٣m", "nan"]
)
def test_a_size_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="invalid size: "):
        values.memory(typed)


def test_a_size_beyond_what_the_kernel_counts_is_refused() -> None:
    with pytest.raises(ValueError, match="more than the kernel can count"):
        values.memory("9999999999p")
    with pytest.raises(ValueError, match="more than the kernel can count"):
        values.memory("9" * 400)


def test_swap_may_be_unlimited_and_memory_may_not() -> None:
    assert values.memory_or_unlimited("-1") == values.UNLIMITED
    with pytest.raises(ValueError):
        values.memory("-1")


@given(st.text())
def test_any_text_is_a_size_or_a_clear_refusal(typed: str) -> None:
    try:
        assert values.memory(typed) >= 0
    except ValueError as error:
        assert "invalid size" in str(error)


@pytest.mark.parametrize(
    ("typed", "number"), [("2", 2.0), ("0.5", 0.5), (".5", 0.5), ("-1", -1.0)]
)
def test_processors_may_be_a_part_of_one(typed: str, number: float) -> None:
    assert values.cpus(typed) == number


@pytest.mark.parametrize("typed", ["", "two", "--1", "nan", "inf", "1e3", "1/0"])
def test_processors_are_a_plain_number(typed: str) -> None:
    with pytest.raises(ValueError, match="failed to parse"):
        values.cpus(typed)


def test_a_variable_alone_takes_the_value_of_the_shell() -> None:
    assert values.environment(["HOME"], {"HOME": "/root"}) == ("HOME=/root",)


def test_a_variable_that_the_shell_has_not_is_left_out() -> None:
    assert values.environment(["NOPE"], {}) == ()


def test_the_later_of_two_assignments_counts() -> None:
    assert values.environment(["A=1", "B=2", "A=3"], {}) == ("A=3", "B=2")


def test_a_value_may_hold_an_equals_sign_or_nothing() -> None:
    assert values.environment(["A=b=c", "E="], {}) == ("A=b=c", "E=")


@pytest.mark.parametrize("typed", ["", "=x"])
def test_a_variable_needs_a_name(typed: str) -> None:
    with pytest.raises(ValueError, match="invalid environment variable"):
        values.assignment(typed)


def test_an_env_file_has_comments_and_empty_lines(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("# comment\n\nA=1\n  B=two words \nHOME\n  # another\n")
    assert values.environment_file(str(file)) == ("A=1", "B=two words ", "HOME")


def test_an_env_file_may_come_from_another_system(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_bytes(b"\xef\xbb\xbfA=1\r\nB=2\r\n")
    assert values.environment_file(str(file)) == ("A=1", "B=2")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"a b=1\n", "variable 'a b' contains whitespaces"),
        (b"=1\n", "no variable name on line '=1'"),
        (b"A=\xff\n", "not UTF-8"),
        (b"A" * (2 << 20), "larger than 1 MiB"),
    ],
)
def test_a_broken_env_file_is_refused(
    tmp_path: Path, text: bytes, complaint: str
) -> None:
    file = tmp_path / "env"
    file.write_bytes(text)
    with pytest.raises(ValueError, match=complaint):
        values.environment_file(str(file))


def test_an_env_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="open /nonexistent/env: no such file"):
        values.environment_file("/nonexistent/env")


def test_a_label_may_have_no_value() -> None:
    assert values.label("a=b=c") == ("a", "b=c")
    assert values.label("a") == ("a", "")
    with pytest.raises(ValueError, match="empty name"):
        values.label("=x")


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("90s", 90),
        ("1m30s", 90),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("2h1m", 7260),
        ("250us", 250e-6),
        ("3µs", 3e-6),
    ],
)
def test_a_duration_is_written_as_go_writes_it(typed: str, seconds: float) -> None:
    assert moments.seconds(typed) == seconds


@pytest.mark.parametrize("typed", ["", "90", "s", "1d", "1m x", "-1s"])
def test_a_duration_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="invalid duration"):
        moments.seconds(typed)


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("10s", 999_990),
        ("500", 500),
        ("500.25", 500.25),
        ("1970-01-02", 86400),
        ("1970-01-01T00:01:00Z", 60),
        ("1970-01-01T00:01", 60),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00.5Z", 0.5),
    ],
)
def test_a_moment_is_a_date_a_number_or_so_long_ago(typed: str, moment: float) -> None:
    assert moments.moment(typed, now=1_000_000) == moment


@given(st.text())
def test_any_text_is_a_moment_or_a_clear_refusal(typed: str) -> None:
    try:
        moments.moment(typed, now=0)
    except InvalidArgument as error:
        assert "failed to parse value as time or duration" in error.message


@pytest.mark.parametrize("typed", ["9" * 400 + "h", "9999999999999s"])
def test_a_duration_of_more_than_292_years_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="invalid duration: "):
        values.nanoseconds(typed)
