"""A session as a film: played by the solution, or by somebody at a terminal."""

import json
import os
import sys
from pathlib import Path

import pexpect
import pytest

from engine.engine import Engine
from engine.errors import EngineError
from labshell.cli import run_line
from labshell.lessons import library, saving
from labshell.lessons.playing import play
from labshell.lessons.recording import Cast, recorded
from labshell.shell import repl

LESSON = "commit/init-layer"


def film(path):
    """The header, and the events."""
    header, *events = map(json.loads, path.read_text().splitlines())
    return header, events


def on_screen(events) -> str:
    return "".join(data for _, kind, data in events if kind == "o")


def test_a_recording_is_an_asciicast(tmp_path):
    with recorded(tmp_path / "x.cast") as cast:
        cast.show("hello\r\n")
        cast.show_bytes("é".encode()[:1])
        cast.show_bytes("é".encode()[1:])
        cast.resize(100, 30)
    header, events = film(tmp_path / "x.cast")
    assert header["version"] == 2
    assert {"width", "height", "timestamp"} <= header.keys()
    assert [event[1:] for event in events] == [
        ["o", "hello\r\n"], ["o", "é"], ["r", "100x30"]
    ]  # fmt: skip
    times = [event[0] for event in events]
    assert times == sorted(times)
    assert (tmp_path / "x.cast").stat().st_mode & 0o777 == 0o600


def test_a_film_is_there_while_it_is_made(tmp_path):
    with recorded(tmp_path / "x.cast") as cast:
        cast.show("one")
        assert on_screen(film(tmp_path / "x.cast")[1]) == "one"


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    (tmp_path / "x.cast").write_text("mine")
    with (
        pytest.raises(EngineError, match="is there already"),
        recorded(tmp_path / "x.cast"),
    ):
        pass
    assert (tmp_path / "x.cast").read_text() == "mine"


def test_a_full_disk_ends_the_film_and_not_the_session():
    cast = Cast(os.open("/dev/full", os.O_WRONLY | os.O_CLOEXEC), 80, 24)
    cast.show("one")
    cast.show("two")
    with pytest.raises(OSError, match="No space left"):
        cast.close()


def test_without_a_terminal_it_says_what_it_needs(tmp_path, capsys):
    file = str(tmp_path / "x.cast")
    assert run_line(Engine(tmp_path / "unused"), ["learn", "--record", file]) == 1
    assert "A recording needs a terminal" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_film_on_which_nothing_is_to_be_seen_is_not_kept(tmp_path):
    path = tmp_path / "x.cast"
    with pytest.raises(KeyboardInterrupt), recorded(path):
        raise KeyboardInterrupt
    assert not path.exists()
    with pytest.raises(KeyboardInterrupt), recorded(path) as cast:
        cast.show("one")
        raise KeyboardInterrupt
    assert on_screen(film(path)[1]) == "one"


@pytest.mark.require("root")
@pytest.mark.parametrize("name", ["x.cast", "films/x.cast"])
def test_under_sudo_the_film_belongs_to_the_student(tmp_path, monkeypatch, name):
    monkeypatch.setattr(saving, "home", lambda: tmp_path)
    monkeypatch.setenv("SUDO_UID", "4242")
    monkeypatch.setenv("SUDO_GID", "4243")
    (tmp_path / "films").mkdir()
    monkeypatch.chdir(tmp_path)
    with recorded(Path(name)) as cast:
        cast.show("one")
    status = os.stat(name)
    assert (status.st_uid, status.st_gid) == (4242, 4243)
    outside = tmp_path.parent / f"{tmp_path.name}.cast"
    with recorded(outside):
        pass
    assert outside.stat().st_uid == os.geteuid()
    outside.unlink()


def test_a_speed_is_for_a_lesson_that_is_played(tmp_path, capsys):
    assert run_line(Engine(tmp_path / "unused"), ["learn", "--speed", "3", LESSON]) != 0
    assert "--play" in capsys.readouterr().err


@pytest.mark.require("root", "overlay")
def test_a_session_at_a_terminal_is_recorded(fresh_root, tmp_path):
    file = tmp_path / "x.cast"
    child = pexpect.spawn(
        sys.executable,
        ["-m", "labshell", "learn", "--record", str(file), LESSON],
        env={
            **os.environ,
            "LABSHELL_ROOT": str(fresh_root),
            "LABSHELL_PROGRESS": str(tmp_path / "progress.json"),
            "PROMPT_TOOLKIT_NO_CPR": "1",
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
        },
        encoding="utf-8",
        timeout=120,
    )
    try:
        child.expect("1/11 recall")
        child.expect("one try")
        child.setwinsize(40, 120)
        child.send(":answer there\r")
        child.expect(r"\+1 point")
        child.send(":reset lesson\r")
        child.expect("never begun")
        child.send(":quit\r")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
        Engine(fresh_root).destroy()
    assert child.exitstatus == 0
    _, events = film(file)
    assert "1/11 recall" in on_screen(events)
    assert "never begun" in on_screen(events)
    assert [data for _, kind, data in events if kind == "r"] == ["120x40"]


@pytest.mark.require("root", "overlay")
def test_a_lesson_is_played_to_its_end_and_recorded(tmp_path):
    screen = []
    with recorded(tmp_path / "x.cast") as cast:

        def watch(text):
            screen.append(text)
            cast.show(text)

        play(library.find(LESSON), 1000, watch)
    assert "The lesson is finished." in "".join(screen)
    assert on_screen(film(tmp_path / "x.cast")[1]) == "".join(screen)


def test_in_the_shell_it_says_to_leave_it_first(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(repl, "current", object())
    assert run_line(Engine(tmp_path / "unused"), ["learn", "--play", LESSON]) == 1
    assert "`:quit` first" in capsys.readouterr().err
