"""`lab run`, `create` and `exec` as somebody at a prompt meets them."""

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.engine.boxes import until
from tests.shell.lines import Lab


def test_a_program_prints_and_its_exit_code_is_passed_on(lab: Lab) -> None:
    done = lab("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (done.code, done.out, done.err) == (3, "out\n", "err\n")
    assert lab("ps", "-aq").out == ""


def test_what_follows_the_image_belongs_to_the_program(lab: Lab) -> None:
    done = lab("run", "--rm", "busybox", "echo", "--rm=false", "-m=1", "--help")
    assert done.out == "--rm=false -m=1 --help\n"


def test_input_reaches_the_program_only_when_asked_for(lab: Lab) -> None:
    assert lab("run", "--rm", "-i", "busybox", "cat", stdin=b"hello").out == "hello"
    assert lab("run", "--rm", "busybox", "cat", stdin=b"hello").out == ""


def test_a_container_in_the_background_prints_its_id(lab: Lab) -> None:
    done = lab("run", "-d", "--name", "box", "busybox", "sleep", "100")
    assert len(done.lines[0]) == 64
    assert lab("ps", "-q").lines == [done.lines[0][:12]]


def test_a_container_made_is_not_started(lab: Lab) -> None:
    identity = lab("create", "--name", "box", "busybox", "echo", "hi").lines[0]
    assert lab("inspect", "-f", "{{.State.Status}}", identity).out == "created\n"
    assert lab("start", "-a", "box").out == "hi\n"


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("run --pull never nosuch true", 125, "No such image: nosuch:latest"),
        ("run busybox nosuch", 127, '"nosuch": executable file not found in $PATH'),
        ("run busybox /etc", 126, "/etc"),
        ("run -m 1m busybox true", 125, "Minimum memory limit allowed is 6MB"),
        ("run -m lots busybox true", 125, "--memory: invalid size: 'lots'"),
        ("run --cpus 999 busybox true", 125, "Range of CPUs is from 0.01 to"),
        ("run --pids-limit many busybox true", 125, "--pids-limit"),
        ("run --bogus busybox true", 125, "unknown option: --bogus"),
        ("run -u nosuch busybox true", 125, "unable to find user nosuch"),
        ("run -w rel busybox true", 125, "needs to be an absolute path"),
        ("run --name bad/name busybox true", 125, "Invalid container name (bad/name)"),
        ("run --network nosuch busybox true", 125, "network nosuch not found"),
        ("run --stop-signal BOGUS busybox true", 125, "Invalid signal: BOGUS"),
        ("run --cap-add FOO busybox true", 125, "FOO"),
        ("run --env-file /nosuch busybox true", 125, "/nosuch: no such file"),
        ("run BAD true", 125, "must be lowercase"),
        ("run -it busybox true", 1, "the input device is not a TTY"),
        ("run", 1, "`lab run` needs IMAGE"),
        ("create --pull never nosuch", 1, "No such image: nosuch:latest"),
        ("create --bogus", 125, "unknown option: --bogus"),
        ("exec", 1, "needs CONTAINER"),
        ("exec nosuch true", 1, "No such container: nosuch"),
        ("nosuch", 1, "unknown command: lab nosuch"),
        ("runn busybox", 1, "did you mean `lab run`?"),
        ("ps here", 1, "unexpected extra argument"),
        ("--bogus", 125, "unknown option: --bogus"),
    ],
)
def test_a_line_that_fails_has_one_error_a_hint_and_dockers_code(
    lab: Lab, line: str, code: int, message: str
) -> None:
    done = lab(*line.split())
    assert message in done.error
    assert done.code == code
    assert done.hint
    assert "Traceback" not in done.err
    assert len(done.err.splitlines()) == 2


def test_a_name_in_use_is_refused_and_nothing_is_left(lab: Lab) -> None:
    lab("create", "--name", "box", "busybox", "true")
    done = lab("run", "--name", "box", "busybox", "true")
    assert done.code == 125
    assert 'The container name "/box" is already in use by container' in done.error
    assert len(lab("ps", "-aq").lines) == 1


def test_a_container_that_could_not_start_goes_with_rm_and_stays_without(
    lab: Lab,
) -> None:
    assert lab("run", "--rm", "busybox", "nosuch").code == 127
    assert lab("ps", "-aq").out == ""
    assert lab("run", "--name", "box", "busybox", "nosuch").code == 127
    assert "Created" in lab("ps", "-a").lines[1]


def test_a_signal_is_passed_on_to_the_program(lab: Lab) -> None:
    script = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.1; done"
    process = lab.begin("run", "--rm", "busybox", "sh", "-c", script)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (7, b"bye\n")


