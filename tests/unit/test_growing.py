"""Files that grow and are put aside: no line is lost, and the last ones are found."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.growing import GrowingFile, put_aside
from engine.runtime.logs import LogEntry, LogKeeping, LogWriter


def lines_of(path: Path, last: int | None = None) -> list[bytes]:
    file = GrowingFile(path, last)
    try:
        return list(file.lines())
    finally:
        file.close()


def write(path: Path, *lines: bytes) -> None:
    with path.open("ab") as file:
        file.write(b"".join(line + b"\n" for line in lines))


def turn(path: Path, most: int = 9) -> None:
    """Put the file aside, as its writer does."""
    for number in range(most, 0, -1):
        if put_aside(path, number - 1).exists():
            os.replace(put_aside(path, number - 1), put_aside(path, number))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is written."""
    return tmp_path / "lines"


def test_what_was_put_aside_comes_first(path: Path) -> None:
    for text in (b"one", b"two", b"three"):
        turn(path)
        write(path, text)
    assert lines_of(path) == [b"one", b"two", b"three"]


def test_a_file_that_is_not_there_has_no_lines_until_it_is(path: Path) -> None:
    file = GrowingFile(path)
    assert list(file.lines()) == []
    write(path, b"one")
    assert list(file.lines()) == [b"one"]
    file.close()


def test_a_line_is_told_when_it_is_whole(path: Path) -> None:
    file = GrowingFile(path)
    path.write_bytes(b"on")
    assert list(file.lines()) == []
    write(path, b"e")
    assert list(file.lines()) == [b"one"]
    file.close()


@given(st.lists(st.sampled_from(["write", "turn", "read"]), max_size=30))
def test_a_reader_sees_every_line_once_whatever_happens_between(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    path = tmp_path_factory.mktemp("growing") / "lines"
    write(path, b"0")
    file, seen, number = GrowingFile(path), [], 1
    for step in steps:
        if step == "write":
            write(path, str(number).encode())
            number += 1
        elif step == "turn":
            turn(path, most=99)
        else:
            seen += [int(line) for line in file.lines()]
    seen += [int(line) for line in file.lines()]
    file.close()
    assert seen == list(range(number))


class Overtaken(GrowingFile):
    """A reader whose writer puts two files aside between any two looks of it."""

    def _open(self, number: int) -> int | None:
        if number == 1 and len(self._numbers()) < 6:
            for text in (b"more", b"and more"):
                turn(self._path)
                write(self._path, text)
        return super()._open(number)


@pytest.mark.parametrize("already", [0, 1])
def test_a_reader_that_is_overtaken_while_it_looks_misses_no_file(
    path: Path, already: int
) -> None:
    write(path, b"one")
    file = Overtaken(path)
    seen = list(file.lines()) * already
    turn(path)
    write(path, b"two")
    turn(path)
    write(path, b"three")
    if not already:
        file.close()
        file = Overtaken(path)
    seen += file.lines()
    file.close()
    assert seen[:3] == [b"one", b"two", b"three"]
    assert set(seen[3:]) == {b"more", b"and more"}


def test_a_reader_too_slow_goes_on_with_the_oldest_that_is_left(path: Path) -> None:
    write(path, b"one")
    file = GrowingFile(path)
    assert list(file.lines()) == [b"one"]
    for text in (b"two", b"three", b"four"):
        turn(path, most=1)
        write(path, text)
    assert list(file.lines()) == [b"three", b"four"]
    file.close()


@pytest.mark.parametrize("last", [0, 1, 2, 3, 5, 1000])
def test_the_last_lines_are_found_across_files(path: Path, last: int) -> None:
    everything = [b"x" * 50_000, b"", b"short", b"y" * 200_000, b"end"]
    for at, line in enumerate(everything):
        write(path, line)
        if at in (1, 3):
            turn(path)
    assert lines_of(path, last) == everything[len(everything) - min(last, 5) :]


def test_the_last_lines_of_a_huge_file_are_read_from_its_end(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole: to read it all would take an hour
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + b"\n".join(b"%d" % n for n in range(100)) + b"\n")
    assert lines_of(path, 3) == [b"97", b"98", b"99"]


def entries(path: Path) -> list[bytes]:
    return [LogEntry.parse(line).data for line in lines_of(path)]


def test_a_log_with_a_limit_keeps_so_many_files(path: Path) -> None:
    writer = LogWriter(path, LogKeeping(largest=1000, files=3))
    for number in range(200):
        writer.write("stdout", b"line %d\n" % number)
    writer.close()
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "lines",
        "lines.1",
        "lines.2",
    ]
    assert all(file.stat().st_size < 1200 for file in path.parent.iterdir())
    kept = entries(path)
    assert kept == [b"line %d\n" % n for n in range(200 - len(kept), 200)]


def test_a_log_of_one_file_begins_anew_when_it_is_full(path: Path) -> None:
    writer = LogWriter(path, LogKeeping(largest=500))
    for number in range(50):
        writer.write("stdout", b"%d\n" % number)
    writer.close()
    assert [file.name for file in path.parent.iterdir()] == ["lines"]
    assert entries(path)[-1] == b"49\n"
    assert path.stat().st_size < 600


def test_a_log_that_is_not_kept_is_no_file(path: Path) -> None:
    writer = LogWriter(path, LogKeeping(kept=False))
    writer.write("stdout", b"gone\n")
    writer.close()
    assert list(path.parent.iterdir()) == []


def test_a_log_that_cannot_be_put_aside_goes_on_where_it_is(path: Path) -> None:
    writer = LogWriter(path, LogKeeping(largest=10, files=2))
    put_aside(path, 1).mkdir()  # nothing can be renamed over it
    for number in range(3):
        writer.write("stdout", b"%d\n" % number)
    writer.close()
    lines = path.read_bytes().splitlines()
    assert [LogEntry.parse(line).data for line in lines] == [b"0\n", b"1\n", b"2\n"]
