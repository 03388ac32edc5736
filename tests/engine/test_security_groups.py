"""Control groups that a container has tampered with go with it all the same."""

import os
import signal
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.kernel import cgroups
from tests.engine.boxes import Box, until

pytestmark = pytest.mark.vm

BOMB = ("sh", "-c", "b() { b & b & wait; }; b")
# Groups inside its own, and itself in them, as with Docker inside; then one is frozen.
DIVIDES = """
for group in /sys/fs/cgroup/*/; do
    mkdir -p $group/sub/deep
    echo 1 > $group/sub/cgroup.procs
done
"""
FREEZES = """
sleep 1000 &
echo $! > /sys/fs/cgroup/freezer/sub/deep/cgroup.procs
echo FROZEN > /sys/fs/cgroup/freezer/sub/deep/freezer.state
"""


def groups_of(engine: Engine, name: str) -> list[str]:
    """Where the container still has a control group."""
    group = engine._house.cgroup(engine.container(name))
    return [str(path) for path in cgroups.directories(group) if path.exists()]


def kill_shim(engine: Engine, name: str) -> None:
    os.kill(engine.container(name).state.shim_pid, signal.SIGKILL)


def has_ended(pid: int) -> bool:
    """Whether the process runs no more; somebody may still have to collect it."""
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def frozen_inside(box: Box) -> str:
    """A container with a process that it has frozen itself."""
    program = f"{DIVIDES} {FREEZES} echo ready; sleep 1000"
    name = box.begin("sh", "-c", program, privileged=True).id
    box.says(name, "ready")
    return name


def test_groups_made_inside_a_container_end_with_it(engine: Engine, box: Box) -> None:
    container = box.create("sh", "-c", DIVIDES, privileged=True)
    assert box.foreground(container.id).code == 0
    assert groups_of(engine, container.id) == []


def test_what_it_has_frozen_itself_can_be_killed(engine: Engine, box: Box) -> None:
    name = frozen_inside(box)
    engine.kill(name)
    assert groups_of(engine, name) == []


def test_they_end_if_its_shim_was_killed(engine: Engine, box: Box) -> None:
    name = frozen_inside(box)
    pid = engine.container(name).state.pid
    kill_shim(engine, name)
    until(lambda: engine.container(name).state.exit_code == 255, "the repair")
    assert groups_of(engine, name) == []
    until(lambda: has_ended(pid), "its end")


def test_process_1_is_killed_even_if_it_has_left_its_groups(
    engine: Engine, box: Box
) -> None:
    container = box.begin("sh", "-c", "echo ready; sleep 1000", privileged=True)
    for tree in set(cgroups.trees().values()):  # as root of the machine could
        (tree / "cgroup.procs").write_text(str(container.state.pid))
    kill_shim(engine, container.id)
    until(lambda: not engine.container(container.id).running, "the repair")
    until(lambda: has_ended(container.state.pid), "its end")


def test_a_fork_bomb_is_ended_even_without_its_shim(engine: Engine, box: Box) -> None:
    name = box.begin(*BOMB, pids_limit=500).id
    group = engine._house.cgroup(engine.container(name))
    until(lambda: len(cgroups.members(group)) > 400, "the bomb")
    kill_shim(engine, name)
    until(lambda: not engine.container(name).running, "the repair")
    assert groups_of(engine, name) == []