def test_three_interrupts_leave_a_program_that_does_not_listen(lab: Lab) -> None:
    # Process 1 without a handler: the kernel spares it, and a student would be stuck.
    process = lab.begin("run", "--name", "deaf", "busybox", "sleep", "100")
    try:
        until(lambda: lab("ps", "-q").out, "it runs")
        for pause in (0.2, 0.2, 5, 5, 5):  # two that come at once count as one
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(pause)
        _, errors = process.communicate(timeout=10)
        assert process.returncode == 130
        assert b"\nError: " in errors  # not behind the ^C that was echoed
        assert b"`lab kill deaf`" in errors
        assert lab("ps", "-q").out
    finally:
        process.kill()
        lab("rm", "-f", "deaf")


def test_a_program_that_is_killed_ends_with_137(lab: Lab) -> None:
    assert lab("run", "--rm", "busybox", "sh", "-c", "kill -9 $$; :").code in (0, 137)
    lab("run", "-d", "--name", "box", "busybox", "sleep", "100")
    lab("kill", "box")
    assert lab("wait", "box").lines == ["137"]


def test_the_environment_comes_from_files_the_line_and_this_shell(
    lab: Lab, tmp_path: Path
) -> None:
    file = tmp_path / "env"
    file.write_text("# comment\nA=file\nB=file\n")
    line = ["run", "--rm", "--env-file", str(file), "-e", "B=line", "-e", "HERE"]
    done = lab(*line, "busybox", "env", env={"HERE": "shell"})
    assert {"A=file", "B=line", "HERE=shell"} <= set(done.lines)


def test_options_reach_the_container(lab: Lab, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)  # user 1000 looks into it
    (tmp_path / "x").write_text("bound\n")
    script = "hostname; pwd; id -u; cat /b/x; touch /y 2>/dev/null || echo read-only"
    done = lab(
        *("run", "--rm", "-h", "inside", "-w", "/tmp", "-u", "1000", "--read-only"),
        *("-v", f"{tmp_path}:/b:ro", "busybox", "sh", "-c", script),
    )
    assert done.lines == ["inside", "/tmp", "1000", "bound", "read-only"]


def test_an_entrypoint_replaces_that_of_the_image(lab: Lab) -> None:
    done = lab("run", "--rm", "--entrypoint", "echo", "busybox", "a", "b")
    assert done.out == "a b\n"
    assert lab("run", "--rm", "--entrypoint", "", "busybox", "echo", "c").out == "c\n"


def test_labels_are_kept(lab: Lab) -> None:
    lab("create", "--name", "box", "-l", "a=b=c", "--label", "empty", "busybox")
    labels = lab("inspect", "-f", "{{json .Config.Labels}}", "box").out
    assert json.loads(labels) == {"a": "b=c", "empty": ""}


def test_exec_runs_beside_the_first_process(lab: Lab) -> None:
    lab("run", "-d", "--name", "box", "busybox", "sleep", "100")
    done = lab("exec", "box", "sh", "-c", "ps | grep -c 'sleep 100'; exit 4")
    assert done.code == 4
    assert int(done.out) >= 1
    assert lab("exec", "-i", "box", "cat", stdin=b"x").out == "x"
    assert lab("exec", "-u", "1000", "-w", "/tmp", "box", "pwd").out == "/tmp\n"
    assert lab("exec", "-e", "A=1", "box", "sh", "-c", "echo $A").out == "1\n"


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("exec box nosuch", 126, '"nosuch": executable file not found in $PATH'),
        ("exec box /etc", 126, "/etc"),
        ("exec -w /nosuch box true", 126, "/nosuch"),
        ("exec -u nosuch box true", 126, "unable to find user nosuch"),
        ("exec -it box true", 1, "the input device is not a TTY"),
        ("exec --bogus box true", 125, "unknown option: --bogus"),
    ],
)
def test_exec_that_cannot_start_says_why(
    lab: Lab, line: str, code: int, message: str
) -> None:
    lab("run", "-d", "--name", "box", "busybox", "sleep", "100")
    done = lab(*line.split())
    assert message in done.error
    assert done.code == code


def test_exec_in_the_background_returns_at_once(lab: Lab) -> None:
    lab("run", "-d", "--name", "box", "busybox", "sleep", "100")
    began = time.monotonic()
    assert lab("exec", "-d", "box", "sh", "-c", "sleep 20; touch /late").code == 0
    assert time.monotonic() - began < 15


def test_a_reader_that_goes_away_is_no_traceback(lab: Lab) -> None:
    for number in range(3):
        lab("create", "--name", f"box{number}", "busybox")
    read, write = os.pipe()
    os.close(read)
    process = lab.begin("ps", "-a")
    process.communicate()
    os.close(write)
    assert process.returncode == 0


def test_who_is_killed_for_want_of_memory_is_told_so(lab: Lab) -> None:
    done = lab("run", "--rm", "-m", "16m", "busybox", "tail", "/dev/zero")
    assert done.code == 137
    assert "the kernel killed it: it had used up its memory" in done.err
