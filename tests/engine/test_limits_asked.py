"""What can be asked besides memory, processors and a number: where it arrives."""

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.errors import EngineError, InvalidArgument
from engine.kernel import cgroups
from tests.engine.boxes import Box, until
from tests.machine import has

pytestmark = pytest.mark.vm

MEGABYTE = 1 << 20
V1 = not has("cgroup2")


def kept(box: Box, controller: str, name: str, **options: object) -> str:
    """What the kernel says of a limit of a running container."""
    group = box.engine._house.cgroup(box.begin(**options))
    return (cgroups.directory(group, controller) / name).read_text().strip()


def test_memory_is_reserved(box: Box) -> None:
    name = "memory.soft_limit_in_bytes" if V1 else "memory.low"
    found = kept(box, "memory", name, memory_reservation=32 * MEGABYTE)
    assert int(found) == 32 * MEGABYTE


@pytest.mark.require("cgroup1")
def test_swappiness_is_set(box: Box) -> None:
    assert kept(box, "memory", "memory.swappiness", memory_swappiness=7) == "7"


@pytest.mark.require("cgroup2")
def test_on_version_2_swappiness_is_left_out_with_a_note(box: Box) -> None:
    container = box.begin(memory_swappiness=0)
    assert container.options.memory_swappiness is None
    assert "Memory swappiness discarded" in box.engine.notices.pop()


@pytest.mark.require("cgroup2")
def test_memory_high_slows_down(box: Box) -> None:
    found = kept(box, "memory", "memory.high", memory_high=32 * MEGABYTE)
    assert int(found) == 32 * MEGABYTE


@pytest.mark.require("cgroup1")
def test_on_version_1_memory_high_is_refused_and_the_nearest_named(box: Box) -> None:
    with pytest.raises(InvalidArgument, match=r"has no memory\.high") as caught:
        box.create("true", memory_high=32 * MEGABYTE)
    assert "--memory-reservation" in caught.value.hint


def test_processors_and_nodes_are_chosen(box: Box) -> None:
    options = {"cpuset_cpus": "0", "cpuset_mems": "0"}
    assert kept(box, "cpuset", "cpuset.cpus", **options) == "0"
    assert box.run("nproc", cpuset_cpus="0").out == "1\n"


def test_without_a_choice_all_processors_are_there(box: Box) -> None:
    online = len(os.sched_getaffinity(0))
    assert box.run("nproc").out == f"{online}\n"


def test_quota_and_period_are_the_kernels_own(box: Box) -> None:
    options = {"cpu_quota": 50_000, "cpu_period": 200_000}
    if V1:
        assert kept(box, "cpu", "cpu.cfs_period_us", **options) == "200000"
    else:
        assert kept(box, "cpu", "cpu.max", **options) == "50000 200000"


def test_a_part_of_the_disk_is_kept_or_left_out_with_a_note(box: Box) -> None:
    name = "blkio.bfq.weight" if V1 else "io.bfq.weight"
    group = box.engine._house.cgroup(box.begin(blkio_weight=300))
    path = cgroups.directory(group, "blkio") / name
    if path.exists():
        assert path.read_text().split()[-1] == "300"
    else:
        assert "Weight discarded" in box.engine.notices.pop()


def test_ulimits_are_those_of_the_program_and_of_what_is_executed(box: Box) -> None:
    container = box.begin(ulimits=("nofile=20:30", "core=-1"))
    script = "ulimit -n; ulimit -Hn; ulimit -c"
    done = box.execute(container.id, "sh", "-c", script)
    assert done.lines == ["20", "30", "unlimited"]
    assert box.run("sh", "-c", script, ulimits=("nofile=20:30",)).lines[0] == "20"


def test_shared_memory_is_as_large_as_asked(box: Box) -> None:
    assert "1024" in box.run("df", "/dev/shm", shm_size=MEGABYTE).lines[1].split()
    assert "65536" in box.run("df", "/dev/shm").lines[1].split()


def test_parameters_are_set_in_the_containers_namespaces_only(box: Box) -> None:
    paths = ["/proc/sys/net/ipv4/ip_default_ttl", "/proc/sys/kernel/msgmax"]
    before = [Path(path).read_text() for path in paths]
    asked = {"net.ipv4.ip_default_ttl": "7", "kernel.msgmax": "65536"}
    assert box.run("cat", *paths, sysctls=asked).lines == ["7", "65536"]
    assert [Path(path).read_text() for path in paths] == before


