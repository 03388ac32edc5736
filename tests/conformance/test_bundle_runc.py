"""runc accepts our bundles: the same config.json and root, the same container.

The overlay is mounted by the test, in a mount namespace of its own, from the
layers that the engine names; then runc is given `containers/ID/bundle` as it stands.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.machine import has

if TYPE_CHECKING:
    from engine.engine import Engine

pytestmark = pytest.mark.require("root", "overlay", "runc", "unshare")
NAME = "labshell-conformance"
MOUNT_AND_RUN = 'mount -t overlay overlay -o "$1" "$2" && shift 2 && exec "$@"'
RunWithRunc = Any


@pytest.fixture
def run_with_runc(engine: "Engine", busybox: str, tmp_path: Path) -> Iterator[Any]:
    """Create a container with our engine and run it with runc."""
    from engine.containers.house import House
    from engine.engine import ContainerOptions

    state = str(tmp_path / "runc")

    def run(*command: str, **options: Any) -> subprocess.CompletedProcess[str]:
        plain = {
            "image": busybox,
            "network": "none",
            **options,
        }  # no pin before a start
        asked = ContainerOptions(command=command, **plain)
        directory = engine.create(asked).directory
        *lowers, upper = (layer.directory for layer in engine.layers(directory.name))
        overlay = (
            f"lowerdir={':'.join(map(str, reversed(lowers)))},"
            f"upperdir={upper},workdir={directory / 'work'}"
        )
        prepare = ["unshare", "-m", "sh", "-c", MOUNT_AND_RUN, "sh"]
        runc = ["runc", "--root", state, "run", "-b", str(directory / "bundle"), NAME]
        return subprocess.run(
            [*prepare, overlay, str(directory / "rootfs"), *runc],
            capture_output=True,
            text=True,
        )

    yield run
    subprocess.run(["runc", "--root", state, "delete", "-f", NAME], capture_output=True)
    # runc makes our cgroup in hierarchies that we do not use, and leaves its parent.
    ours = House(engine.root).place.cgroup
    for group in Path("/sys/fs/cgroup").glob(f"*/{ours}"):
        if not any(path.is_dir() for path in group.iterdir()):
            group.rmdir()


def test_runc_runs_our_bundle(run_with_runc: RunWithRunc) -> None:
    done = run_with_runc("sh", "-c", "echo pid $$; exit 5")
    assert (done.stdout, done.stderr, done.returncode) == ("pid 1\n", "", 5)


def test_name_user_directory_and_environment_are_the_same(
    run_with_runc: RunWithRunc,
) -> None:
    done = run_with_runc(
        *("sh", "-c", "hostname; id -u; pwd; echo $COLOUR"),
        hostname="harbour",
        user="1000",
        working_directory="/tmp",
        environment=("COLOUR=blue",),
    )
    assert done.stdout.split() == ["harbour", "1000", "/tmp", "blue"], done.stderr


def test_the_limits_are_the_same(run_with_runc: RunWithRunc) -> None:
    script = """cd /sys/fs/cgroup; cat memory/memory.soft_limit_in_bytes \\
    memory/memory.swappiness cpu/cpu.cfs_quota_us cpuset/cpuset.cpus pids/pids.max; \\
    ulimit -n; cat /proc/sys/net/ipv4/ip_default_ttl /proc/self/oom_score_adj; id -G"""
    if has("cgroup2"):
        script = """cd /sys/fs/cgroup; cat memory.low memory.high cpu.max \\
        cpuset.cpus pids.max; ulimit -n; cat /proc/sys/net/ipv4/ip_default_ttl \\
        /proc/self/oom_score_adj; id -G"""
    only = {"memory_high": 24 << 20} if has("cgroup2") else {"memory_swappiness": 7}
    done = run_with_runc(
        *("sh", "-c", script),
        memory=32 << 20,
        memory_reservation=16 << 20,
        cpu_quota=50_000,
        cpuset_cpus="0",
        pids_limit=20,
        ulimits=("nofile=20:30",),
        sysctls={"net.ipv4.ip_default_ttl": "7"},
        oom_score_adj=5,
        groups_add=("777",),
        **only,
    )
    first = [str(16 << 20), str(24 << 20) if has("cgroup2") else "7"]
    quota = "50000 100000" if has("cgroup2") else "50000"
    rest = [quota, "0", "20", "20", "7", "5"]
    assert done.stdout.splitlines()[:-1] == [*first, *rest], done.stderr
    assert "777" in done.stdout.splitlines()[-1].split()


@pytest.mark.require("tini-static")
def test_the_init_program_is_process_1_too(run_with_runc: RunWithRunc) -> None:
    done = run_with_runc("sh", "-c", "cat /proc/1/comm; exit 4", init=True)
    assert (done.stdout, done.returncode) == ("docker-init\n", 4), done.stderr


def test_the_powers_are_the_same(engine: "Engine", run_with_runc: RunWithRunc) -> None:
    status = ("grep", "-E", "^(Cap|NoNewPrivs|Seccomp:)", "/proc/self/status")
    theirs = run_with_runc(*status)
    ours = next(container.id for container in engine.containers(all=True))
    engine.start(ours)
    assert engine.wait(ours) == 0
    log = b"".join(entry.data for entry in engine.logs(ours)).decode()
    assert theirs.stdout == log, theirs.stderr


def test_what_is_mounted_is_the_same(
    engine: "Engine", run_with_runc: RunWithRunc
) -> None:
    # runc shows every cgroup hierarchy of the machine, and we those that we use
    places = ("sh", "-c", "cut -d' ' -f2 /proc/mounts | grep -v cgroup/ | sort")
    theirs = run_with_runc(*places)
    ours = next(container.id for container in engine.containers(all=True))
    engine.start(ours)
    assert engine.wait(ours) == 0
    log = b"".join(entry.data for entry in engine.logs(ours)).decode()
    assert theirs.stdout == log, theirs.stderr


def test_a_read_only_root_is_read_only(run_with_runc: RunWithRunc) -> None:
    done = run_with_runc("touch", "/x", read_only=True)
    assert done.returncode == 1
    assert "Read-only file system" in done.stderr
