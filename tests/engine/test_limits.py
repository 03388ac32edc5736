"""Control groups: limits as the kernel has them, and what happens at them."""

import os
from pathlib import Path

import pytest

from engine.errors import InvalidArgument
from engine.kernel import cgroups
from tests.engine.boxes import Box, until
from tests.machine import has

pytestmark = pytest.mark.vm

MEGABYTE = 1 << 20
GREEDY = ("tail", "/dev/zero")  # keeps all that it has read of a line without end


def limit(box: Box, controller: str, v1: str, v2: str, **options: object) -> str:
    """What the kernel says of a running container's limit."""
    container = box.begin(**options)
    group = f"labshell-{container_tag(box)}/{container.id}"
    name = v2 if cgroups.version() == 2 else v1
    return (cgroups.directory(group, controller) / name).read_text().strip()


def container_tag(box: Box) -> str:
    from engine.runtime.place import Place

    return Place(root=box.engine.root).tag


def test_memory_is_limited(box: Box) -> None:
    found = limit(
        *(box, "memory", "memory.limit_in_bytes", "memory.max"), memory=64 * MEGABYTE
    )
    assert int(found) == 64 * MEGABYTE


@pytest.mark.parametrize(
    ("swap", "both", "alone"),
    [(None, 128, 64), (64 * MEGABYTE, 64, 0), (96 * MEGABYTE, 96, 32)],
)
def test_memory_and_swap_are_limited_together(
    box: Box, swap: int | None, both: int, alone: int
) -> None:
    v1, v2 = "memory.memsw.limit_in_bytes", "memory.swap.max"
    asked = {"memory": 64 * MEGABYTE, "memory_swap": swap}
    name = v2 if cgroups.version() == 2 else v1
    container = box.begin(**asked)
    path = cgroups.directory(f"labshell-{container_tag(box)}/{container.id}", "memory")
    if not (path / name).exists():
        pytest.skip("this kernel does not count swap")
    expected = alone if cgroups.version() == 2 else both
    assert int((path / name).read_text()) == expected * MEGABYTE


def test_cpu_time_is_limited(box: Box) -> None:
    found = limit(box, "cpu", "cpu.cfs_quota_us", "cpu.max", cpus=0.5)
    assert found in ("50000", "50000 100000")


def test_cpu_time_is_shared(box: Box) -> None:
    found = limit(box, "cpu", "cpu.shares", "cpu.weight", cpu_shares=512)
    assert found in ("512", "20")


def test_the_number_of_processes_is_limited(box: Box) -> None:
    assert limit(box, "pids", "pids.max", "pids.max", pids_limit=7) == "7"


@pytest.mark.parametrize("count", [0, -1])
def test_no_limit_on_processes_can_be_asked_for(box: Box, count: int) -> None:
    assert limit(box, "pids", "pids.max", "pids.max", pids_limit=count) == "max"


def test_a_container_is_in_a_group_of_its_own(box: Box) -> None:
    container = box.begin()
    lines = Path(f"/proc/{container.state.pid}/cgroup").read_text().splitlines()
    paths = {line.rpartition(":")[2] for line in lines if container.id in line}
    ours = f"labshell-{container_tag(box)}"
    with_systemd = f"/system.slice/{ours}.scope/{container.id}"
    assert paths in ({f"/{ours}/{container.id}"}, {with_systemd})


def test_inside_its_own_group_is_the_root(box: Box) -> None:
    container = box.begin("sh", "-c", "cat /proc/self/cgroup; sleep 1000")
    until(lambda: list(box.engine.logs(container.id)), "the output")
    text = "".join(e.data.decode() for e in box.engine.logs(container.id))
    assert container.id not in text


def test_the_limit_can_be_read_inside_and_not_written(box: Box) -> None:
    name = "memory.max" if cgroups.version() == 2 else "memory/memory.limit_in_bytes"
    script = f"cat /sys/fs/cgroup/{name}; echo 1000000000 > /sys/fs/cgroup/{name}"
    done = box.run("sh", "-c", script, memory=32 * MEGABYTE)
    assert done.out == f"{32 * MEGABYTE}\n"
    assert "Read-only" in done.err


