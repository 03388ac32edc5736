"""The terminal: programs that need it get it, and no key ends the shell."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests import machine
from tests.engine.boxes import until
from tests.shell.open_shell import OpenShell

if TYPE_CHECKING:
    from engine.engine import Engine

CTRL_C, CTRL_D, CTRL_Z = "\x03", "\x04", "\x1a"


@pytest.fixture
def shell(engine: "Engine", tmp_path: Path) -> Iterator[OpenShell]:
    shell = OpenShell(engine.root, tmp_path)
    yield shell
    shell.leave()


@pytest.fixture
def editor(engine: "Engine", tmp_path: Path) -> Iterator[OpenShell]:
    """A shell on a terminal that can move its cursor."""
    shell = OpenShell(engine.root, tmp_path, term="xterm", columns=100)
    yield shell
    shell.child.close(force=True)


def wait_for(shell: OpenShell, program: str) -> None:
    """Give a program time to start reading keys."""
    time.sleep(0.5)


def test_bash_has_a_terminal_of_the_same_size(shell: OpenShell) -> None:
    assert shell("stty size") == "24 80"
    assert shell("tty").startswith("/dev/pts/")
    shell.child.setwinsize(30, 100)
    assert shell("stty size") == "30 100"


def test_a_new_size_reaches_the_program_that_runs(shell: OpenShell) -> None:
    waiting = "trap 'stty size; exit' WINCH; echo g''o; while :; do sleep 0.05; done"
    shell(f"waiting() {{ {waiting}; }}")
    shell.type("(waiting)\n")
    shell.expect("go\r\n")
    shell.child.setwinsize(33, 77)
    assert "33 77" in shell.until_prompt()


def test_less_gets_the_keys(shell: OpenShell) -> None:
    machine.need("less")
    shell.type("seq 500 | TERM=xterm less\n")
    shell.expect("23")
    shell.type("G")
    shell.expect("500")
    shell.type("q")
    shell.until_prompt()
    assert shell("echo still here") == "still here"


def test_vim_writes_a_file(shell: OpenShell, tmp_path: Path) -> None:
    machine.need("vim")
    shell.type("TERM=xterm vim -u NONE note\n")
    time.sleep(1)
    shell.type("ihello from vim\x1b:wq\r")
    shell.until_prompt()
    assert shell("cat note") == "hello from vim"


def test_a_command_reads_what_is_typed(shell: OpenShell) -> None:
    shell.type("read -p 'name? ' name\n")
    shell.expect("name? ")
    shell.type("otter\n")
    shell.until_prompt()
    assert shell("echo $name") == "otter"


def test_ctrl_c_ends_the_program_and_not_the_shell(shell: OpenShell) -> None:
    for line in ("sleep 100", "while :; do :; done", "read x"):
        shell.type(f"{line}\n")
        wait_for(shell, line)
        shell.type(CTRL_C)
        shell.until_prompt()
        assert shell.failed == "130"
    assert shell("echo alive") == "alive"


def test_ctrl_c_on_a_line_gives_a_new_one(shell: OpenShell) -> None:
    shell.type("half a li")
    wait_for(shell, "the prompt")
    shell.type(CTRL_C)
    shell.until_prompt()
    assert shell("echo alive") == "alive"


def test_ctrl_c_ends_a_lab_line_and_not_the_shell(shell: OpenShell) -> None:
    shell("lab run -d --name web busybox sleep 1000")
    shell.type("lab logs -f web\n")
    wait_for(shell, "logs")
    shell.type(CTRL_C)
    shell.until_prompt()
    assert shell.failed == "130"
    assert len(shell("lab ps -q")) == 12


def test_ctrl_z_stops_a_job_and_fg_goes_on(shell: OpenShell) -> None:
    shell.type("sleep 100\n")
    wait_for(shell, "sleep")
    shell.type(CTRL_Z)
    assert "Stopped" in shell.until_prompt()
    assert "sleep 100" in shell("jobs")
    shell.type("fg\n")
    wait_for(shell, "sleep")
    shell.type(CTRL_C)
    shell.until_prompt()
    assert shell("jobs") == ""


def test_ctrl_d_on_an_empty_line_leaves(shell: OpenShell) -> None:
    shell("(exit 4)")
    shell.type(CTRL_D)
    shell.child.expect(pexpect.EOF)
    assert shell.leave() == 4


def test_stopped_jobs_are_not_left_without_a_word(shell: OpenShell) -> None:
    shell.type("sleep 100\n")
    wait_for(shell, "sleep")
    shell.type(CTRL_Z)
    shell.until_prompt()
    assert "stopped jobs" in shell("exit")
    shell("kill %1")


def test_a_line_typed_too_early_is_run_afterwards(shell: OpenShell) -> None:
    shell.type("sleep 1\n")
    wait_for(shell, "sleep")
    shell.type("echo ear''ly\n")
    shell.expect("\r\nearly\r\n")
    shell.until_prompt()


def test_a_line_begun_too_early_is_gone_on_with(shell: OpenShell) -> None:
    shell.type("sleep 1\n")
    wait_for(shell, "sleep")
    shell.type("echo beg''un")
    shell.until_prompt()
    shell.type("-early\n")
    shell.expect("\r\nbegun-early\r\n")
    shell.until_prompt()


def test_a_background_job_is_heard_at_a_dumb_terminal(shell: OpenShell) -> None:
    shell("(sleep 1; echo from  behind) &")
    shell.type("echo ty")
    shell.expect("from behind")
    shell.until_prompt()
    shell.type("ped\n")
    shell.expect("\r\ntyped\r\n")
    shell.until_prompt()


def test_output_without_a_newline_does_not_swallow_the_prompt(
    shell: OpenShell,
) -> None:
    assert shell("printf half").startswith("half")
    assert shell("echo whole") == "whole"


def test_a_container_with_a_terminal_has_ours(shell: OpenShell) -> None:
    shell.type("lab run --rm -it busybox sh\n")
    shell.expect("/ # ")
    shell.type("stty size; exit 5\n")
    shell.expect("24 80")
    shell.until_prompt()
    assert shell.failed == "5"


def test_enter_goes_on_in_the_next_line_until_a_command_is_whole(
    editor: OpenShell,
) -> None:
    editor.type("for i in 1 2; do\r")
    editor.type("echo number$i; done\r")
    editor.expect("number1")
    editor.expect("number2")


def test_tab_completes_verbs_names_and_paths(editor: OpenShell) -> None:
    for begun, whole in (
        ("lab mou", "the machine"),
        ("ls -d /usr/shar", "/usr/share/"),
        ("lab history busyb", "CREATED BY"),
    ):
        editor.type(f"{begun}\t")
        wait_for(editor, "the completion")
        editor.type("\r")
        editor.expect(whole)
        editor.until_prompt()


def test_a_background_job_speaks_while_a_line_is_typed(editor: OpenShell) -> None:
    editor.type("(sleep 1; echo from  behind) &\r")
    editor.until_prompt()
    editor.type("echo ty")
    editor.expect("from behind")
    editor.type("ped\r")
    editor.expect("typed")


def test_what_is_offered_is_taken_with_the_right_arrow(editor: OpenShell) -> None:
    editor.type("lab create --name web busybox true\r")
    editor.until_prompt()
    editor.type("rename web\r")
    editor.expect("`lab rename web`?")
    editor.until_prompt()
    editor.type("\x1b[C")
    editor.type(" other\r")
    editor.until_prompt()
    editor.type("lab ps -a\r")
    editor.expect("other")


def test_forty_columns_are_enough(engine: "Engine", tmp_path: Path) -> None:
    (tmp_path / "a" / "deep" / "place").mkdir(parents=True)
    shell = OpenShell(engine.root, tmp_path, columns=40)
    shell("cd a/deep/place")
    shell.type("pwd\n")
    shell.child.expect("lab place # ")
    shell.leave()


def test_lines_typed_early_keep_their_order(editor: OpenShell) -> None:
    editor.type("sleep 1\recho tw''o\r")  # the second is read with the first
    wait_for(editor, "sleep")
    editor.type("echo thr''ee\r")  # … and this one while the first runs
    editor.expect("two")
    editor.expect("three")
    editor.until_prompt()


def test_ctrl_c_is_for_what_bash_runs_while_it_starts(
    engine: "Engine", tmp_path: Path
) -> None:
    (tmp_path / ".bashrc").write_text("sleep 1000\n")
    shell = OpenShell(engine.root, tmp_path, term="xterm", columns=100)
    try:
        ended, taken = "[130] lab", "no such word"
        said = ended
        while said != taken:  # pressed before the line waits for bash, it ends the line
            if said == ended:
                shell.type(":nothing\r")
                shell.expect("\x1b[?2004l")
                until(shell.child.getecho, "Ctrl-C is a signal", seconds=30)
            shell.type("\x03")
            heard = [ended, taken, pexpect.TIMEOUT]
            said = heard[shell.child.expect_exact(heard, timeout=2)]
    finally:
        shell.child.close(force=True)


def test_what_is_typed_while_bash_is_still_starting_is_not_lost(
    engine: "Engine", tmp_path: Path
) -> None:
    go, mark = tmp_path / "go", tmp_path / "mark"
    (tmp_path / ".bashrc").write_text(f"until [ -e {go} ]; do sleep 0.05; done\n")
    shell = OpenShell(engine.root, tmp_path, term="xterm", columns=100)
    try:
        shell.type(":nothing\r")
        shell.expect("\x1b[?2004l")  # the line is taken, and waits for bash
        until(shell.child.getecho, "a terminal that echoes", seconds=30)
        shell.type(f"echo typed > {mark}\r")
        shell.expect("typed")  # the terminal's echo
        go.touch()
        shell.expect("no such word")
        until(mark.exists, "the second line", seconds=30)
    finally:
        shell.child.close(force=True)