def test_more_groups_are_held(box: Box) -> None:
    image = box.image("grouped", {"etc/group": "root:x:0:\nstaff:x:50:\n"})
    asked = {"image": image, "groups_add": ("777", "staff"), "user": "33"}
    assert {"777", "50"} <= set(box.run("id", "-G", **asked).out.split())
    running = box.begin(**asked)
    groups = box.execute(running.id, "id", "-G", user="0").out.split()
    assert {"777", "50"} <= set(groups)


def test_an_unknown_group_is_refused(box: Box) -> None:
    with pytest.raises(InvalidArgument, match="unable to find group nosuch"):
        box.create("true", groups_add=("nosuch",))


def test_the_score_is_the_programs(box: Box) -> None:
    found = box.run("cat", "/proc/self/oom_score_adj", oom_score_adj=321)
    assert found.out == "321\n"


def test_a_score_that_the_engine_may_not_give_says_why(box: Box) -> None:
    try:
        done = box.run("cat", "/proc/self/oom_score_adj", oom_score_adj=-7)
    except EngineError as error:
        assert "CAP_SYS_RESOURCE" in error.hint
    else:
        assert done.out == "-7\n"


@pytest.mark.require("tini-static")
def test_init_buries_the_dead_and_passes_the_exit_status_on(box: Box) -> None:
    orphan = "(sleep 0.05 &); exec sleep 1000"
    pids = "cat /proc/[0-9]*/status | grep -c 'State:.Z'"
    without, within = (box.begin("sh", "-c", orphan, init=i) for i in (False, True))
    dead = "a zombie that nobody buries"
    until(lambda: box.execute(without.id, "sh", "-c", pids).out == "1\n", dead)
    count = cgroups.directory(box.engine._house.cgroup(within), "pids") / "pids.current"
    until(lambda: count.read_text() == "2\n", "only the program and its init are left")
    assert box.run("sh", "-c", "exit 3", init=True).code == 3


@pytest.mark.require("tini-static")
def test_with_init_a_program_without_handlers_obeys_the_stop_signal(box: Box) -> None:
    container = box.begin("sleep", "1000", init=True)
    box.engine.stop(container.id, 10)
    assert box.engine.wait(container.id) == 143


def test_without_an_init_program_init_is_refused(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.containers.reaper._PLACES", ("/nosuch",))
    with pytest.raises(EngineError, match="docker-init") as caught:
        box.create("true", init=True)
    assert "tini" in caught.value.hint


def test_inspect_and_the_bundle_tell_all_of_it(box: Box) -> None:
    container = box.create(
        "true",
        memory=64 * MEGABYTE,
        memory_reservation=32 * MEGABYTE,
        cpuset_cpus="0",
        cpu_quota=50_000,
        oom_score_adj=5,
        ulimits=("nofile=20:30",),
        shm_size=MEGABYTE,
        sysctls={"net.ipv4.ip_forward": "1"},
        groups_add=("777",),
        cgroup_parent="nest",
    )
    host = box.engine.inspect(container.id)["HostConfig"]
    assert host["MemoryReservation"] == 32 * MEGABYTE
    assert host["CpusetCpus"] == "0"
    assert (host["CpuQuota"], host["OomScoreAdj"]) == (50_000, 5)
    assert host["Ulimits"] == [{"Name": "nofile", "Hard": 30, "Soft": 20}]
    assert (host["ShmSize"], host["GroupAdd"]) == (MEGABYTE, ["777"])
    assert host["Sysctls"] == {"net.ipv4.ip_forward": "1"}
    assert host["CgroupParent"] == "nest"
    bundle = json.loads((container.directory / "bundle/config.json").read_text())
    assert bundle["linux"]["resources"]["memory"]["reservation"] == 32 * MEGABYTE
    assert bundle["linux"]["resources"]["cpu"]["cpus"] == "0"
    assert bundle["linux"]["sysctl"] == {"net.ipv4.ip_forward": "1"}
    assert bundle["linux"]["cgroupsPath"].endswith(f"/nest/{container.id}")
    assert bundle["process"]["oomScoreAdj"] == 5
    assert bundle["process"]["rlimits"] == [
        {"type": "RLIMIT_NOFILE", "soft": 20, "hard": 30}
    ]


@pytest.fixture
def others_group() -> Iterator[str]:
    """A group that somebody else has made, in every tree."""
    name = f"others-{os.getpid()}"
    for path in cgroups.directories(name):
        path.mkdir()
    yield name
    for path in cgroups.directories(name):
        path.rmdir()


def test_a_parent_that_we_made_goes_with_its_last_container(box: Box) -> None:
    first = box.begin(cgroup_parent=f"/ours-{os.getpid()}/deep")
    second = box.begin(cgroup_parent=f"/ours-{os.getpid()}/deep")
    places = cgroups.directories(f"ours-{os.getpid()}")
    assert all((path / "deep" / first.id).is_dir() for path in places)
    box.engine.kill(first.id)
    assert all((path / "deep" / second.id).is_dir() for path in places)
    box.engine.kill(second.id)
    assert not any(path.exists() for path in places)


def test_a_parent_that_comes_and_goes_is_there_when_it_is_needed(box: Box) -> None:
    parent = f"/ours-{os.getpid()}/deep"

    def run_some(_: int) -> list[int]:
        return [box.run("true", cgroup_parent=parent).code for _ in range(5)]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run_some, range(4))) == [[0] * 5] * 4
    assert not any(p.exists() for p in cgroups.directories(f"ours-{os.getpid()}"))