def test_a_program_that_takes_too_much_is_killed_and_the_record_says_why(
    box: Box,
) -> None:
    container = box.create(*GREEDY, memory=16 * MEGABYTE, memory_swap=16 * MEGABYTE)
    assert box.foreground(container.id).code == 137
    after = box.engine.container(container.id).state
    assert after.oom_killed
    assert after.exit_code == 137
    assert box.engine.inspect(container.id)["State"]["OOMKilled"] is True


def test_a_later_start_that_stays_within_the_limit_clears_that(box: Box) -> None:
    script = "if [ -e /again ]; then exit 0; fi; touch /again; exec tail /dev/zero"
    container = box.create(
        *("sh", "-c", script), memory=16 * MEGABYTE, memory_swap=16 * MEGABYTE
    )
    box.foreground(container.id)
    assert box.engine.container(container.id).state.oom_killed
    assert box.foreground(container.id).code == 0
    assert not box.engine.container(container.id).state.oom_killed


def test_a_program_that_is_killed_otherwise_was_not_out_of_memory(box: Box) -> None:
    container = box.begin(memory=64 * MEGABYTE)
    box.engine.kill(container.id)
    assert not box.engine.container(container.id).state.oom_killed


def test_the_smallest_memory_is_enough_to_start(box: Box) -> None:
    asked = 6 * MEGABYTE
    assert box.run("echo", "ok", memory=asked, memory_swap=asked).out == "ok\n"


def test_a_fork_bomb_stops_at_the_limit_and_can_be_killed(box: Box) -> None:
    # A shell whose fork is refused gives up: how many there are goes up and down, how
    # often the kernel has refused only up. Process 1 itself must not fork again.
    bomb = "f() { f | f & }; f; exec sleep 1000"
    container = box.begin("sh", "-c", bomb, pids_limit=30, cpus=0.5)
    group = f"labshell-{container_tag(box)}/{container.id}"
    pids = cgroups.directory(group, "pids")
    until(lambda: refusals(pids / "pids.events") > 0, "the kernel refuses a fork")
    assert int((pids / "pids.current").read_text()) <= 30
    box.engine.kill(container.id)
    assert box.engine.wait(container.id) == 137
    assert not pids.exists()


def refusals(events: Path) -> int:
    """How often the limit of a group has refused a fork: "max N"."""
    return int(events.read_text().split()[1])


def test_no_group_is_left_when_a_container_has_ended(box: Box) -> None:
    container = box.begin("true")
    box.engine.wait(container.id)
    group = f"labshell-{container_tag(box)}/{container.id}"
    assert [path for path in cgroups.directories(group) if path.exists()] == []


CPUS = os.cpu_count() or 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"memory": 6 * MEGABYTE - 1}, "Minimum memory limit allowed is 6MB"),
        ({"memory": 0}, "Minimum memory limit allowed is 6MB"),
        ({"memory": -5}, "Minimum memory limit allowed is 6MB"),
        ({"memory_swap": 64 * MEGABYTE}, "You should always set the Memory limit"),
        (
            {"memory": 64 * MEGABYTE, "memory_swap": 32 * MEGABYTE},
            "Minimum memoryswap limit should be larger than memory limit",
        ),
        ({"cpus": CPUS + 0.01}, f"Range of CPUs is from 0.01 to {CPUS}.00"),
        ({"cpus": -1.0}, "Range of CPUs is from 0.01"),
        ({"cpus": 0.001}, "Range of CPUs is from 0.01"),
        ({"cpus": float("nan")}, "Range of CPUs is from 0.01"),
        ({"cpu_shares": 1}, "cpu-shares"),
        ({"cpu_shares": 1 << 40}, "cpu-shares"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_in_dockers_words(
    box: Box, options: dict[str, float], message: str
) -> None:
    with pytest.raises(InvalidArgument, match=message) as caught:
        box.create("true", volumes=("/v",), **options)
    assert caught.value.exit_code == 125
    assert caught.value.hint
    assert box.engine.containers(all=True) == []
    assert box.engine.volumes() == []


@pytest.mark.skipif(not has("cgroup1"), reason="needs cgroup1")
def test_on_version_1_every_controller_is_seen_inside(box: Box) -> None:
    seen = box.run("ls", "/sys/fs/cgroup").out.split()
    assert {"memory", "pids", "freezer"} <= set(seen)
