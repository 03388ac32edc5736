"""Device nodes: those that a container has, and those that it may not open."""

import os
import stat
from pathlib import Path

import pytest

from tests.engine.boxes import Box

pytestmark = pytest.mark.vm


def a_disk() -> tuple[int, int]:
    """Major and minor of a block device of this machine, or of one that might be."""
    for name in os.listdir("/dev"):
        status = os.stat(f"/dev/{name}", follow_symlinks=False)
        if stat.S_ISBLK(status.st_mode):
            return os.major(status.st_rdev), os.minor(status.st_rdev)
    return 8, 0


def test_dev_holds_what_the_specification_asks_for(box: Box) -> None:
    names = "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty"
    names += " urandom zero"
    assert box.run("ls", "/dev").out.split() == names.split()
    assert "console" in box.run("ls", "/dev", tty=True).out.split()


def test_the_nodes_work(box: Box) -> None:
    script = (
        "echo x > /dev/null; head -c 3 /dev/zero | od -An -tx1;"
        " head -c 4 /dev/urandom | wc -c; echo x > /dev/full"
    )
    done = box.run("sh", "-c", script)
    assert done.out.split() == ["00", "00", "00", "4"]
    assert "No space left" in done.err


def test_a_plain_user_can_use_them_too(box: Box) -> None:
    assert box.run("sh", "-c", "echo x > /dev/null && echo ok", user="33").out == "ok\n"


def test_a_node_of_the_disk_can_be_made_and_not_opened(box: Box) -> None:
    major, minor = a_disk()
    script = (
        f"mknod /disk b {major} {minor} && echo made; head -c 1 /disk; echo x >/disk"
    )
    done = box.run("sh", "-c", script)
    assert done.out == "made\n"
    assert done.err.count("Operation not permitted") == 2


def test_a_node_of_the_disk_in_a_volume_cannot_be_opened_either(box: Box) -> None:
    major, minor = a_disk()
    volume = box.engine.create_volume("data")
    os.mknod(volume.mountpoint / "disk", stat.S_IFBLK | 0o666, os.makedev(major, minor))
    done = box.run("head", "-c", "1", "/data/disk", volumes=("data:/data",))
    assert "not permitted" in done.err


def test_the_machines_memory_cannot_be_opened(box: Box) -> None:
    done = box.run("sh", "-c", "mknod /mem c 1 1; head -c 1 /mem")
    assert "not permitted" in done.err


def test_an_exec_cannot_open_them_either(box: Box) -> None:
    container = box.begin()
    done = box.execute(container.id, "sh", "-c", "mknod /mem c 1 1; head -c 1 /mem")
    assert "not permitted" in done.err


def test_without_mknod_no_node_can_be_made(box: Box) -> None:
    done = box.run("mknod", "/x", "b", "8", "0", capabilities_drop=("MKNOD",))
    assert "not permitted" in done.err


def test_privileged_has_the_machines_devices(box: Box) -> None:
    mine = {
        entry.name
        for entry in Path("/dev").iterdir()
        if not entry.is_symlink()
        and (entry.is_block_device() or entry.is_char_device())
    }
    seen = set(box.run("ls", "/dev", privileged=True).out.split())
    assert mine - {"console", "ptmx"} <= seen


def test_shared_memory_is_64_megabytes_for_everybody(box: Box) -> None:
    script = "df -k /dev/shm | tail -1; stat -c %a /dev/shm; echo x > /dev/shm/x"
    done = box.run("sh", "-c", script, user="33")
    assert done.lines[0].split()[1] == "65536"
    assert done.lines[1] == "1777"
    assert done.code == 0


def test_the_file_systems_of_the_kernel_cannot_hold_programs(box: Box) -> None:
    mounts = [line.split() for line in box.run("cat", "/proc/mounts").lines]
    options = {words[1]: set(words[3].split(",")) for words in mounts}
    for target in ("/proc", "/sys", "/dev/shm", "/dev/mqueue", "/sys/fs/cgroup"):
        assert {"nosuid", "nodev", "noexec"} <= options[target], target
    assert "ro" in options["/sys"]
    assert "ro" in options["/sys/fs/cgroup"]


@pytest.mark.parametrize("link", ["fd", "stdin", "stdout", "stderr", "core", "ptmx"])
def test_links_lead_where_programs_expect_them(box: Box, link: str) -> None:
    places = {
        "fd": "/proc/self/fd",
        "stdin": "/proc/self/fd/0",
        "stdout": "/proc/self/fd/1",
        "stderr": "/proc/self/fd/2",
        "core": "/proc/kcore",
        "ptmx": "pts/ptmx",
    }
    assert box.run("readlink", f"/dev/{link}").out.strip() == places[link]
