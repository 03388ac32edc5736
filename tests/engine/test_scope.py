"""Control groups where systemd is process 1: it leaves us a part of its tree."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.containers.house import House
from engine.engine import Engine, RestartPolicy
from engine.kernel import cgroups
from tests.engine.boxes import OBEYS, Box, until
from tests.shell.lines import HOME, Lab

pytestmark = [pytest.mark.vm, pytest.mark.require("root", "systemd", "cgroup2")]


@pytest.fixture
def own(fresh_root: Path) -> Box:
    """An engine of its own, so that its scope begins and ends with the test."""
    box = Box(Engine(fresh_root))
    box.engine.image("busybox")
    return box


@pytest.fixture
def resume_unit(own: Box) -> Iterator[str]:
    """The unit that is installed in the student's machine, for the engine `own`."""
    text = (HOME / "vagrant" / "labshell-resume.service").read_text()
    line = " ".join(map(shlex.quote, Lab(own.engine.root).command("resume")))
    assert "ExecStart=/usr/local/bin/lab resume" in text
    name = f"labshell-resume-{os.getpid()}.service"
    file = Path("/run/systemd/system") / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text.replace("/usr/local/bin/lab resume", line))
    systemctl("daemon-reload")
    yield name
    systemctl("stop", name)
    file.unlink()
    systemctl("daemon-reload")


def unit_of(box: Box) -> str:
    return House(box.engine.root).place.scope


