"""Update: record, bundle and kernel agree, at once and after the next start."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from engine import events, files
from engine.engine import Container, RestartPolicy, UpdateOptions
from engine.errors import Conflict, EngineError, InvalidArgument
from engine.kernel import cgroups
from tests.engine.boxes import Box
from tests.machine import has

pytestmark = pytest.mark.vm

MEGABYTE = 1 << 20
V1 = not has("cgroup2")
HALF = {"memory": 32 * MEGABYTE, "memory_swap": 64 * MEGABYTE}


def update(box: Box, container: Container, **wanted: Any) -> None:
    box.engine.update(container.id, UpdateOptions(**wanted))


def in_kernel(box: Box, container: Container, controller: str, name: str) -> str:
    group = box.engine._house.cgroup(container)
    return (cgroups.directory(group, controller) / name).read_text().strip()


def memory_in_kernel(box: Box, container: Container) -> int:
    name = "memory.limit_in_bytes" if V1 else "memory.max"
    return int(in_kernel(box, container, "memory", name))


def memory_everywhere(box: Box, container: Container) -> set[int]:
    """What the record, the bundle and (while it runs) the kernel say of memory."""
    data = json.loads((container.directory / "bundle/config.json").read_text())
    found = {
        data["linux"]["resources"]["memory"]["limit"],
        box.engine.container(container.id).options.memory,
        box.engine.inspect(container.id)["HostConfig"]["Memory"],
    }
    if box.engine.container(container.id).running:
        found.add(memory_in_kernel(box, container))
    return found


def test_a_limit_changes_at_once_and_for_the_next_start(box: Box) -> None:
    container = box.begin(memory=64 * MEGABYTE)
    pid = container.state.pid
    update(box, container, **HALF)
    assert memory_everywhere(box, container) == {32 * MEGABYTE}
    assert box.engine.container(container.id).state.pid == pid
    box.engine.restart(container.id, timeout=0)
    assert memory_everywhere(box, container) == {32 * MEGABYTE}


def test_of_a_container_that_does_not_run_it_changes_the_next_start(box: Box) -> None:
    container = box.create("sleep", "1000", memory=64 * MEGABYTE)
    update(box, container, **HALF)
    assert memory_everywhere(box, container) == {32 * MEGABYTE}
    box.engine.start(container.id)
    assert memory_everywhere(box, container) == {32 * MEGABYTE}


def test_all_limits_can_change_together(box: Box) -> None:
    container = box.begin()
    wanted = {"cpus": 0.5, "cpu_shares": 512, "pids_limit": 7, "cpuset_cpus": "0"}
    update(box, container, memory_reservation=16 * MEGABYTE, **wanted)
    assert in_kernel(box, container, "pids", "pids.max") == "7"
    assert in_kernel(box, container, "cpuset", "cpuset.cpus") == "0"
    share = in_kernel(box, container, "cpu", "cpu.shares" if V1 else "cpu.weight")
    assert share == ("512" if V1 else "20")
    quota = in_kernel(box, container, "cpu", "cpu.cfs_quota_us" if V1 else "cpu.max")
    assert quota.split()[0] == "50000"
    kept = box.engine.container(container.id).options
    assert {name: getattr(kept, name) for name in wanted} == wanted


@pytest.mark.require("cgroup2")
def test_the_mark_beyond_which_it_is_slowed_down_can_change(box: Box) -> None:
    container = box.begin()
    update(box, container, memory_high=32 * MEGABYTE)
    assert in_kernel(box, container, "memory", "memory.high") == str(32 * MEGABYTE)


def test_what_is_not_named_stays(box: Box) -> None:
    container = box.begin(pids_limit=50, ulimits=("nofile=20:30",))
    update(box, container, cpu_shares=512)
    kept = box.engine.container(container.id).options
    assert (kept.pids_limit, kept.ulimits) == (50, ("nofile=20:30",))
    assert in_kernel(box, container, "pids", "pids.max") == "50"


def test_a_paused_container_can_be_updated(box: Box) -> None:
    container = box.begin(memory=64 * MEGABYTE)
    box.engine.pause(container.id)
    update(box, container, **HALF)
    assert memory_everywhere(box, container) == {32 * MEGABYTE}
    assert box.engine.container(container.id).state.status == "paused"


def test_more_memory_than_memory_and_swap_is_refused_in_dockers_words(box: Box) -> None:
    container = box.begin(memory=64 * MEGABYTE)
    with pytest.raises(Conflict, match="smaller than already set memoryswap limit"):
        update(box, container, memory=200 * MEGABYTE)
    assert memory_everywhere(box, container) == {64 * MEGABYTE}
    update(box, container, memory=200 * MEGABYTE, memory_swap=-1)
    assert memory_everywhere(box, container) == {200 * MEGABYTE}


@pytest.mark.require("cgroup1")
def test_what_the_kernel_refuses_leaves_all_as_it_was(box: Box) -> None:
    script = "dd if=/dev/zero of=/dev/shm/x bs=1M count=24 && echo full; sleep 1000"
    container = box.begin("sh", "-c", script, memory=64 * MEGABYTE, pids_limit=50)
    box.says(container.id, "full")
    wanted = {"cpu_shares": 512, "memory": 8 * MEGABYTE, "memory_swap": 8 * MEGABYTE}
    with pytest.raises(Conflict, match="Cannot update container") as caught:
        update(box, container, **wanted)
    assert caught.value.hint
    assert memory_everywhere(box, container) == {64 * MEGABYTE}
    assert in_kernel(box, container, "cpu", "cpu.shares") == "1024"
    assert box.engine.container(container.id).options.cpu_shares is None


def test_what_cannot_be_written_leaves_all_as_it_was(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = box.begin(memory=64 * MEGABYTE)
    write, kept = files.write_json, container.directory / "config.json"

    def full_disk(path: Any, data: Any, **options: Any) -> None:
        if path == kept:
            raise OSError(28, "No space left on device")
        write(path, data, **options)

    monkeypatch.setattr(files, "write_json", full_disk)
    with pytest.raises(EngineError, match="No space left"):
        update(box, container, **HALF)
    assert memory_everywhere(box, container) == {64 * MEGABYTE}


@pytest.mark.parametrize(
    ("options", "wanted", "message"),
    [
        ({}, {"memory": MEGABYTE}, "Minimum memory limit allowed is 6MB"),
        ({"cpus": 1.0}, {"cpu_quota": 5000}, "CPU Quota cannot be updated as NanoCPUs"),
        ({"cpu_period": 5000}, {"cpus": 1.0}, "Nano CPUs cannot be updated as CPU Per"),
        ({}, {"cpuset_cpus": "4000"}, "Requested CPUs are not available"),
        (
            {"auto_remove": True},
            {"restart": RestartPolicy(name="always")},
            "Restart policy cannot be updated because AutoRemove is enabled",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    box: Box, options: dict[str, Any], wanted: dict[str, Any], message: str
) -> None:
    container = box.create("true", **options)
    with pytest.raises((Conflict, InvalidArgument), match=message):
        update(box, container, **wanted)
    assert box.engine.container(container.id).options == container.options


def test_the_restart_policy_can_be_changed_while_it_runs(box: Box) -> None:
    script = "until [ -e /go ]; do sleep 0.01; done; rm /go; echo again; sleep 1000"
    container = box.begin("sh", "-c", script)
    update(box, container, restart=RestartPolicy(name="always"))
    policy = box.engine.inspect(container.id)["HostConfig"]["RestartPolicy"]
    assert policy["Name"] == "always"
    update(box, container, restart=RestartPolicy())
    assert box.engine.container(container.id).options.restart == RestartPolicy()


def test_updates_of_several_at_once_are_all_kept(box: Box) -> None:
    container = box.begin()
    wanted: list[dict[str, Any]] = [
        {"pids_limit": 77},
        {"cpu_shares": 512},
        {"memory_reservation": 16 * MEGABYTE},
        {"cpuset_cpus": "0"},
    ]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda one: update(box, container, **one), wanted))
    kept = box.engine.container(container.id).options
    found = [{name: getattr(kept, name) for name in one} for one in wanted]
    assert found == wanted


def test_an_update_is_an_event(box: Box) -> None:
    container = box.create("true")
    update(box, container, pids_limit=7)
    lines = events.path(box.engine.root).read_text().splitlines()
    found = [json.loads(line) for line in lines]
    assert ("update", container.id) in [(e["Action"], e["Actor"]["ID"]) for e in found]
