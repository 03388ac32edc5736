"""Where the engine's own processes are: in a group beside those of the containers."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.containers.house import House
from engine.engine import Engine
from engine.kernel import cgroups, freezer
from tests.engine.boxes import Box, until
from tests.shell.lines import Lab

pytestmark = [pytest.mark.vm, pytest.mark.require("root")]


@pytest.fixture
def callers_group() -> Iterator[str]:
    """A control group as that of a service or a login, from which `lab` is called."""
    group = f"labshell-test{os.getpid()}/caller"
    cgroups.create(group)
    yield group
    freezer.kill_all(group)
    cgroups.remove(group)
    cgroups.remove(group.partition("/")[0])


def groups_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cgroup").read_text()


def test_a_shim_is_in_a_group_of_the_engines_and_not_in_its_containers(
    box: Box,
) -> None:
    container = box.begin()
    ours = House(box.engine.root).place.cgroup
    assert f"/{cgroups.path_of(ours)}/shims" in groups_of(container.state.shim_pid)
    assert container.id not in groups_of(container.state.shim_pid)
    assert container.id in groups_of(container.state.pid)


def test_a_container_outlives_the_group_that_it_was_started_from(
    fresh_root: Path, callers_group: str
) -> None:
    """As at the end of a login, of which systemd kills every process."""
    Engine(fresh_root).image("busybox")
    started = subprocess.run(
        Lab(fresh_root).command("run", "-d", "--name", "box", "busybox", "sleep", "99"),
        preexec_fn=lambda: cgroups.join(callers_group),
        capture_output=True,
    )
    assert started.returncode == 0, started.stderr
    assert cgroups.members(callers_group) == []
    freezer.kill_all(callers_group)
    assert Box(Engine(fresh_root)).execute("box", "echo", "well").out == "well\n"


def test_the_engines_group_goes_when_nobody_needs_it(fresh_root: Path) -> None:
    engine = Engine(fresh_root)
    group = House(engine.root).place.cgroup
    Box(engine).begin(name="box")
    assert cgroups.exists(group)
    engine.remove("box", force=True)
    engine.close()
    assert not [path for path in cgroups.directories(group) if path.exists()]


def test_a_killed_spawner_leaves_its_place_to_the_next(fresh_root: Path) -> None:
    box = Box(Engine(fresh_root))
    group = f"{House(box.engine.root).place.cgroup}/shims"
    first = box.begin()
    for pid in set(cgroups.members(group)) - {first.state.shim_pid}:
        os.kill(pid, 9)
    until(lambda: cgroups.members(group) == [first.state.shim_pid], "its end")
    second = box.begin()
    assert second.state.shim_pid in cgroups.members(group)
    assert box.execute(first.id, "true").code == 0
