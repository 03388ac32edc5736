"""Containers that runc, crun or our own command make, under our shim."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.containers.options import runtimes
from engine.engine import RestartPolicy, UpdateOptions
from engine.errors import EngineError, InvalidArgument, ProgramNotFound
from engine.oci.health import Healthcheck
from tests.engine.boxes import OBEYS, Box, until
from tests.engine.test_terminal import Screen
from tests.faults.traces import kill, place_of, traces
from tests.house.sources import HOME
from tests.machine import need

# crun refuses a machine that has control groups of both versions.
CRUN = """#!/bin/sh
exec unshare -m sh -c '
    umount /sys/fs/cgroup/unified 2>/dev/null; exec crun "$@"' sh "$@"
"""


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The daemon.json of this test."""
    monkeypatch.setenv("LABSHELL_CONFIG", str(tmp_path / "daemon.json"))
    return tmp_path / "daemon.json"


@pytest.fixture(params=["runc", "crun", "labshell-runc"])
def foreign(request: pytest.FixtureRequest, box: Box, said: Path) -> Iterator[Box]:
    """A box whose containers are made by another runtime than usual."""
    name = request.param
    need(*(["crun", "unshare"] if name == "crun" else [name][: name == "runc"]))
    program = said.with_name("crun")
    program.write_text(CRUN)
    program.chmod(0o755)
    paths = {"crun": str(program), "labshell-runc": str(HOME / "labshell-runc")}
    known = {key: {"path": path} for key, path in paths.items()}
    said.write_text(json.dumps({"default-runtime": name, "runtimes": known}))
    yield box
    for container in box.engine.containers(all=True):
        box.engine.remove(container.id, force=True)
    assert list((place_of(box).runtimes / name).glob("*")) == []
    groups = Path("/sys/fs/cgroup").glob(f"*/{place_of(box).cgroup}/*/cgroup.procs")
    assert [group.parent.name for group in groups if "shims" not in str(group)] == []


def test_a_program_runs_as_process_1_and_ends_with_its_own_status(foreign: Box) -> None:
    done = foreign.run("sh", "-c", "echo $$; echo no >&2; cat; exit 5", stdin=b"typed")
    assert (done.code, done.lines, done.err) == (5, ["1", "typed"], "no\n")


def test_a_program_that_is_not_there_is_an_error_and_nothing_is_left(
    foreign: Box,
) -> None:
    container = foreign.create("nosuch")
    with pytest.raises(ProgramNotFound, match="nosuch"):
        foreign.engine.start(container.id)
    assert foreign.engine.container(container.id).state.exit_code == 127
    assert traces(foreign, container) == []


def test_a_terminal_has_the_size_of_the_window(foreign: Box) -> None:
    with Screen(foreign, "sh", "-c", "read go; stty size; exit 4") as screen:
        screen.type(b"go\r")
        screen.shows(b"33 111\r\n")
        assert screen.end() == 4


def test_an_exec_is_inside_and_has_its_own_status(foreign: Box) -> None:
    container = foreign.begin()
    script = "cat; cat /proc/1/comm; exit 3"
    done = foreign.execute(container.id, "sh", "-c", script, stdin=b"typed\n")
    assert (done.code, done.lines) == (3, ["typed", "sleep"])


def test_a_failed_exec_does_not_keep_the_container_from_ending(foreign: Box) -> None:
    container = foreign.begin(*OBEYS)
    foreign.says(container.id, "ready")
    with pytest.raises(EngineError, match="nosuch") as caught:
        foreign.execute(container.id, "nosuch")
    assert caught.value.exit_code == 126
    foreign.engine.stop(container.id)
    assert foreign.engine.container(container.id).state.exit_code == 3


def test_it_is_paused_and_killed_as_any_other(foreign: Box) -> None:
    container = foreign.begin()
    foreign.engine.pause(container.id)
    assert foreign.engine.container(container.id).state.status == "paused"
    foreign.engine.kill(container.id)
    assert foreign.engine.wait(container.id) == 128 + signal.SIGKILL
    assert traces(foreign, container) == []


def test_its_limits_hold_and_are_measured_and_changed(foreign: Box) -> None:
    container = foreign.begin(memory=32 << 20, pids_limit=20)
    (seen,) = next(foreign.engine.stats([container.id]))
    assert seen.now
    assert (seen.now.counters.memory_limit, seen.now.counters.pids) == (32 << 20, 1)
    foreign.engine.update(container.id, UpdateOptions(memory=48 << 20))
    (seen,) = next(foreign.engine.stats([container.id]))
    assert seen.now
    assert seen.now.counters.memory_limit == 48 << 20


def test_its_policy_runs_it_again(foreign: Box) -> None:
    policy = RestartPolicy.parse("on-failure:2")
    container = foreign.create("sh", "-c", "echo run; exit 6", restart=policy)
    foreign.engine.start(container.id)
    until(
        lambda: foreign.engine.container(container.id).state.status == "exited",
        "the last attempt",
        seconds=50,
    )
    log = b"".join(entry.data for entry in foreign.engine.logs(container.id))
    assert log == b"run\n" * 3


