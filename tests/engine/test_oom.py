"""Out of memory: who is killed, who hangs, and who says so."""

import contextlib
import os
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import Container, UpdateOptions
from engine.kernel import cgroups, counters, limits
from engine.oci.resources import Resources
from engine.runtime.announce import Announcer
from engine.runtime.loop import Loop
from engine.runtime.shortage import Shortage
from engine.runtime.wanted import WantedRecord
from tests.engine.boxes import Box, until
from tests.machine import has

pytestmark = pytest.mark.vm

MEGABYTE = 1 << 20
SMALL = {"memory": 16 * MEGABYTE, "memory_swap": 16 * MEGABYTE}
GREEDY = ("tail", "/dev/zero")  # keeps all that it has read of a line without end
# The kernel lets a program hang that writes to new memory itself; a read(2) into it, as
# tail's, fails.
DOUBLING = "x=a; while [ ${#x} -lt 10000000 ]; do x=$x$x; done; echo through; "
V1 = not has("cgroup2")


def group_of(box: Box, container: Container) -> str:
    return box.engine._house.cgroup(container)


def test_a_child_that_is_killed_is_told_when_the_container_has_ended(box: Box) -> None:
    script = "tail /dev/zero; echo killed $?; exec sleep 1000"
    container = box.begin("sh", "-c", script, **SMALL)
    box.says(container.id, "killed 137")
    assert not box.engine.container(container.id).state.oom_killed
    assert box.engine.inspect(container.id)["Cgroup"]["OOMKills"] == 1
    box.engine.kill(container.id)
    assert box.engine.container(container.id).state.oom_killed


def shortages(box: Box, container: Container) -> int:
    """How many `oom` events were told of the container."""
    return len(
        list(box.engine.events(since=0, until=time.time(), filters=filters(container)))
    )


def filters(container: Container) -> dict[str, list[str]]:
    return {"container": [container.id], "event": ["oom"]}


def test_a_kill_is_told_when_it_happens_and_only_once(box: Box) -> None:
    script = "tail /dev/zero; echo killed; exec sleep 1000"
    container = box.begin("sh", "-c", script, **SMALL)
    box.says(container.id, "killed")
    until(lambda: shortages(box, container) == 1, "an event while it runs")
    box.engine.kill(container.id)
    assert shortages(box, container) == 1


class Heard(Announcer):
    """Keeps what would be announced."""

    def __init__(self, container: Container) -> None:
        super().__init__(container.directory, WantedRecord(container.directory))
        self.events: list[str] = []

    def tell(self, action: str, **attributes: str) -> None:
        self.events.append(action)


@pytest.mark.require("cgroup1")
def test_the_kernel_may_tell_of_a_kill_before_it_has_counted_it(box: Box) -> None:
    script = "read x; tail /dev/zero; exec sleep 1000"
    container = box.begin("sh", "-c", script, interactive=True, **SMALL)
    heard, loop = Heard(container), Loop()
    shortage = Shortage(loop, group_of(box, container), heard, contextlib.nullcontext)
    shortage.begin()
    os.eventfd_write(shortage._descriptor, 1)
    loop.turn()
    loop.forget(shortage._descriptor)  # all that came was too early
    assert heard.events == []
    with contextlib.closing(box.engine.session(container.id, stdin=True)) as session:
        session._connection.tell("close-stdin")
        until(lambda: counters.memory_kills(group_of(box, container)), "a kill")
    loop.later(8.0, lambda: heard.tell("too late"))
    while not heard.events:
        loop.turn()
    assert shortage.end() == 1
    assert heard.events == ["oom"]


def test_the_end_of_process_1_is_told_as_well(box: Box) -> None:
    container = box.begin(*GREEDY, **SMALL)
    assert box.engine.wait(container.id) == 137
    assert shortages(box, container) == 1


def test_so_is_what_was_executed(box: Box) -> None:
    container = box.begin(**SMALL)
    assert box.execute(container.id, *GREEDY).code == 137
    assert box.engine.container(container.id).running
    box.engine.stop(container.id, 0)
    assert box.engine.container(container.id).state.oom_killed


@pytest.mark.require("cgroup1")
def test_with_its_killer_disabled_a_container_hangs_and_everybody_says_so(
    box: Box,
) -> None:
    container = box.begin("sh", "-c", DOUBLING, oom_kill_disable=True, **SMALL)

    def told_by_stats() -> bool:
        (found,) = next(box.engine.stats([container.id]))
        assert found.to_json()["memory_stats"]["under_oom"] == found.under_oom
        return found.under_oom

    def told_by_inspect() -> bool:
        return bool(box.engine.inspect(container.id)["Cgroup"]["UnderOOM"])

    # Whenever a page is given back the kernel wakes it, and it hangs anew.
    until(lambda: box.engine.is_under_oom(container), "it is under OOM")
    until(told_by_stats, "stats say so")
    until(told_by_inspect, "inspect says so")
    box.engine.kill(container.id)
    assert box.engine.wait(container.id) == 137


