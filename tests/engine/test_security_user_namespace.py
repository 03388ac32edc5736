"""What root inside must not be able to do where it is nobody outside."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.engine.boxes import LASTS, Box

pytestmark = pytest.mark.require("root", "overlay")
AUTO: dict[str, Any] = {"user_namespace": "auto"}
# All that an engine could give away, and still nobody outside.
ALL: dict[str, Any] = {
    "capabilities_add": ("ALL",),
    "security_options": ("seccomp=unconfined",),
    **AUTO,
}


def test_a_file_that_is_roots_alone_is_closed(box: Box, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    secret = tmp_path / "secret"
    secret.write_text("for root")
    secret.chmod(0o600)
    done = box.run("cat", "/m/secret", volumes=(f"{tmp_path}:/m",), **ALL)
    assert "Permission denied" in done.err
    assert done.out == ""


def test_a_setuid_program_is_nobodys_outside(box: Box, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    script = "cp /bin/busybox /m/sh && chmod 4755 /m/sh"
    box.run("sh", "-c", script, volumes=(f"{tmp_path}:/m",), **ALL)
    assert (tmp_path / "sh").stat().st_uid >= 524288


@pytest.mark.parametrize(
    "name", ["core_pattern", "modprobe", "panic", "hotplug", "sysrq"]
)
def test_kernel_parameters_of_the_machine_cannot_be_set(box: Box, name: str) -> None:
    path = f"/proc/sys/kernel/{name}"
    script = f"umount /proc/sys; echo x > {path}"
    if not os.path.exists(path):
        pytest.skip(f"this kernel has no {name}")
    before = Path(path).read_text()
    done = box.run("sh", "-c", script, **ALL)
    assert "Permission denied" in done.err
    assert Path(path).read_text() == before


def test_no_device_node_can_be_made(box: Box) -> None:
    script = "mknod /n b 7 0; mount -t tmpfs x /mnt && mknod /mnt/n c 1 1"
    done = box.run("sh", "-c", f"mkdir /mnt; {script}", **ALL)
    assert done.err.count("Operation not permitted") == 2


def test_no_disk_of_the_machine_can_be_mounted(box: Box) -> None:
    disks = sorted(
        line.split()[3]
        for line in Path("/proc/partitions").read_text().splitlines()[2:]
    )
    asked = {**ALL, "devices": (f"/dev/{disks[-1]}",)}
    done = box.run("sh", "-c", f"mkdir /d; mount -t ext4 /dev/{disks[-1]} /d", **asked)
    assert done.code != 0
    assert "denied" in done.err or "not permitted" in done.err


def test_control_groups_of_the_machine_cannot_be_written(box: Box) -> None:
    script = """umount /sys/fs/cgroup/*/ /sys/fs/cgroup; mkdir /c
        mount -t cgroup2 x /c || mount -t cgroup -o memory x /c
        for file in release_agent cgroup.procs notify_on_release memory.max; do
            test ! -e /c/$file || { echo 1 > /c/$file && echo wrote $file; }
        done"""
    assert "wrote" not in box.run("sh", "-c", script, **ALL).out


def test_no_power_over_a_namespace_of_the_machine(box: Box) -> None:
    asked = {"uts": "host", **ALL}
    before = os.uname().nodename
    done = box.run("hostname", "taken", **asked)
    assert "not permitted" in done.err
    assert os.uname().nodename == before


def test_no_module_and_no_clock(box: Box) -> None:
    done = box.run("sh", "-c", "date -s 2001-01-01; dmesg -n 1; chroot / sync", **ALL)
    assert "not permitted" in done.err


def test_a_process_of_the_machine_cannot_be_signalled_or_read(box: Box) -> None:
    container = box.begin(*LASTS, **AUTO)
    other = box.begin(*LASTS, pid=f"container:{container.id}")
    inside = box.execute(other.id, "sh", "-c", "kill -0 1; ls /proc/1/root/ >/dev/null")
    assert inside.err == ""  # root of the machine may
    found = box.execute(container.id, "ps", "-o", "pid,user,args").lines
    theirs = [line.split()[0] for line in found if "nobody" in line and "sleep" in line]
    assert theirs
    done = box.execute(container.id, "kill", theirs[0])
    assert "not permitted" in done.err


def test_another_container_with_all_ids_shifted_cannot_read_its_files(
    box: Box, tmp_path: Path
) -> None:
    tmp_path.chmod(0o777)
    script = "echo mine > /m/mine; chmod 600 /m/mine"
    volumes = (f"{tmp_path}:/m",)
    box.run("sh", "-c", script, volumes=volumes, **AUTO)
    done = box.run("cat", "/m/mine", volumes=volumes, **ALL)
    assert "Permission denied" in done.err


def test_who_leaves_the_root_is_still_nobody(box: Box, tmp_path: Path) -> None:
    """A way out that other engines have had: a directory of the machine left open."""
    tmp_path.chmod(0o755)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    done = box.run("ls", "/m/closed", volumes=(f"{tmp_path}:/m",), **ALL)
    assert "Permission denied" in done.err


def test_the_map_cannot_be_written_again(box: Box) -> None:
    script = "echo '0 0 1' > /proc/self/uid_map; cat /proc/self/uid_map"
    done = box.run("sh", "-c", script, **ALL)
    assert done.err
    assert done.out.split()[1] != "0"


def test_a_descriptor_that_comes_from_outside_is_none_of_a_directory(box: Box) -> None:
    lines = box.run("ls", "-l", "/proc/self/fd", **AUTO).lines
    open_files = [line.rpartition(" -> ")[2] for line in lines if " -> " in line]
    assert len(open_files) == 3  # the directory itself is closed by then
    assert all(name.startswith(("pipe:", "/dev/null")) for name in open_files)