def systemctl(*words: str) -> str:
    command = ["systemctl", "--no-pager", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def says(unit: str, name: str) -> str:
    return systemctl("show", unit, "--value", "-p", name).strip()


def written(box: Box, container: str, *names: str) -> list[str]:
    """What is in files of a container's group."""
    group = box.engine._house.cgroup(box.engine.container(container))
    place = cgroups.directory(group, "")
    return [(place / name).read_text().strip() for name in names]


def test_containers_are_in_one_delegated_scope(own: Box) -> None:
    first, second = own.begin(), own.begin()
    unit = unit_of(own)
    assert says(unit, "ActiveState") == "active"
    assert says(unit, "Delegate") == "yes"
    assert str(own.engine.root) in says(unit, "Description")
    place = says(unit, "ControlGroup")
    for container in (first, second):
        groups = Path(f"/proc/{container.state.pid}/cgroup").read_text()
        assert groups == f"0::{place}/{container.id}\n"
        told = own.engine.inspect(container.id)["Cgroup"]["Path"]
        assert told == f"{place}/{container.id}"


@pytest.mark.require("runc")
def test_what_another_runtime_makes_is_in_the_scope_and_harms_nobody_there(
    own: Box,
) -> None:
    first = own.begin()
    foreign = own.begin(runtime="runc", memory=64 << 20)
    place = says(unit_of(own), "ControlGroup")
    groups = Path(f"/proc/{foreign.state.pid}/cgroup").read_text()
    assert groups == f"0::{place}/{foreign.id}\n"
    assert written(own, foreign.id, "memory.max") == ["67108864"]
    own.engine.remove(foreign.id, force=True)
    own.engine.remove(first.id, force=True)
    left = {path.name for path in Path(f"/sys/fs/cgroup{place}").iterdir()}
    assert left & {first.id, foreign.id} == set()
    assert not Path("/sys/fs/cgroup", House(own.engine.root).place.cgroup).exists()


def test_systemd_shows_the_containers_of_the_scope(own: Box) -> None:
    container = own.begin("sleep", "54321")
    for command in (
        ["systemctl", "status", "--no-pager", "--full", unit_of(own)],
        ["systemd-cgls", "--no-pager", "--full", "/system.slice"],
    ):
        shown = subprocess.run(command, capture_output=True, text=True).stdout
        assert re.search(rf"─{container.id}.*\n.*sleep 54321", shown), shown


def test_limits_stay_whatever_systemd_does_with_units_of_its_own(own: Box) -> None:
    limits = {"memory": 64 << 20, "cpus": 0.5, "pids_limit": 50, "cpuset_cpus": "0"}
    own.begin(name="box", **limits)
    files = ("memory.max", "cpu.max", "pids.max", "cpuset.cpus")
    expected = ["67108864", "50000 100000", "50", "0"]
    assert written(own, "box", *files) == expected
    busy = ["systemd-run", "--quiet", "--wait", "-p", "CPUQuota=20%"]
    busy += ["-p", "MemoryMax=100M", "-p", "AllowedCPUs=0", "-p", "TasksMax=20"]
    subprocess.run([*busy, "true"], check=True)
    systemctl("daemon-reload")
    systemctl("set-property", "--runtime", unit_of(own), "CPUWeight=50")
    assert written(own, "box", *files) == expected
    own.begin(name="later", **limits)
    assert written(own, "later", *files) == expected


def test_a_spawner_that_is_born_later_joins_the_scope(own: Box) -> None:
    first = own.begin()
    begun = says(unit_of(own), "InvocationID")
    group = f"{House(own.engine.root).place.cgroup}/shims"
    for pid in set(cgroups.members(group)) - {first.state.shim_pid}:
        os.kill(pid, 9)
    until(lambda: cgroups.members(group) == [first.state.shim_pid], "its end")
    second = own.begin(memory=64 << 20)
    assert says(unit_of(own), "InvocationID") == begun
    assert written(own, second.id, "memory.max") == ["67108864"]


def test_two_roots_have_two_scopes(own: Box, tmp_path: Path) -> None:
    other = Box(Engine(tmp_path / "other"))
    other.engine.image("busybox")
    other.begin(), own.begin()
    assert unit_of(own) != unit_of(other)
    other.engine.destroy()
    assert says(unit_of(other), "LoadState") == "not-found"
    assert says(unit_of(own), "ActiveState") == "active"


def test_the_scope_goes_with_the_last_process_and_leaves_nothing(own: Box) -> None:
    container = own.begin(memory=64 << 20)
    own.engine.remove(container.id, force=True)
    own.engine.close()
    assert says(unit_of(own), "LoadState") == "not-found"
    assert not Path(f"/sys/fs/cgroup/system.slice/{unit_of(own)}").exists()
    own.begin()
    assert says(unit_of(own), "ActiveState") == "active"


def test_a_container_outlives_the_service_that_started_it(own: Box) -> None:
    line = Lab(own.engine.root).command("run", "-d", "--name", "box", "busybox", "top")
    run = ["systemd-run", "--quiet", "--wait", "-p", "KillMode=control-group"]
    subprocess.run([*run, *line], check=True)
    assert own.execute("box", "true").code == 0


def test_after_a_reboot_the_unit_runs_again_what_policies_want(
    own: Box, resume_unit: str
) -> None:
    always = own.begin(*OBEYS, restart=RestartPolicy(name="always"))
    stopped = own.begin(*OBEYS, restart=RestartPolicy(name="unless-stopped"))
    own.engine.stop(stopped.id)
    systemctl("stop", unit_of(own))  # as the end of the machine does
    systemctl("start", resume_unit)
    again = own.engine.container(always.id).state
    assert (again.status, again.pid != always.state.pid) == ("running", True)
    assert own.engine.container(stopped.id).state.status == "exited"
    systemctl("restart", resume_unit)
    systemctl("stop", resume_unit)
    assert own.engine.container(always.id).state.pid == again.pid
    assert own.execute(always.id, "true").code == 0


def test_in_a_control_group_namespace_there_are_plain_groups(own: Box) -> None:
    """As inside a container, whose root group holds the processes that call."""
    groups = "/sys/fs/cgroup"  # mount(2) puts no file system over itself
    show = f'umount -l {groups} && mount -t cgroup2 none {groups} && exec "$@"'
    inside = ["systemd-run", "--scope", "--quiet", "-p", "Delegate=yes"]
    inside += ["unshare", "--mount", "--cgroup", "sh", "-c", show, "sh"]
    limited = ("run", "--rm", "-m", "64m", "--cpus", "0.5", "busybox")
    line = Lab(own.engine.root).command(*limited, "cat", "/sys/fs/cgroup/cpu.max")
    done = subprocess.run([*inside, *line], capture_output=True, text=True)
    assert done.stdout == "50000 100000\n", done.stderr


def test_a_parent_whose_limits_systemd_keeps_is_refused(own: Box) -> None:
    words = "systemd keeps the limits of system.slice itself"
    own.refuses({"cgroup_parent": "/system.slice"}, words)
    own.refuses({"cgroup_parent": "/system.slice/mine"}, words)
    own.begin()
    scope = f"/{cgroups.SLICE}/{unit_of(own)}"
    within = own.begin(cgroup_parent=f"{scope}/nest", memory=64 << 20)
    assert written(own, within.id, "memory.max") == ["67108864"]


def test_limits_can_be_asked_for_before_anything_runs(own: Box) -> None:
    container = own.create("true", memory=64 << 20, cpuset_cpus="0")
    assert own.engine.notices == []
    assert own.engine.inspect(container.id)["HostConfig"]["CpusetCpus"] == "0"
    tree = Path("/sys/fs/cgroup")
    assert not (tree / House(own.engine.root).place.cgroup).exists()


def test_what_is_asked_of_systemd_is_an_act(own: Box) -> None:
    container = own.begin()
    acts = own.engine.acts(container.id)
    (asked,) = [act for act in acts if act["call"] == "org.freedesktop.systemd1(5)"]
    assert asked["concept"] == "scope"
    assert asked["result"] == "0"
    assert f"StartTransientUnit 'ssa(sv)a(sa(sv))' {unit_of(own)}" in asked["shell"]


def test_without_a_bus_there_are_plain_groups_and_the_doctor_says_so(own: Box) -> None:
    def without_bus(*words: str) -> str:
        hide = 'mount -t tmpfs none /run/dbus; exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", hide, "sh"]
        command += Lab(own.engine.root).command(*words)
        return subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout

    told = without_bus("doctor")
    assert re.search(r"limited +cgroup place +a plain group of our own", told)
    assert "systemd cannot be asked for a scope" in told
    limited = ("run", "--rm", "-m", "64m", "--cpus", "0.5", "busybox")
    limit = without_bus(*limited, "cat", "/sys/fs/cgroup/cpu.max")
    assert limit == "50000 100000\n"


def test_the_doctor_names_the_scope(own: Box) -> None:
    own.begin()
    shown = Lab(own.engine.root)("doctor").out
    place = f"a scope of systemd's: /system.slice/{unit_of(own)}"
    assert re.search(rf"works +cgroup place +{re.escape(place)}", shown)
