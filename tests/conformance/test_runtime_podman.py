"""podman with our runtime in the place of its own: run, exec, kill, and the rest."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.bundles import OURS, make_rootfs

pytestmark = pytest.mark.require("root", "overlay", "busybox", "podman", "conmon")

# What the machine gives may be less than podman's defaults.
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
RUN = ("run", "--network", "none", *LIMITS)


class Podman:
    """The command, with a store of its own."""

    def __init__(self, folder: Path) -> None:
        self.words = [
            "podman",
            "--root",
            f"{folder}/data",
            "--runroot",
            f"{folder}/run",
        ]
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        self.words += ["--cgroup-manager", "cgroupfs", "--runtime", str(OURS)]

    def __call__(self, *words: str, given: bytes = b"") -> "Done":
        """One command, whatever comes of it."""
        whole = [*self.words, *words]
        return subprocess.run(
            whole,
            input=given,
            capture_output=True,
            env=self.environment,
            timeout=120,
        )

    def text(self, *words: str) -> str:
        """The output of a command that succeeds."""
        done = self(*words)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()


Done = subprocess.CompletedProcess[bytes]


@pytest.fixture(scope="module")
def podman(run_directory: Path) -> Iterator[Podman]:
    """podman, with an image of the machine's busybox; nothing is left of it.

    The path of its run directory has 50 letters at most.
    """
    folder = run_directory / "podman"
    folder.mkdir()
    rootfs = make_rootfs(folder / "rootfs")
    tar = subprocess.run(["tar", "-C", rootfs, "-c", "."], capture_output=True).stdout
    command = Podman(folder)
    imported = command("import", "-q", "-", "busybox:latest", given=tar)
    assert imported.returncode == 0, imported.stderr
    yield command
    command("rm", "--all", "--force", "--time", "0")
    subprocess.run(["umount", f"{folder}/data/overlay"], capture_output=True)


@pytest.fixture
def box(podman: Podman) -> Iterator[str]:
    """The name of a container that runs."""
    podman.text(*RUN, "-d", "--name", "box", "busybox", "sleep", "1000")
    yield "box"
    podman("rm", "--force", "--time", "0", "box")


def test_podman_runs_a_container(podman: Podman) -> None:
    done = podman(*RUN, "--rm", "busybox", "sh", "-c", "echo hi; exit 3")
    assert (done.stdout, done.returncode) == (b"hi\n", 3), done.stderr


def test_it_is_our_runtime_that_runs_it(podman: Podman, box: str) -> None:
    form = "{{.OCIRuntime}} {{.State.Status}}"
    assert podman.text("inspect", "-f", form, box) == f"{OURS} running\n"


def test_input_goes_in(podman: Podman) -> None:
    done = podman(*RUN, "--rm", "-i", "busybox", "cat", given=b"hello")
    assert done.stdout == b"hello", done.stderr


def test_podman_executes_a_command_in_it(podman: Podman, box: str) -> None:
    done = podman(
        "exec", "-u", "5", "-w", "/tmp", box, "sh", "-c", "id -u; pwd; exit 4"
    )
    assert (done.stdout, done.returncode) == (b"5\n/tmp\n", 4), done.stderr


def test_both_have_a_terminal_if_they_shall(podman: Podman, box: str) -> None:
    assert podman.text("exec", "-t", box, "tty") == "/dev/pts/0\r\n"
    assert podman.text(*RUN, "--rm", "-t", "busybox", "tty") == "/dev/pts/0\r\n"


def test_podman_kills_it(podman: Podman, box: str) -> None:
    podman.text("kill", box)
    assert podman.text("wait", box) == "137\n"


def test_podman_stops_and_starts_it(podman: Podman, box: str) -> None:
    podman.text("stop", "--time", "0", box)
    podman.text("start", box)
    assert podman.text("exec", box, "echo", "again") == "again\n"


def test_podman_pauses_it(podman: Podman, box: str) -> None:
    podman.text("pause", box)
    assert podman.text("inspect", "-f", "{{.State.Status}}", box) == "paused\n"
    podman.text("unpause", box)
    assert podman.text("exec", box, "echo", "awake") == "awake\n"


def test_a_program_that_is_not_there_is_told_as_such(podman: Podman, box: str) -> None:
    ran = podman(*RUN, "--rm", "busybox", "nosuch")
    executed = podman("exec", box, "nosuch")
    assert (ran.returncode, executed.returncode) == (127, 127)
    assert b'"nosuch": executable file not found in $PATH' in ran.stderr


def test_a_read_only_container_has_places_to_write(podman: Podman) -> None:
    script = "cat /tmp/note; touch /tmp/new && ! touch /new"
    done = podman(*RUN, "--rm", "--read-only", "busybox", "sh", "-c", script)
    assert (done.stdout, done.returncode) == (b"of the image\n", 0), done.stderr


def test_namespaces_of_another_container_are_joined(podman: Podman, box: str) -> None:
    joined = ("--pid", f"container:{box}", "--ipc", f"container:{box}")
    output = podman.text(*RUN, "--rm", *joined, "busybox", "ps")
    assert "sleep 1000" in output


def test_powers_are_those_that_podman_gives(podman: Podman) -> None:
    status = ("busybox", "grep", "-E", "Cap(Eff|Amb)", "/proc/self/status")
    asked = ("--user", "1000", "--cap-add", "NET_ADMIN", *status)
    mask = f"{1 << 12:016x}"
    lines = podman.text(*RUN, "--rm", *asked).split()
    assert lines == ["CapEff:", mask, "CapAmb:", mask]