@pytest.mark.require("cgroup1")
def test_more_memory_lets_it_go_on(box: Box) -> None:
    script = ("sh", "-c", DOUBLING + "exec sleep 1000")
    container = box.begin(*script, oom_kill_disable=True, **SMALL)
    until(lambda: box.engine.is_under_oom(container), "it is under OOM")
    more = UpdateOptions(memory=128 * MEGABYTE, memory_swap=-1)
    box.engine.update(container.id, more)
    box.says(container.id, "through")
    assert not box.engine.is_under_oom(container)


@pytest.mark.require("cgroup1")
def test_without_a_limit_it_runs_and_docker_warns(box: Box) -> None:
    assert box.run("echo", "hi", oom_kill_disable=True).out == "hi\n"
    assert "no memory limit is set" in box.engine.notices.pop()


@pytest.mark.require("cgroup2")
def test_version_2_has_no_such_switch_and_the_nearest_is_named(box: Box) -> None:
    container = box.create(*GREEDY, oom_kill_disable=True, **SMALL)
    assert not container.options.oom_kill_disable
    note = box.engine.notices.pop()
    assert "OomKillDisable discarded" in note
    assert "--memory-high" in note
    assert box.foreground(container.id).code == 137


@pytest.mark.require("cgroup2")
def test_beyond_memory_high_it_is_slowed_down_and_not_killed(box: Box) -> None:
    container = box.begin(*GREEDY, memory_high=16 * MEGABYTE)
    place = cgroups.directory(group_of(box, container), "memory")

    def slowed() -> bool:
        events = dict(
            map(str.split, (place / "memory.events").read_text().splitlines())
        )
        return int(events["high"]) > 100

    until(slowed, "it was over the mark a hundred times")
    assert box.engine.container(container.id).running
    assert counters.memory_kills(group_of(box, container)) == 0


@pytest.fixture
def bounded(box: Box) -> Iterator[str]:
    """A group in the engine's with a limit for all in it together."""
    name = f"{box.engine._house.place.cgroup}/bounded"
    cgroups.create(name)
    both = 64 * MEGABYTE
    limits.limit(name, Resources(memory=both, memory_swap=both))
    yield "bounded"
    for container in box.engine.containers(all=True):
        box.engine.remove(container.id, force=True)
    cgroups.remove(name)


def test_of_two_in_a_bounded_group_the_one_with_the_higher_score_is_killed(
    box: Box, bounded: str
) -> None:
    # dd has read 24 MB into memory, and waits for somebody to take them.
    holds = "mkfifo /p; sleep 1000 </p & exec dd if=/dev/zero of=/p bs=24M count=1"
    together = {"cgroup_parent": bounded}
    kept = box.begin("sh", "-c", holds, oom_score_adj=0, **together)
    given = box.begin("sh", "-c", holds, oom_score_adj=900, **together)
    for container in (kept, given):
        group = group_of(box, container)

        def full(group: str = group) -> bool:
            found = counters.read(group)
            return found is not None and found.memory > 24 * MEGABYTE

        until(full, "24 MB are held")
    assert box.execute(kept.id, *GREEDY).code == 137  # the third: it ends the memory
    assert box.engine.wait(given.id) == 137
    assert box.engine.container(given.id).state.oom_killed
    assert box.engine.container(kept.id).running


def test_a_descriptor_tells_at_once(box: Box) -> None:
    container = box.begin(**SMALL)
    group = group_of(box, container)
    descriptor = counters.oom_descriptor(group)
    with open(descriptor, "rb", buffering=0) as file:
        assert select.select([file], [], [], 0)[0] == []
        box.execute(container.id, *GREEDY)
        assert select.select([file], [], [], 10)[0] == [file]
    assert counters.memory_kills(group) == 1


def test_a_paused_container_uses_no_cpu_and_keeps_memory_and_sockets(box: Box) -> None:
    script = (
        "nc -l -p 99 & head -c 8m /dev/zero >/dev/shm/x; echo up; while :; do :; done"
    )
    container = box.begin("sh", "-c", script, memory=64 * MEGABYTE)
    box.says(container.id, "up")
    group = group_of(box, container)
    sockets = Path(f"/proc/{container.state.pid}/net/tcp6")
    until(lambda: ":0063 " in sockets.read_text(), "it listens")
    box.engine.pause(container.id)
    before = counters.read(group)
    # Long enough for hundreds of turns of the scheduler, if it had any.
    subprocess.run(["sleep", "0.2"], check=True)
    after = counters.read(group)
    assert before
    assert after
    assert after.cpu == before.cpu
    assert after.memory >= 8 * MEGABYTE
    assert ":0063 " in sockets.read_text()
    box.engine.unpause(container.id)

    def turning() -> bool:
        found = counters.read(group)
        return found is not None and found.cpu > after.cpu

    until(turning, "it goes on")
