"""Lines in an open process, and lines that end early."""

import os
import subprocess
from pathlib import Path

import pytest

from engine.engine import Engine
from labshell.cli import run_line
from tests.shell.lines import Lab


def test_many_lines_run_in_one_process(
    engine: Engine, capfd: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        assert run_line(engine, ["create", "--name", f"box{number}", "busybox"]) == 0
    capfd.readouterr()
    assert run_line(engine, ["ps", "-aq"]) == 0
    assert len(capfd.readouterr().out.splitlines()) == 3
    assert run_line(engine, ["rm", "nosuch", "box0"]) == 1
    captured = capfd.readouterr()
    assert captured.out == "box0\n"
    assert captured.err.startswith("Error: No such container: nosuch\n")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ([], 0),
        (["--help"], 0),
        (["run", "--help"], 0),
        (["--version"], 0),
        (["volume"], 0),
        (["run"], 1),
        (["run", "--bogus"], 125),
        (["nosuch"], 1),
    ],
)
def test_no_line_ends_the_process(
    engine: Engine, line: list[str], code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_line(engine, line) == code
    captured = capfd.readouterr()
    assert captured.out or captured.err.startswith("Error: ")


def test_a_program_runs_in_an_open_process(
    engine: Engine, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run_line(engine, ["run", "--rm", "busybox", "sh", "-c", "echo hi; exit 9"])
    assert code == 9
    assert capfd.readouterr().out == "hi\n"


def test_a_line_may_use_another_root(
    engine: Engine, fresh_root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_line(engine, ["create", "--name", "box", "busybox"])
    capfd.readouterr()
    assert run_line(engine, ["--root", str(fresh_root), "ps", "-aq"]) == 0
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("line", ["--help", "save busybox", "export box", "cp box:/ -"])
def test_a_reader_that_has_gone_is_no_failure_to_explain(lab: Lab, line: str) -> None:
    lab("create", "--name", "box", "busybox")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        lab.command(*line.split()), stdout=write, stderr=subprocess.PIPE, timeout=60
    )
    os.close(write)
    assert done.stderr == b""
    assert done.returncode in (-13, 141)


@pytest.mark.parametrize("line", ["save busybox", "export box", "cp box:/bin -"])
def test_nor_is_a_reader_that_has_seen_enough_of_a_tar(lab: Lab, line: str) -> None:
    lab("create", "--name", "box", "busybox")
    process = lab.begin(*line.split())
    assert process.stdout is not None
    assert process.stdout.read(10)
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(60) == 141


def test_a_line_without_colour_on_a_file(lab: Lab) -> None:
    assert "\x1b" not in lab("rm", "nosuch").err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_each_shell(lab: Lab, shell: str) -> None:
    done = lab("completion", shell)
    assert done.code == 0
    assert "_LAB_COMPLETE" in done.out
    assert "labshell" in done.out


def completed(lab: Lab, line: str) -> list[str]:
    """What bash would be offered behind the last word of a line."""
    words = f"lab --root {lab.root} {line}"
    count = len(words.split()) - (0 if line.endswith(" ") else 1)
    answers = {"_LAB_COMPLETE": "bash_complete", "COMP_WORDS": words}
    done = lab(env={**answers, "COMP_CWORD": str(count)})
    return [row.partition(",")[2] for row in done.lines if row]


def test_tab_offers_verbs_and_options(lab: Lab) -> None:
    assert completed(lab, "un") == ["unpause"]
    assert completed(lab, "run --ho") == ["--hostname"]
    assert "create" in completed(lab, "volume ")


def test_tab_offers_the_names_of_what_is_there(lab: Lab) -> None:
    lab("create", "--name", "box", "busybox")
    lab("volume", "create", "data")
    assert completed(lab, "rm b") == ["box"]
    assert completed(lab, "run bu") == ["busybox:latest"]
    assert completed(lab, "volume rm ") == ["data"]
    assert completed(lab, "stop ") == []


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("run --restart un", ["unless-stopped"]),
        ("run --network ", ["bridge", "host", "none"]),
        ("run -v da", ["data:"]),
        ("run --volumes-from ", ["box"]),
        ("kill -s HU", ["HUP"]),
        ("ps -f st", ["status="]),
        ("update --restart n", ["no"]),
        ("explain whi", ["whiteout"]),
    ],
)
def test_tab_offers_the_values_that_an_option_knows(
    lab: Lab, line: str, offered: list[str]
) -> None:
    lab("create", "--name", "box", "-v", "data:/d", "busybox")
    assert completed(lab, line) == offered
