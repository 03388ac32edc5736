"""labshell-runc where something goes wrong: what is told, and what is left behind."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.bundles import SLEEP, Bundle, Runtime, await_end

pytestmark = pytest.mark.require("root", "busybox")
Change = Callable[[Any], None]


@pytest.fixture
def unread() -> Iterator[int]:
    """A pipe to write into that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


def with_hook(moment: str, script: str, *arguments: str | Path) -> Change:
    """A shell script that is run at a moment; it is given half a minute."""
    hook = {
        "path": "/bin/sh",
        "args": ["sh", "-c", script, *map(str, arguments)],
        "env": [f"PATH={os.environ['PATH']}"],
        "timeout": 30,
    }
    return lambda config: config.update(hooks={moment: [hook]})


def in_terminal(config: Any) -> None:
    config["process"]["terminal"] = True


def test_a_program_that_cannot_be_run_is_told_of_after_the_start(
    ours: Runtime, bundle: Bundle, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.write_text("#!/nosuch/interpreter\n")
    program.chmod(0o755)
    mount = {"destination": "/tmp/note", "type": "bind", "source": str(program)}
    place = bundle("/tmp/note", change=lambda c: c["mounts"].append(mount))
    with (tmp_path / "errors").open("wb") as errors:
        streams = {"capture_output": False, "stdout": errors, "stderr": errors}
        assert ours("create", "-b", place, "box", **streams).returncode == 0
    pid = int(ours.state("box")["pid"])
    assert ours("start", "box").returncode == 0
    await_end(pid)
    assert "/tmp/note" in (tmp_path / "errors").read_text()


@pytest.mark.parametrize("words", [("kill",), ("kill", "--all")], ids=" ".join)
def test_sigkill_ends_also_a_container_that_is_paused(
    ours: Runtime, bundle: Bundle, words: tuple[str, ...]
) -> None:
    pid = ours.start(bundle(*SLEEP), "box")
    assert ours("pause", "box").returncode == 0
    assert ours(*words, "box", "KILL").returncode == 0
    await_end(pid)
    assert ours.state("box")["status"] == "stopped"


@pytest.mark.parametrize("words", [("create",), ("run", "-d")], ids=" ".join)
def test_a_hook_may_use_the_container_that_has_been_started(
    ours: Runtime, bundle: Bundle, tmp_path: Path, words: tuple[str, ...]
) -> None:
    out = tmp_path / "out"
    script = 'out=$1; shift; "$@" && echo done > "$out"'
    command = (*ours.words, "exec", "box", "true")
    change = with_hook("poststart", script, "sh", str(out), *command)
    nowhere = {"capture_output": False, "stdout": subprocess.DEVNULL}
    ours(*words, "-b", bundle(*SLEEP, change=change), "box", **nowhere)
    if words == ("create",):
        ours("start", "box")
    assert out.read_text() == "done\n"


def test_an_init_that_is_killed_while_a_hook_runs_makes_no_container(
    ours: Runtime, bundle: Bundle
) -> None:
    script = "kill -9 $(sed 's/.*\"pid\": \\([0-9]*\\).*/\\1/')"
    place = bundle(*SLEEP, change=with_hook("prestart", script))
    done = ours("create", "-b", place, "box")
    assert done.stderr.startswith("the container's first process was killed")
    assert done.returncode == 1
    assert ours("list", "-q").stdout == ""


@pytest.fixture
def lasting(
    ours: Runtime, bundle: Bundle, tmp_path: Path
) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """A create whose hook lasts until somebody writes into the fifo."""
    begun, end = tmp_path / "begun", tmp_path / "end"
    for path in (begun, end):
        os.mkfifo(path)
    change = with_hook("prestart", 'echo > "$1"; read x < "$2"', "sh", begun, end)
    words = [*ours.words, "create", "-b", bundle(*SLEEP, change=change), "box"]
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(
        words, stdout=nowhere, stderr=subprocess.PIPE, text=True
    ) as creating:
        begun.read_text()
        yield creating, end
        if creating.poll() is None:  # the test has failed before
            end.write_text("\n")


def test_who_waits_for_a_hook_can_be_killed_and_deleted(
    ours: Runtime, lasting: tuple["subprocess.Popen[str]", Path]
) -> None:
    creating, end = lasting
    state = ours.state("box")
    assert state["status"] == "creating"
    refused = ours("delete", "box")
    assert refused.returncode == 1
    assert "cannot delete container box that is not stopped: creating" in refused.stderr
    assert ours("kill", "box", "KILL").returncode == 0
    await_end(int(state["pid"]))
    assert ours.state("box")["status"] == "stopped"
    assert ours("delete", "box").returncode == 0
    assert ours("list", "-q").stdout == ""
    end.write_text("\n")
    told = creating.communicate(timeout=60)[1]
    assert told.startswith('container "box" was deleted while it was created\n')
    assert creating.returncode == 1


def test_who_comes_after_one_that_was_deleted_is_not_taken_for_it(
    ours: Runtime, tmp_path: Path, lasting: tuple["subprocess.Popen[str]", Path]
) -> None:
    creating, end = lasting
    assert ours("delete", "--force", "box").returncode == 0
    file = tmp_path / "bundle/config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "hooks": {}}))
    pid = ours.start(file.parent, "box")
    end.write_text("\n")
    assert creating.wait(60) == 1
    assert ours.state("box")["pid"] == pid
    assert ours.state("box")["status"] == "running"


def test_a_hook_that_ends_lets_the_container_be_made(
    ours: Runtime, lasting: tuple["subprocess.Popen[str]", Path]
) -> None:
    creating, end = lasting
    assert (
        "cannot start a container in the creating state" in ours("start", "box").stderr
    )
    end.write_text("\n")
    assert creating.wait(60) == 0
    assert ours.state("box")["status"] == "created"
    assert ours("start", "box").returncode == 0


@pytest.mark.parametrize(("command", "status"), [("start", 1), ("exec", 255)])
def test_a_log_that_cannot_be_written_is_told_besides(
    ours: Runtime, tmp_path: Path, command: str, status: int
) -> None:
    done = ours("--log", tmp_path / "nosuch/log", command, "box")
    assert done.stderr.startswith('container "box" does not exist\n')
    assert f"{tmp_path}/nosuch/log" in done.stderr
    assert (done.returncode, "Traceback" in done.stderr) == (status, False)


def test_a_list_that_nobody_reads_to_its_end_is_no_error(
    ours: Runtime, bundle: Bundle, unread: int
) -> None:
    long = {"annotation": "x" * 100_000}
    ours.create(bundle(*SLEEP, change=lambda c: c.update(annotations=long)), "box")
    streams = {"capture_output": False, "stdout": unread, "stderr": subprocess.PIPE}
    done = ours("list", "--format", "json", **streams)
    assert (done.stderr, done.returncode) == ("", 141)


def test_a_list_that_cannot_be_written_is_an_error(ours: Runtime) -> None:
    with Path("/dev/full").open("wb") as full:
        streams = {"capture_output": False, "stdout": full, "stderr": subprocess.PIPE}
        done = ours("features", **streams)
    assert "No space left on device" in done.stderr
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)


