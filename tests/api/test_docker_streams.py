"""The real docker command against labd: terminals, pipes, exit codes, streams.

Every docker on PATH is tried: an old one and a new one ask in different ways.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.api.serving import Client
from tests.engine.boxes import Box

pytestmark = pytest.mark.require("root", "overlay", "docker")

PROMPT = "/ # "
QUIT = "\x10\x11"


def commands() -> list[str]:
    """All that are called docker, each once."""
    places = os.environ.get("PATH", "").split(os.pathsep)
    found = [Path(place) / "docker" for place in places]
    real = {path.resolve(): str(path) for path in found if path.is_file()}
    return list(real.values()) or ["docker"]


class Docker:
    """One docker command, which asks our labd."""

    def __init__(self, program: str, labd: Client) -> None:
        self._program = program
        self._environment = {**os.environ, "DOCKER_HOST": f"unix://{labd.path}"}
        self._environment.pop("DOCKER_CONTEXT", None)

    def __call__(
        self, *words: str, stdin: bytes | None = None
    ) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [self._program, *words],
            env=self._environment,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=60,
        )

    @contextlib.contextmanager
    def begin(self, *words: str) -> Iterator["pexpect.spawn[str]"]:
        """The command at a terminal of 33 rows and 111 columns."""
        child = pexpect.spawn(
            self._program,
            [*words],
            env=self._environment,
            timeout=60,
            dimensions=(33, 111),
            encoding="utf8",
        )
        try:
            yield child
        finally:
            child.close(force=True)


def ended(child: "pexpect.spawn[str]") -> int | None:
    """Its exit status, when it has ended by itself."""
    child.expect(pexpect.EOF)
    child.wait()
    return child.exitstatus


@pytest.fixture(params=commands())
def docker(request: pytest.FixtureRequest, labd: Client) -> Docker:
    """Each docker that there is."""
    return Docker(request.param, labd)


RUN = ("run", "--network", "none")


def test_run_tells_both_streams_and_the_exit_code(docker: Docker, box: Box) -> None:
    script = "echo out; echo err >&2; exit 7"
    done = docker(*RUN, "--rm", "busybox", "sh", "-c", script)
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"err\n")
    assert box.engine.containers(all=True) == []


def test_run_takes_what_is_piped_in(docker: Docker) -> None:
    done = docker(*RUN, "-i", "--rm", "busybox", "cat", stdin=b"hi\n")
    assert (done.returncode, done.stdout) == (0, b"hi\n")


def test_run_gives_back_much(docker: Docker) -> None:
    data = os.urandom(2 << 20)
    quiet = (*RUN, "-i", "--rm", "--log-driver", "none")
    assert docker(*quiet, "busybox", "cat", stdin=data).stdout == data


def test_input_that_the_program_does_not_read_is_no_error(docker: Docker) -> None:
    data = b"x" * (2 << 20)
    done = docker(*RUN, "-i", "--rm", "busybox", "head", "-c", "1", stdin=data)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"x", b"")


def test_a_program_that_is_not_there_is_127(docker: Docker, box: Box) -> None:
    done = docker(*RUN, "--rm", "busybox", "nosuch")
    assert done.returncode == 127
    assert b"executable file not found" in done.stderr
    assert box.engine.containers(all=True) == []


def test_a_terminal_from_run_to_detaching_to_attach(docker: Docker, box: Box) -> None:
    with docker.begin(*RUN, "-it", "--name", "box", "busybox", "sh") as first:
        first.expect(PROMPT)
        first.sendline("stty size")
        first.expect("33 111\r\n")
        first.send(QUIT)
        assert ended(first) == 0
    assert box.engine.container("box").running
    with docker.begin("attach", "box") as second:
        second.expect(PROMPT)
        second.sendline("echo t$((1 + 1))o; exit 5")
        second.expect("t2o\r\n")
        assert ended(second) == 5


def test_exec_at_a_terminal(docker: Docker, box: Box) -> None:
    box.begin(name="box")
    with docker.begin("exec", "-it", "box", "sh") as shell:
        shell.expect(PROMPT)
        shell.sendline("stty size; exit 9")
        shell.expect("33 111\r\n")
        assert ended(shell) == 9
    keys = ("exec", "-it", "--detach-keys", "ctrl-x,x")
    with docker.begin(*keys, "box", "sh") as shell:
        shell.expect(PROMPT)
        shell.send("\x18x")
        shell.expect("read escape sequence")


def test_exec_with_pipes(docker: Docker, box: Box) -> None:
    box.begin(name="box")
    done = docker("exec", "-i", "box", "sh", "-c", "cat; exit 3", stdin=b"hi\n")
    assert (done.returncode, done.stdout) == (3, b"hi\n")
    done = docker("exec", "box", "nosuch")
    assert done.returncode == 126
    assert b"executable file not found" in done.stdout + done.stderr


def test_start_attached_and_wait(docker: Docker, box: Box) -> None:
    box.create("sh", "-c", "echo again; exit 4", name="box")
    for _ in range(2):
        done = docker("start", "-a", "box")
        assert (done.returncode, done.stdout) == (4, b"again\n")
    assert docker("wait", "box").stdout == b"4\n"


def test_logs_events_and_stats_go_on_until_they_are_interrupted(
    docker: Docker, box: Box
) -> None:
    script = "echo first; while :; do sleep 0.2; echo tick; done"
    box.begin("sh", "-c", script, name="box")
    with docker.begin("logs", "-f", "box") as child:
        child.expect("first\r\n")
        child.expect("tick\r\ntick\r\n")
        child.sendintr()
        child.expect(pexpect.EOF)
    with docker.begin("stats", "box") as child:
        child.expect("box +[0-9.]+%")
    with docker.begin("events", "--since", "1h") as child:
        child.expect("container start [0-9a-f]{64}")  # which was before
        box.engine.pause("box")
        child.expect("container pause [0-9a-f]{64}")
        child.sendintr()
        child.expect(pexpect.EOF)
    box.begin(name="still")
    done = docker("stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}", "still")
    assert done.stdout == b"still 1\n"
