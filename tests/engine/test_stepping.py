"""Stepping: a start that stands still before each act, and is looked at meanwhile."""

import os
import signal
from collections.abc import Callable

import pytest

from engine import files
from engine.engine import Engine, ExecOptions
from engine.errors import Aborted, Conflict, EngineError, InvalidState
from engine.gatekeeper import Question
from engine.kernel import cgroups, mount_table
from tests.engine.boxes import LASTS, Box, until
from tests.engine.walks import Walk, killed_at


def is_clean(box: Box, name: str) -> bool:
    """Whether nothing of a start is left: mount, control group, processes, mark."""
    container = box.engine.container(name)
    return not (
        mount_table.is_mount_point(container.directory / "rootfs")
        or cgroups.exists(box.engine._house.cgroup(container))
        or container.state.stepped
        or [p for p in box.engine.processes() if p.container == container.name]
    )


def test_going_on_to_the_end_gives_the_same_container(box: Box) -> None:
    container = box.create("echo", "hello")
    walk = Walk()
    session = box.engine.session(container.id)
    session.start(walk)
    assert session.wait() == 0
    session.close()
    starts = walk.calls[walk.calls.index("unshare(2)") :]
    box.foreground(container.id)
    acts = [act["call"] for act in box.engine.acts(container.id)]
    last = len(acts) - acts[::-1].index("unshare(2)") - 1
    assert starts == acts[last : last + len(starts)]
    assert walk.calls[-1] == "execve(2)"
    assert [entry.data for entry in box.engine.logs(container.id)] == [b"hello\n"] * 2


def test_who_is_about_to_act_is_told_by_its_number_on_the_machine(box: Box) -> None:
    pids: list[int] = []

    def look(question: Question) -> None:
        pids.append(question.pid)
        assert os.stat(f"/proc/{question.pid}/ns/pid_for_children")
        assert os.stat(f"/proc/{question.pid}/ns/pid") != os.stat("/proc/self/ns/pid")

    box.engine.start(box.create().id, Walk("pivot_root(2)", look))
    assert len(pids) == 1


def test_the_half_made_container_is_seen_from_elsewhere(box: Box) -> None:
    container = box.create(*LASTS)
    other = Engine(box.engine.root)
    seen: list[set[str]] = []

    def look(question: Question) -> None:
        now = other.container(container.id)
        assert (now.state.status, now.state.stepped) == ("created", True)
        assert other.inspect(container.id)["State"]["Stepped"]
        assert other.containers(all=True)[0].id == container.id  # and repairs nothing
        assert other.notices == []
        mounts = [m for m in other.mounts() if m.container == container.name]
        seen.append({m.target for m in mounts if m.inside})
        roles = {p.role: p.pid for p in other.processes() if p.container == now.name}
        assert roles["starter"] == question.pid

    box.engine.start(container.id, Walk("mknodat(2)", look))
    assert {"/", "/proc", "/sys", "/etc/hosts"} <= seen[0]
    running = other.container(container.id)
    assert (running.running, running.state.stepped) == (True, False)


def test_an_abort_leaves_nothing_and_the_record_as_it_was(box: Box) -> None:
    container = box.create("sh", "-c", "exit 3")
    box.foreground(container.id)
    before = box.engine.container(container.id).state

    def abort(question: Question) -> None:
        raise Aborted

    for call in ("mkdir(2)", "mount(2)", "fork(2)", "pivot_root(2)", "execve(2)"):
        with pytest.raises(Aborted, match="broken off"):
            box.engine.start(container.id, Walk(call, abort))
        assert is_clean(box, container.id), call
        now = box.engine.container(container.id).state
        assert now == before._replace(shim_pid=now.shim_pid), call


def test_an_act_that_shall_fail_is_one_clear_error(box: Box) -> None:
    container = box.create()
    walk = Walk("pivot_root(2)", lambda question: question.fail("EINVAL"))
    with pytest.raises(EngineError) as told:
        box.engine.start(container.id, walk)
    assert told.value.message.endswith("/rootfs: Invalid argument")
    assert told.value.hint == "You asked for it at the step prompt: pivot_root EINVAL."
    last = [act for act in box.engine.acts(container.id) if act["verb"] == "start"]
    assert ("pivot_root(2)", "-1 EINVAL") in [(a["call"], a["result"]) for a in last]
    assert is_clean(box, container.id)
    assert box.engine.container(container.id).state.error == told.value.message


@pytest.mark.parametrize("call", ["mkdir(2)", "mount(2)", "pivot_root(2)"])
@pytest.mark.parametrize("verb", ["stop", "kill", "remove"])
def test_stop_kill_and_forced_rm_from_elsewhere_break_it_off(
    box: Box, verb: str, call: str
) -> None:
    container = box.create()
    other = Engine(box.engine.root)
    verbs: dict[str, Callable[[], None]] = {
        "stop": lambda: other.stop(container.id),
        "kill": lambda: other.kill(container.id),
        "remove": lambda: other.remove(container.id, force=True),
    }
    walk = Walk(call, lambda question: verbs[verb]())
    with pytest.raises(Aborted):
        box.engine.start(container.id, walk)
    if verb != "remove":
        assert is_clean(box, container.id)


def test_what_needs_a_whole_container_is_refused_meanwhile(box: Box) -> None:
    container = box.create(*LASTS)
    other = Engine(box.engine.root)

    def ask(question: Question) -> None:
        with pytest.raises(InvalidState, match="step by step"):
            other.start(container.id)
        with pytest.raises(InvalidState, match="step by step"):
            other.copy_out(container.id, "/etc/hosts", "/nowhere")
        with pytest.raises(Conflict, match="cannot remove"):
            other.remove(container.id)
        with pytest.raises(InvalidState, match="not running"):
            other.kill(container.id, "HUP")

    walk = Walk("mount(2)", ask)
    box.engine.start(container.id, walk)
    assert box.engine.container(container.id).running


def test_it_goes_on_by_itself_when_whoever_steps_is_killed(box: Box) -> None:
    container = box.create(*LASTS)
    killed_at(box, container.id, "pivot_root(2)")
    until(lambda: box.engine.container(container.id).running, "it runs")
    assert not box.engine.container(container.id).state.stepped


def test_a_killed_shim_is_repaired_and_told_to_whoever_steps(box: Box) -> None:
    container = box.create()

    def kill(question: Question) -> None:
        shim = box.engine.container(container.id).state.shim_pid
        os.kill(shim, signal.SIGKILL)
        until(lambda: not files.is_locked(container.directory / "alive"), "it has gone")
        assert not Engine(box.engine.root).container(container.id).state.stepped

    with pytest.raises(EngineError):
        box.engine.start(container.id, Walk("pivot_root(2)", kill))
    assert is_clean(box, container.id)


def test_an_exec_is_stepped_through_too(box: Box) -> None:
    container = box.begin()
    walk = Walk()
    session = box.engine.execute(container.id, ExecOptions(command=("true",)))
    session.start(walk)
    assert session.wait() == 0
    session.close()
    assert {"setns(2)", "capset(2)", "execve(2)"} <= set(walk.calls)


def test_ctrl_c_between_two_acts_breaks_it_off(box: Box) -> None:
    container = box.create()

    def press(question: Question) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Aborted):
        box.engine.start(container.id, Walk("fork(2)", press))
    assert is_clean(box, container.id)


def test_a_fault_of_whoever_decides_leaves_nothing(box: Box) -> None:
    container = box.create()
    with pytest.raises(ZeroDivisionError):
        box.engine.start(container.id, Walk("fork(2)", lambda question: 1 / 0))
    until(lambda: is_clean(box, container.id), "nothing is left")
