"""`--step`: a start, one act at a time, by words at a terminal or from a pipe."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.engine.boxes import until
from tests.shell.lines import Lab
from tests.shell.open_shell import OpenShell

if TYPE_CHECKING:
    from engine.engine import Engine

PROMPT = "step> "


class Terminal:
    """A line of `lab` at a terminal, and somebody who types into it."""

    def __init__(self, lab: Lab, *words: str) -> None:
        first, *rest = lab.command(*words)
        self.child = pexpect.spawn(
            first,
            rest,
            encoding="utf-8",
            timeout=30,
            env={**os.environ, "TERM": "dumb", "COLUMNS": "200"},
        )
        self.child.delaybeforesend = None

    def __call__(self, line: str) -> str:
        """Type a line at the prompt; what is printed until the next one."""
        self.child.expect_exact(PROMPT)
        self.child.sendline(line)
        self.child.expect_exact(f"{line}\r\n")
        self.child.expect(f"(?={PROMPT})")
        return str(self.child.before).replace("\r\n", "\n")

    def last(self, line: str) -> str:
        """Type a line at the prompt; what is printed to the end."""
        self.child.expect_exact(PROMPT)
        self.child.send(line)
        return self.rest()

    def rest(self) -> str:
        """What is printed to the end."""
        self.child.expect(pexpect.EOF)
        self.child.close()
        return str(self.child.before).replace("\r\n", "\n")


@pytest.fixture
def names(engine: "Engine") -> Iterator[list[str]]:
    """Names of containers that a test makes."""
    made: list[str] = []
    yield made
    for name in made:
        engine.remove(name, force=True)


def test_a_start_is_stepped_through_at_a_terminal(lab: Lab) -> None:
    step = Terminal(lab, "run", "--step", "--rm", "--name", "box", "busybox", "id")
    shown = step("next")
    assert re.search(r"^ +2  \S", shown, re.MULTILINE)
    shown = step("next namespaces")
    assert "Namespaces: what a process has to itself\n" in shown
    assert re.search(r"^ *\d+  unshare --mount", shown, re.MULTILINE)
    assert "unshare(2), for engine.runtime.starter:start" in shown
    assert " pivot_root . .\n" in step("next pivot_root")
    assert "def apply(" in step("source")
    assert "/etc/hosts" in step("mounts")
    assert "starts box" in step("tree")
    assert "fail ENOSPC" in step("help")
    assert "no act is of the concept or call nowhere" in step("next nowhere")
    assert "uid=0" in step.last("continue\n")
    assert step.child.exitstatus == 0
    assert "box" not in lab("ps", "-a").out


def test_other_lines_are_for_the_shell_with_what_it_needs_to_look(lab: Lab) -> None:
    step = Terminal(lab, "run", "--step", "--rm", "busybox", "true")
    step("next pivot_root")
    own = os.readlink("/proc/self/ns/pid")
    theirs = step("readlink /proc/$PID/ns/pid").strip()
    assert theirs.startswith("pid:[") and theirs != own
    assert step("ls $ROOTFS/bin/busybox").strip().endswith("/rootfs/bin/busybox")
    number = step("echo $PID").strip()
    assert number in step("cat $CGROUP/cgroup.procs").split()
    assert len(step("echo $ID").strip()) == 64
    step.last("abort\n")


def test_a_shell_in_a_container_gets_the_terminal_after_the_last_step(lab: Lab) -> None:
    step = Terminal(lab, "run", "--step", "-it", "--rm", "busybox", "sh")
    step("next execve")
    step.child.expect_exact(PROMPT)
    step.child.send("next\n")
    step.child.expect_exact("/ # ")
    step.child.send("tty; exit 5\n")
    assert "/dev/pts/0" in step.rest()
    assert step.child.exitstatus == 5


@pytest.mark.parametrize("line", ["abort\n", "\x03"])
def test_an_abort_and_ctrl_c_leave_nothing(lab: Lab, line: str) -> None:
    step = Terminal(lab, "run", "--step", "--name", "gone", "busybox", "true")
    step("next pivot_root")
    told = step.last(line)
    assert told.count("Error: ") == 1
    assert "the start was broken off" in told and "Nothing of it is left." in told
    assert step.child.exitstatus == 125
    assert lab("ps", "-a", "--filter", "name=gone", "-q").out == ""


def test_ctrl_d_does_all_that_is_left(lab: Lab) -> None:
    step = Terminal(lab, "run", "--step", "--rm", "busybox", "echo", "done")
    assert "continue\ndone\n" in step.last("\x04")


def test_an_aborted_start_leaves_the_container_as_it_was(
    lab: Lab, names: list[str]
) -> None:
    names.append("kept")
    lab("run", "--name", "kept", "busybox", "sh", "-c", "exit 3")
    done = lab("start", "--step", "kept", stdin=b"next mounts\nabort\n")
    assert (done.code, done.error) == (1, "the start was broken off")
    assert done.hint == "All is as it was before."
    (row,) = lab("ps", "-a", "--format", "{{.Status}}", "-f", "name=kept").lines
    assert row.startswith("Exited (3)")
    assert lab("start", "--step", "kept", stdin=b"").lines == ["kept"]


def test_a_restart_is_stepped_through_once_it_has_ended(
    lab: Lab, names: list[str]
) -> None:
    names.append("again")
    lab("run", "-d", "--name", "again", "busybox", "sleep", "1000")
    state = ("inspect", "-f", "{{.State.Status}}", "again")
    assert lab("restart", "-t0", "--step", "again", stdin=b"").lines == ["again"]
    assert lab(*state).out == "running\n"
    assert lab("restart", "-t0", "--step", "again", stdin=b"abort\n").code == 1
    assert lab(*state).out == "exited\n"


def test_a_failure_that_was_asked_for_is_one_clear_error(lab: Lab) -> None:
    typed = b"next pivot_root\nfail EINVAL\n"
    done = lab("run", "--step", "--rm", "busybox", "true", stdin=typed)
    assert done.code == 125
    assert done.err.count("Error: ") == 1
    assert re.fullmatch(r"pivot_root /\S+/rootfs: Invalid argument", done.error)
    assert done.hint == "You asked for it at the step prompt: pivot_root EINVAL."


def test_in_a_pipe_what_follows_is_for_the_container(lab: Lab) -> None:
    typed = b"next mounts\ncontinue\ntouch /from-a-pipe; ls /from-a-pipe\n"
    done = lab("run", "--step", "-i", "--rm", "busybox", "sh", stdin=typed)
    assert (done.code, done.out) == (0, "/from-a-pipe\n")
    assert not os.path.exists("/from-a-pipe")


def test_in_a_pipe_no_line_is_given_to_the_shell_of_the_machine(
    lab: Lab, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    typed = f"touch {trace}\nabort\n".encode()
    done = lab("run", "--step", "-i", "busybox", "sh", stdin=typed)
    assert "Error: --step knows no touch\n" in done.err
    assert done.code == 125
    assert not trace.exists()


def test_ps_tells_of_it_and_stop_breaks_it_off(lab: Lab, names: list[str]) -> None:
    names.append("half")
    lab("create", "--name", "half", "busybox", "sleep", "100")
    step = Terminal(lab, "start", "--step", "half")
    step("next pivot_root")
    status = ("ps", "-a", "--format", "{{.Status}}", "-f", "name=half")
    assert lab(*status).lines == ["Created (Stepping)"]
    assert "being started, step by step" in lab("exec", "half", "true").hint
    refused = lab("start", "half")
    assert "is being started, step by step" in refused.error
    assert "lab stop half" in refused.hint
    assert lab("stop", "half").code == 0
    assert lab(*status).lines == ["Created"]
    told = step.rest()
    assert told.count("Error: ") == 1 and "broken off" in told


def test_a_removal_from_elsewhere_is_told_once_to_whoever_steps(lab: Lab) -> None:
    step = Terminal(lab, "run", "--step", "--name", "doomed", "busybox", "true")
    step("next mounts")
    assert "cannot remove a created container" in lab("rm", "doomed").error
    assert lab("rm", "-f", "doomed").code == 0
    told = step.rest()
    assert told.count("Error: ") == 1 and "the start was broken off" in told
    assert step.child.exitstatus == 125


def test_it_goes_on_by_itself_when_the_terminal_is_closed(
    lab: Lab, names: list[str], engine: "Engine"
) -> None:
    names.append("alone")
    step = Terminal(lab, "run", "--step", "--name", "alone", "busybox", "sleep", "100")
    step("next pivot_root")
    step.child.kill(signal.SIGKILL)
    until(lambda: engine.container("alone").running, "it runs")


def test_a_container_that_runs_has_no_step_to_take(lab: Lab, names: list[str]) -> None:
    names.append("runs")
    lab("run", "-d", "--name", "runs", "busybox", "sleep", "100")
    done = lab("start", "--step", "runs", stdin=b"")
    assert (done.code, done.error) == (1, "runs runs already: there is no step to take")


def test_a_newcomers_words_are_understood_or_led_to_help(lab: Lab) -> None:
    step = Terminal(lab, "run", "--step", "--rm", "busybox", "true")
    assert re.search(r"^ +2  \S", step("n"), re.MULTILINE)
    assert re.search(r"^ +5  \S", step("next 3"), re.MULTILINE)
    assert "fail ENOSPC" in step(":help")
    assert "`abort` breaks it off" in step("exit")
    assert "`help` lists" in step("nosuchprogram")
    assert "Pivot" in step("explain pivot root")
    assert "Is mounts meant?" in step("next mount_s")
    assert "pivot_root" in step("next foo")
    told = step.last("fail enospc\n")
    assert told.count("Error: ") == 1


def test_an_exec_is_stepped_through(lab: Lab, names: list[str]) -> None:
    names.append("lives")
    lab("run", "-d", "--name", "lives", "busybox", "sleep", "100")
    typed = b"next setns\nnext execve\ncontinue\n"
    done = lab("exec", "--step", "lives", "echo", "hi", stdin=typed)
    assert (done.code, done.out) == (0, "hi\n")
    assert "setns(2), for " in done.err and "execve(2), for " in done.err


def test_in_the_open_shell_ctrl_c_ends_the_step_and_not_the_shell(
    engine: "Engine", tmp_path: Path
) -> None:
    shell = OpenShell(engine.root, tmp_path)
    try:
        shell.type("lab run --step --rm busybox true\n")
        shell.expect(PROMPT)
        shell.type("next fork\n")
        shell.expect("fork(2), for ")
        shell.expect(PROMPT)
        shell.type("\x03")
        assert "the start was broken off" in shell.until_prompt()
        assert shell.failed == "125"
        assert engine.containers(all=True) == []
        assert shell("echo still here") == "still here"
    finally:
        shell.leave()


def test_what_is_typed_ahead_is_for_the_container(
    engine: "Engine", tmp_path: Path
) -> None:
    shell = OpenShell(engine.root, tmp_path)
    try:
        shell.type("lab run --step -i --rm busybox sh\n")
        shell.expect(PROMPT)
        shell.type("continue\ntouch /ahead; ls /ahead; exit 7\n")
        assert "/ahead\n" in shell.until_prompt()
        assert shell.failed == "7"
        assert not Path("/ahead").exists()
    finally:
        shell.leave()


def test_ctrl_c_ends_what_a_line_runs_and_not_the_start(lab: Lab) -> None:
    step = Terminal(lab, "run", "--step", "--rm", "busybox", "true")
    step.child.expect_exact(PROMPT)
    # exec, because dash loses a Ctrl-C that comes while it is about to fork.
    step.child.sendline("echo begun; exec sleep 1000")
    step.child.expect_exact("begun\r\n")
    step.child.send("\x03")
    assert " 2  " in step("next")
    step.last("continue\n")
    assert step.child.exitstatus == 0
