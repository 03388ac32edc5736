"""Walls that were left out: namespaces of the machine, and devices."""

import os
import stat
from pathlib import Path

import pytest

from engine.engine import ExecOptions
from engine.errors import InvalidArgument
from tests.engine.boxes import OBEYS, Box, until


def own(kind: str) -> str:
    return os.readlink(f"/proc/self/ns/{kind}")


@pytest.mark.parametrize(
    ("option", "kind"),
    [("pid", "pid"), ("ipc", "ipc"), ("uts", "uts"), ("cgroup_namespace", "cgroup")],
)
def test_host_leaves_the_namespace_out(box: Box, option: str, kind: str) -> None:
    seen = ("readlink", f"/proc/self/ns/{kind}")
    assert box.run(*seen, **{option: "host"}).out == f"{own(kind)}\n"
    assert box.run(*seen).out != f"{own(kind)}\n"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"pid": "private"}, "--pid: invalid PID mode"),
        ({"uts": "foo"}, "--uts: invalid UTS mode"),
        ({"ipc": "foo"}, "Invalid IPC mode: foo"),
        ({"cgroup_namespace": "foo"}, "--cgroupns: invalid CGROUP mode"),
        ({"user_namespace": "foo"}, "--userns: invalid USER mode"),
        ({"uts": "host", "hostname": "x"}, "conflicting options: hostname and the UTS"),
        (
            {"ipc": "host", "sysctls": {"kernel.shmmax": "1"}},
            "not allowed in host ipc namespace",
        ),
    ],
)
def test_a_mode_that_there_is_not_is_refused(
    box: Box, asked: dict[str, object], words: str
) -> None:
    box.refuses(asked, words)


def test_with_the_machines_uts_namespace_it_has_the_machines_name(box: Box) -> None:
    assert box.run("hostname", uts="host").out == f"{os.uname().nodename}\n"


def test_shared_memory_is_the_machines_or_not_there(box: Box) -> None:
    name = f"labshell-test-{os.getpid()}"
    try:
        box.run("touch", f"/dev/shm/{name}", ipc="host")
        assert Path("/dev/shm", name).exists()
    finally:
        Path("/dev/shm", name).unlink(missing_ok=True)
    assert box.run("ls", "-d", "/dev/shm", ipc="none").code == 1


def test_what_process_1_leaves_behind_ends_with_it(box: Box) -> None:
    """In the machine's pid namespace the kernel kills nothing: the shim must."""
    script = "sleep 1987001 & trap 'exit 0' TERM; echo 1; while :; do sleep 0.05; done"
    container = box.begin("sh", "-c", script, pid="host")
    box.says(container.id, "")
    session = box.engine.execute(
        container.id, ExecOptions(command=("sleep", "1987002"))
    )
    session.start()
    session.close()
    box.engine.stop(container.id)
    until(lambda: not processes_called(b"sleep\x00198700"), "the end of both")


def processes_called(beginning: bytes) -> list[str]:
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if (place / "cmdline").read_bytes().startswith(beginning):
                found.append(place.name)
        except OSError:
            continue
    return found


def test_a_terminal_is_the_console_in_the_machines_pid_namespace_too(box: Box) -> None:
    done = box.run("sh", "-c", "test -c /dev/console && tty", tty=True, pid="host")
    assert done.out == "/dev/pts/0\r\n"


def test_signals_reach_a_program_that_is_not_number_1(box: Box) -> None:
    container = box.begin(*OBEYS, pid="host")
    box.says(container.id, "ready")
    box.engine.stop(container.id)
    assert box.engine.container(container.id).state.exit_code == 3


def test_a_device_is_made_and_may_be_opened_as_far_as_asked(box: Box) -> None:
    if not Path("/dev/loop-control").exists():
        pytest.skip("no /dev/loop-control")
    number = os.stat("/dev/loop-control").st_rdev
    script = "stat -c %t:%T /dev/loop; : < /dev/loop && echo read; : > /dev/loop"
    done = box.run("sh", "-c", script, devices=("/dev/loop-control:/dev/loop:r",))
    assert done.lines == [f"{os.major(number):x}:{os.minor(number):x}", "read"]
    assert "not permitted" in done.err
    rule = f"c {os.major(number)}:{os.minor(number)} r"
    script = f"mknod /d c {os.major(number)} {os.minor(number)}; : < /d && echo read"
    assert box.run("sh", "-c", script, device_rules=(rule,)).out == "read\n"
    assert box.run("sh", "-c", script).out == ""


def test_all_devices_in_a_directory_can_be_asked_for(box: Box, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    os.mknod(tmp_path / "sub" / "zero", stat.S_IFCHR | 0o640, os.makedev(1, 5))
    os.mknod(tmp_path / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    (tmp_path / "file").touch()
    done = box.run(
        "find", "/dev/mine", "-type", "c", devices=(f"{tmp_path}:/dev/mine",)
    )
    assert sorted(done.lines) == ["/dev/mine/null", "/dev/mine/sub/zero"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"devices": ("/nosuch",)}, '"/nosuch": no such file or directory'),
        ({"devices": ("/etc/passwd",)}, '"/etc/passwd": not a device node'),
        ({"devices": ("/dev/null:/dev/x:q",)}, "bad mode specified: q"),
        ({"devices": ("/dev/null:/dev/x:rr",)}, "bad mode specified: rr"),
        ({"devices": ("a:b:c:d",)}, "bad format for path: a:b:c:d"),
        ({"devices": ("/dev/null:x",)}, "must be absolute"),
        ({"device_rules": ("x",)}, "invalid device cgroup format 'x'"),
        ({"device_rules": ("c 1:1 rwx",)}, "invalid device cgroup format"),
    ],
)
def test_what_is_no_device_is_refused(
    box: Box, asked: dict[str, object], words: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        box.create("true", **asked)
    assert words in caught.value.message


def test_inspect_tells_of_the_walls(box: Box) -> None:
    container = box.create(
        "true",
        pid="host",
        ipc="none",
        devices=("/dev/null:/dev/x:r",),
        dns=("9.9.9.9",),
    )
    config = box.engine.inspect(container.id)["HostConfig"]
    assert (config["PidMode"], config["IpcMode"]) == ("host", "none")
    assert (config["UTSMode"], config["CgroupnsMode"]) == ("", "private")
    assert config["Dns"] == ["9.9.9.9"]
    assert config["Devices"] == [
        {
            "PathOnHost": "/dev/null",
            "PathInContainer": "/dev/x",
            "CgroupPermissions": "r",
        }
    ]
