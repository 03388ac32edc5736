"""Stats: what a container uses, from what the kernel counts."""

import pytest

from engine.containers.looking.stats import Sample, Stats
from engine.engine import Container
from engine.errors import NotFound
from engine.kernel.counters import Counters
from tests.engine.boxes import Box, until
from tests.machine import has

pytestmark = pytest.mark.vm

MEGABYTE = 1 << 20
BUSY = ("sh", "-c", "while :; do :; done")


def sample(cpu: int, machine: int, throttled: int = 0) -> Sample:
    found = Counters(cpu=cpu, throttled_periods=throttled)
    return Sample(at="", counters=found, machine_cpu=machine, networks={})


def stats_of(now: Sample | None, before: Sample | None) -> Stats:
    return Stats(
        id="x", name="x", now=now, before=before, processors=2, machine_memory=1000
    )


def look(box: Box, container: Container) -> Stats:
    (found,) = next(box.engine.stats([container.id]))
    return found


def test_a_busy_processor_of_two_is_a_hundred_percent() -> None:
    assert stats_of(sample(150, 1200), sample(100, 1100)).cpu_percent == 100.0
    assert stats_of(sample(150, 1200), None).cpu_percent == 0.0
    assert stats_of(sample(5, 1200), sample(100, 1100)).cpu_percent == 0.0  # restarted


def test_held_back_since_the_last_look_is_throttled() -> None:
    assert stats_of(sample(1, 2, throttled=5), sample(1, 1, throttled=4)).throttled
    assert not stats_of(sample(1, 2, throttled=5), sample(1, 1, throttled=5)).throttled


def test_one_that_does_not_run_uses_nothing(box: Box) -> None:
    found = look(box, box.create("true"))
    assert (found.memory, found.memory_limit, found.pids) == (0, 0, 0)
    assert (found.cpu_percent, found.memory_percent) == (0.0, 0.0)


def test_a_quota_can_be_seen_in_the_percentage(box: Box) -> None:
    looks = box.engine.stats([box.begin(*BUSY, cpus=0.25).id])
    first = next(looks)[0].now
    assert first

    def long_enough() -> bool:
        nonlocal found
        (found,) = next(box.engine.stats([found.id]))
        assert found.now
        return found.now.machine_cpu - first.machine_cpu > 1_500_000_000

    (found,) = next(looks)
    until(long_enough, "a second of the machine")
    (measured,) = next(looks)
    whole = stats_of(measured.now, first)
    assert whole.cpu_percent < 60
    assert whole.throttled


def test_memory_is_counted_without_what_could_go(box: Box) -> None:
    script = "dd if=/dev/zero of=/dev/shm/x bs=1M count=16 && echo full; sleep 1000"
    container = box.begin("sh", "-c", script, memory=64 * MEGABYTE)
    box.says(container.id, "full")
    found = look(box, container)
    assert 16 * MEGABYTE <= found.memory < 32 * MEGABYTE
    assert found.memory_limit == 64 * MEGABYTE
    assert 25 <= found.memory_percent < 50


def test_without_a_limit_the_machines_memory_is_the_limit(box: Box) -> None:
    found = look(box, box.begin())
    assert found.memory_limit == found.machine_memory > 64 * MEGABYTE


def test_processes_are_counted(box: Box) -> None:
    container = box.begin("sh", "-c", "sleep 1000 & sleep 1000 & echo up; wait")
    box.says(container.id, "up")
    assert look(box, container).pids == 3


def test_the_network_of_the_machine_is_not_the_containers(box: Box) -> None:
    assert look(box, box.begin(network="host")).network == (0, 0)
    assert look(box, box.begin()).network == (0, 0)


def test_those_that_run_are_measured_or_all(box: Box) -> None:
    running, ended = box.begin(), box.create("true")
    assert [found.id for found in next(box.engine.stats())] == [running.id]
    every = {found.id for found in next(box.engine.stats(all=True))}
    assert every == {running.id, ended.id}


def test_who_is_not_there_is_not_measured(box: Box) -> None:
    with pytest.raises(NotFound, match="No such container: nosuch"):
        next(box.engine.stats(["nosuch"]))


def test_the_shape_is_that_of_dockers_api(box: Box) -> None:
    container = box.begin(memory=64 * MEGABYTE, pids_limit=7)
    looks = box.engine.stats([container.id])
    next(looks)
    data = next(looks)[0].to_json()
    assert data["name"] == f"/{container.name}"
    assert data["pids_stats"] == {"current": 1, "limit": 7}
    assert data["memory_stats"]["limit"] == 64 * MEGABYTE
    inactive = "total_inactive_file" if has("cgroup1") else "inactive_file"
    assert inactive in data["memory_stats"]["stats"]
    now, before = data["cpu_stats"], data["precpu_stats"]
    assert now["cpu_usage"]["total_usage"] >= before["cpu_usage"]["total_usage"] > 0
    assert now["system_cpu_usage"] >= before["system_cpu_usage"] > 0
    assert now["throttling_data"]["throttled_periods"] == 0
    assert data["preread"] < data["read"]


def test_inspect_shows_what_the_group_has_counted(box: Box) -> None:
    container = box.begin(memory=64 * MEGABYTE)
    found = box.engine.inspect(container.id)["Cgroup"]
    assert found["Path"].endswith(f"/{container.id}")
    assert found["OOMKills"] == 0
    assert 0 < found["MemoryUsage"] <= 64 * MEGABYTE
    box.engine.kill(container.id)
    assert set(box.engine.inspect(container.id)["Cgroup"]) == {"Path", "Version"}