def test_it_needs_no_streams_to_begin_with(ours: Runtime) -> None:
    closed = ["sh", "-c", 'exec "$@" <&- >&-', "sh", *ours.words, "features"]
    done = subprocess.run(closed, stderr=subprocess.PIPE, text=True)
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_run_whose_terminal_nobody_reads_any_more_leaves_nothing(
    ours: Runtime, bundle: Bundle, unread: int
) -> None:
    place = bundle("sh", "-c", "echo hi; exec sleep 1000", change=in_terminal)
    streams = {"capture_output": False, "stdout": unread, "stderr": subprocess.PIPE}
    done = ours("run", "-b", place, "box", stdin=subprocess.DEVNULL, **streams)
    assert (done.stderr, done.returncode) == ("", 141)
    assert ours("list", "-q").stdout == ""


def test_a_container_that_is_deleted_meanwhile_ends_its_run(
    ours: Runtime, bundle: Bundle
) -> None:
    words = [*ours.words, "run", "-b", str(bundle("sh", "-c", LOUD)), "box"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        assert running.stdout.readline() == "ready\n"
        assert ours("delete", "--force", "box").returncode == 0
        assert running.wait(60) == 128 + 9


LOUD = "echo ready; exec sleep 1000"


@pytest.mark.parametrize("spoil", [lambda s: s[:40], lambda s: s.replace("{}", "5")])
def test_a_damaged_record_hides_no_other_and_is_deleted_by_force(
    ours: Runtime, bundle: Bundle, spoil: Callable[[str], str]
) -> None:
    ours.create(bundle(*SLEEP), "box")
    damaged = ours.states / "boxes"
    damaged.mkdir()
    sound = (ours.states / "box/state.json").read_text()
    (damaged / "state.json").write_text(spoil(sound))
    listed = ours("list", "-q")
    assert (listed.stdout, listed.returncode) == ("box\n", 0)
    assert f"{damaged}/state.json is damaged" in listed.stderr
    assert ours("delete", "boxes").returncode == 1
    assert damaged.exists()
    assert ours("delete", "--force", "boxes").returncode == 0
    assert not damaged.exists()


def test_a_joined_uts_namespace_gets_the_name_that_is_asked_for(
    ours: Runtime, bundle: Bundle, tmp_path: Path
) -> None:
    pid = ours.start(bundle(*SLEEP), "box")
    place = Path(ours.state("box")["bundle"])
    (place / "config.json").unlink()
    place.rmdir()

    def join(config: Any) -> None:
        config["hostname"] = "another"
        for one in config["linux"]["namespaces"]:
            if one["type"] == "uts":
                one["path"] = f"/proc/{pid}/ns/uts"

    done = ours("run", "-b", bundle("hostname", change=join), "box2")
    assert (done.stdout, done.stderr) == ("another\n", "")