def test_a_parent_that_others_made_stays(box: Box, others_group: str) -> None:
    container = box.begin(cgroup_parent=f"/{others_group}/inner")
    box.engine.remove(container.id, force=True)
    left = [path for path in cgroups.directories(others_group) if path.is_dir()]
    assert left == cgroups.directories(others_group)
    assert not any((path / "inner").exists() for path in left)


def test_a_parent_in_the_engines_group_is_repaired_away(box: Box) -> None:
    container = box.begin(cgroup_parent="nest")
    group = box.engine._house.cgroup(container)
    assert group.startswith("labshell-")
    subprocess.run(["kill", "-9", str(container.state.shim_pid)], check=True)
    until(lambda: not box.engine.containers(), "it is met, and repaired")
    nests = [path.parent for path in cgroups.directories(group)]
    assert not any(path.exists() for path in nests)


CPUS = os.cpu_count() or 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"memory_reservation": MEGABYTE}, "Minimum memory reservation allowed is 6MB"),
        (
            {"memory": 16 * MEGABYTE, "memory_reservation": 32 * MEGABYTE},
            "can not be less than memory reservation limit",
        ),
        ({"memory_swappiness": 101}, "Valid memory swappiness range is 0-100"),
        ({"oom_score_adj": 2000}, r"range for oom score adj is \[-1000, 1000\]"),
        ({"cpus": 1.0, "cpu_period": 100_000}, "Nano CPUs and CPU Period cannot both"),
        ({"cpus": 1.0, "cpu_quota": 50_000}, "Nano CPUs and CPU Quota cannot both"),
        ({"cpu_period": 10}, "CPU cfs period can not be less than 1ms"),
        ({"cpu_quota": 10}, "CPU cfs quota can not be less than 1ms"),
        ({"cpuset_cpus": str(CPUS)}, f"requested {CPUS}, available: 0"),
        ({"cpuset_cpus": "x"}, "Invalid value x for cpuset cpus: invalid format: x"),
        ({"cpuset_mems": "0-99999999999"}, "Invalid value"),
        ({"cpuset_mems": "77"}, "Requested memory nodes are not available"),
        ({"blkio_weight": 5}, "Range of blkio weight is from 10 to 1000"),
        ({"ulimits": ("nofile=20:10",)}, "less than or equal to hard limit: 20 > 10"),
        ({"ulimits": ("nofoo=20",)}, "invalid ulimit type: nofoo"),
        ({"ulimits": ("nofile",)}, "invalid ulimit argument: nofile"),
        ({"ulimits": ("nofile=1:2:3",)}, "too many limit value arguments"),
        ({"ulimits": ("nofile=many",)}, "invalid ulimit value: many"),
        ({"sysctls": {"kernel.panic": "1"}}, "sysctl 'kernel.panic=1' is not allowed"),
        ({"sysctls": {"net./../x": "1"}}, "is not allowed"),
        (
            {"sysctls": {"net.ipv4.ip_forward": "1"}, "network": "host"},
            "not allowed in host network namespace",
        ),
        ({"cgroup_parent": "../up"}, "invalid --cgroup-parent"),
        ({"cgroup_parent": "/a//b"}, "invalid --cgroup-parent"),
        ({"cgroup_parent": "a" * 300}, "invalid --cgroup-parent"),
        ({"cgroup_parent": "a/" * 32 + "a"}, "invalid --cgroup-parent"),
    ],
)
def test_what_makes_no_sense_is_refused_in_dockers_words(
    box: Box, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidArgument, match=message) as caught:
        box.create("true", **options)
    assert caught.value.hint
    assert box.engine.containers(all=True) == []
