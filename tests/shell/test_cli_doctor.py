"""The doctor: what it finds out, and what its report does not give away."""

import json
import os
import stat
import tarfile
from pathlib import Path

import pytest

from engine.engine import Engine
from labshell.doctor import bundle, kernel, limits, provisioned
from labshell.doctor.trial import attempt
from tests.shell.lines import Lab

OLD = """\
30 25 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct
"""
NEW = "30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"


def test_controllers_of_version_1_are_found_where_they_are_mounted() -> None:
    found = limits.mounted(OLD)
    assert found["memory"] == Path("/sys/fs/cgroup/memory")
    assert found["cpu"] == found["cpuacct"] == Path("/sys/fs/cgroup/cpu,cpuacct")


def test_version_2_is_one_tree() -> None:
    assert limits.mounted(NEW) == {"cgroup2": Path("/sys/fs/cgroup")}


def test_a_machine_without_control_groups_has_none() -> None:
    assert limits.mounted("22 1 8:1 / / rw - ext4 /dev/sda1 rw\nnonsense\n") == {}


def test_a_trial_tells_what_the_kernel_complained_of() -> None:
    trial = attempt("echo first >&2; echo cannot do that >&2; exit 3")
    assert (trial.worked, trial.complaint) == (False, "cannot do that")


def test_a_trial_that_works_says_nothing() -> None:
    assert attempt('test "$1" = "a b"', arguments=["a b"]).worked


@pytest.mark.require("root", "overlay")
def test_an_overlay_is_tried_and_nothing_is_left(tmp_path: Path) -> None:
    assert kernel.overlay(tmp_path).verdict == "works"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.require("root", "overlay")
def test_an_overlay_on_an_impossible_place_is_missing_with_advice() -> None:
    finding = kernel.overlay(Path("/proc"))
    assert finding.verdict == "missing"
    assert finding.advice


@pytest.mark.require("root")
def test_owners_are_shifted_where_the_file_system_can(tmp_path: Path) -> None:
    assert kernel.shifting(Engine(tmp_path)).verdict == "works"
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
    assert tmp_path.stat().st_uid == os.geteuid()


@pytest.mark.require("root")
def test_owners_that_cannot_be_shifted_limit_what_works() -> None:
    finding = kernel.shifting(Engine(Path("/proc/nosuch")))
    assert (finding.verdict, finding.found) == (
        "limited",
        "not in /proc: --userns auto will be refused",
    )
    assert "mount_setattr" in finding.why
    assert finding.advice


@pytest.mark.vm
def test_the_doctor_finds_that_this_machine_works(lab: Lab) -> None:
    done = lab("doctor", "--json")
    findings = {finding["topic"]: finding for finding in json.loads(done.out)}
    assert {"kernel", "namespaces", "overlay", "cgroups", "seccomp"} <= set(findings)
    assert {"nft", "disk", "root", "store"} <= set(findings)
    assert findings["overlay"]["verdict"] == "works"
    assert findings["store"]["verdict"] == "works"


def test_of_a_machine_that_nobody_made_nothing_is_said(tmp_path: Path) -> None:
    assert provisioned.provisioned(tmp_path / "machine") == []


def test_a_machine_is_shown_as_it_was_made(tmp_path: Path) -> None:
    file = tmp_path / "machine"
    file.write_text(f"system=Debian 13\nkernel={os.uname().release}\nsource=93ee\n")
    (finding,) = provisioned.provisioned(file)
    assert finding.verdict == "works"
    assert "Debian 13" in finding.found
    assert "93ee" in finding.found


def test_a_machine_with_another_kernel_since_is_told(tmp_path: Path) -> None:
    file = tmp_path / "machine"
    file.write_text("system=Debian 13\nkernel=5.10\nno pair\n")
    (finding,) = provisioned.provisioned(file)
    assert finding.verdict == "limited"
    assert "vagrant provision" in finding.advice


def test_a_report_holds_no_names_and_is_nobody_elses(lab: Lab, tmp_path: Path) -> None:
    lab("run", "--name", "secretive", "-e", "PASSWORD=swordfish", "busybox", "true")
    file = tmp_path / "report.tar.gz"
    assert lab("doctor", "--report", str(file)).code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with tarfile.open(file) as archive:
        members = archive.getnames()
        files = [archive.extractfile(name) for name in members]
        text = b"".join(opened.read() for opened in files if opened).decode()
    assert "swordfish" not in text
    assert "secretive" not in text
    assert "labshell-report/containers.json" in members


def test_a_report_overwrites_nothing(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "report.tar.gz"
    file.write_text("precious")
    done = lab("doctor", "--report", str(file))
    assert done.code == 1
    assert "is there already" in done.err
    assert file.read_text() == "precious"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("at 192.0.2.17:80", "at ADDRESS:80"),
        ("mac 02:42:ac:11:00:02 up", "mac ADDRESS up"),
        ("via 2001:db8:0:1::5", "via ADDRESS"),
        ("/home/ada/x", "/home/USER/x"),
        ("on vm7.", "on HOST."),
        ("adamant 253:0 ro", "adamant 253:0 ro"),
    ],
)
def test_what_is_private_is_replaced(text: str, left: str) -> None:
    assert bundle.redacted(text, {"ada": "USER", "vm7": "HOST"}) == left
