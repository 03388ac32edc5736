"""What the shell says of mounts, processes and layers after a command."""

import pytest

from labshell.shell.changes import MOST_LINES, Change, show


def some(sign: str, kind: str, count: int) -> list[Change]:
    return [Change(sign=sign, kind=kind, text=f"no. {n}") for n in range(count)]


def test_a_few_changes_are_told_each(capsys: pytest.CaptureFixture[str]) -> None:
    show(some("-", "mount", MOST_LINES + 1))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == MOST_LINES + 1
    assert "- mount no. 0" in lines[0]


def test_many_are_counted_and_no_count_is_less_than_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gone = some("-", "layer", MOST_LINES + 1) + some("-", "process", 2)
    gone += some("-", "mount", 8)
    came = some("+", "mount", 3) + some("+", "process", 1)
    show(gone + came)
    *lines, last = capsys.readouterr().out.splitlines()
    assert len(lines) == MOST_LINES
    assert (
        "and 1 layer gone, 2 processes ended, 8 mounts gone, 3 new mounts, "
        "1 new process: `lab mounts`"
    ) in last


def test_in_chinese_a_chinese_comma_stands_between_counts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABSHELL_LANG", "zh")
    show(some("-", "layer", MOST_LINES + 1) + some("-", "process", 2))
    assert "减少 1 个层，2 个进程结束：" in capsys.readouterr().out