def test_its_health_is_asked(foreign: Box) -> None:
    check = Healthcheck(test=("CMD", "true"), interval=10**8)
    container = foreign.begin(health=check)

    def healthy() -> bool:
        return foreign.engine.container(container.id).state.health.status == "healthy"

    until(healthy, "a good answer", seconds=50)


def test_what_its_killed_shim_leaves_is_repaired(foreign: Box) -> None:
    container = foreign.begin()
    kill(container.state.shim_pid)
    after = foreign.engine.container(container.id)
    assert (after.state.status, after.state.exit_code) == ("exited", 255)
    assert traces(foreign, container) == []
    foreign.engine.notices.clear()


# Whoever calls `start` is killed, and does not hear that it went well.
DEADLY = """#!/bin/sh
case " $* " in *" start "*) kill -9 $PPID; exit;; esac
exec runc "$@"
"""


@pytest.mark.require("runc")
def test_what_a_killed_starter_leaves_waiting_is_taken_away(
    box: Box, said: Path
) -> None:
    program = said.with_name("deadly")
    program.write_text(DEADLY)
    program.chmod(0o755)
    said.write_text(json.dumps({"runtimes": {"deadly": {"path": str(program)}}}))
    container = box.create("sleep", "1000", runtime="deadly")
    with pytest.raises(EngineError, match="was killed before it could start"):
        box.engine.start(container.id)
    assert traces(box, container) == []
    assert list((place_of(box).runtimes / "deadly").iterdir()) == []


@pytest.mark.require("runc")
def test_it_joins_the_namespaces_of_another(box: Box) -> None:
    other = box.begin()
    done = box.run("ps", pid=f"container:{other.id}", runtime="runc")
    assert "sleep 1000" in done.out


@pytest.mark.require("runc")
def test_nobody_can_step_through_it(box: Box) -> None:
    container = box.create("true", runtime="runc")
    with pytest.raises(InvalidArgument, match="nobody can step through"):
        box.engine.start(container.id, decide=lambda question: None)
    until(lambda: not traces(box, container), "the end of its shim")


@pytest.mark.require("runc")
def test_what_runc_was_asked_is_among_the_acts(box: Box) -> None:
    container = box.begin("true", runtime="runc")
    box.engine.wait(container.id)
    lines = [act["shell"] for act in box.engine.acts(container.id)]
    calls = [line for line in lines if line.startswith("runc ")]
    assert [call.split()[3] for call in calls] == ["create", "start", "delete"]


def test_a_runtime_that_is_not_installed_is_named_with_advice(
    box: Box, said: Path
) -> None:
    said.write_text('{"runtimes": {"gone": {"path": "/nosuch/runc"}}}')
    container = box.create("true", runtime="gone")
    with pytest.raises(EngineError, match="cannot run the runtime /nosuch/runc") as no:
        box.engine.start(container.id)
    assert "--runtime labshell" in no.value.hint
    assert traces(box, container) == []
    box.engine.remove(container.id)


def test_a_runtime_that_says_no_to_everything_leaves_nothing(
    box: Box, said: Path
) -> None:
    said.write_text('{"runtimes": {"no": {"path": "/bin/false"}}}')
    container = box.create("true", runtime="no")
    with pytest.raises(EngineError, match="false create: status 1"):
        box.engine.start(container.id)
    assert traces(box, container) == []
    box.engine.remove(container.id)
    assert box.engine.containers(all=True) == []


def test_an_unknown_runtime_is_refused(box: Box) -> None:
    box.refuses({"runtime": "nosuch"}, "unknown or invalid runtime name: nosuch")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"default-runtime": "x"}', "default-runtime 'x'"),
        ('{"runtimes": {"labshell": {"path": "/x"}}}', "runtimes: 'labshell'"),
        ('{"runtimes": {"a/b": {"path": "/x"}}}', "runtimes: 'a/b'"),
        ('{"runtimes": {"x": {}}}', "runtimes.x.path"),
        ('{"runtimes": {"x": {"path": "/x", "runtimeArgs": 1}}}', "runtimeArgs"),
        ('{"runtimes": []}', "runtimes is not an object"),
    ],
)
def test_a_runtime_that_makes_no_sense_is_refused(
    box: Box, said: Path, text: str, words: str
) -> None:
    said.write_text(text)
    box.refuses({}, words)


def test_arguments_of_a_runtime_stand_behind_its_program(said: Path) -> None:
    said.write_text('{"runtimes": {"x": {"path": "/x", "runtimeArgs": ["--y"]}}}')
    assert runtimes.known().words["x"] == ("/x", "--y")
    assert runtimes.known().default == "labshell"
