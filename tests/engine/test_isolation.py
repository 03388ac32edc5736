"""What a container cannot see of the machine: namespaces, processes, descriptors."""

import os
import resource
from pathlib import Path

import pytest

from engine.engine import Engine, ExecOptions
from engine.errors import EngineError, NotFound
from tests.engine.boxes import Box

pytestmark = pytest.mark.vm

KINDS = ("mnt", "pid", "uts", "ipc", "cgroup", "net")


# The C library keeps two signals for itself, and posix_spawn(3) leaves them ignored.
NOT_OURS = 1 << 31 | 1 << 32


@pytest.mark.parametrize("kind", KINDS)
def test_a_container_has_a_namespace_of_its_own(box: Box, kind: str) -> None:
    inside = box.run("readlink", f"/proc/self/ns/{kind}").out.strip()
    assert inside.startswith(f"{kind}:[")
    assert inside != os.readlink(f"/proc/self/ns/{kind}")


def test_two_containers_share_no_namespace_but_that_of_users(box: Box) -> None:
    pids = [box.begin().state.pid for _ in range(2)]
    mine, yours = (
        {kind: os.readlink(f"/proc/{pid}/ns/{kind}") for kind in (*KINDS, "user")}
        for pid in pids
    )
    assert [kind for kind in mine if mine[kind] == yours[kind]] == ["user"]


def test_the_network_of_the_machine_is_shared_when_asked_for(box: Box) -> None:
    done = box.run("readlink", "/proc/self/ns/net", network="host")
    assert done.out.strip() == os.readlink("/proc/self/ns/net")


def test_with_the_machines_network_the_host_name_is_the_machines_too(box: Box) -> None:
    assert box.run("hostname", network="host").out.strip() == os.uname().nodename


def test_without_network_there_is_only_a_loopback_that_is_up(box: Box) -> None:
    done = box.run("sh", "-c", "ls /sys/class/net; ping -c 1 -W 5 127.0.0.1 >&2")
    assert done.out == "lo\n"
    assert done.code == 0, done.err


def test_an_unknown_network_is_refused(box: Box) -> None:
    with pytest.raises(NotFound, match="network nosuch not found"):
        box.create("true", network="nosuch")


def test_the_kernel_is_the_machines(box: Box) -> None:
    assert box.run("uname", "-r").out.strip() == os.uname().release


def test_only_the_containers_own_processes_are_seen(box: Box) -> None:
    done = box.run("sh", "-c", "ls /proc | grep '^[0-9]*$' | wc -l; ps -o pid,args; :")
    assert int(done.lines[0]) <= 5
    assert [line.split()[0] for line in done.lines[2:]] == [
        "1",
        done.lines[-1].split()[0],
    ]


def test_the_program_is_process_1_and_its_parent_is_nobody(box: Box) -> None:
    done = box.run("sh", "-c", "echo $$ $PPID")
    assert done.out == "1 0\n"


def test_no_descriptor_of_the_engine_reaches_the_program(box: Box) -> None:
    done = box.run("sh", "-c", "exec ls /proc/self/fd", stdin=b"")
    assert done.lines == ["0", "1", "2", "3"]  # 3 is the directory that ls reads


def test_no_descriptor_of_the_engine_reaches_an_exec(box: Box) -> None:
    container = box.begin()
    for options in ({}, {"privileged": True}, {"user": "33"}):
        done = box.execute(container.id, "ls", "/proc/self/fd", stdin=b"", **options)
        assert done.lines == ["0", "1", "2", "3"]


def test_no_descriptor_of_the_engine_reaches_a_program_with_a_terminal(
    box: Box,
) -> None:
    assert box.run("ls", "/proc/self/fd", tty=True).out.split() == list("0123")


def test_a_later_container_has_no_descriptor_of_an_earlier_one(box: Box) -> None:
    for _ in range(3):
        box.begin()
    assert box.run("ls", "/proc/self/fd").lines == ["0", "1", "2", "3"]


def test_the_standard_streams_are_pipes_and_no_files_of_the_machine(box: Box) -> None:
    script = "for fd in 0 1 2; do readlink /proc/self/fd/$fd; done"
    kinds = [
        line.split(":")[0] for line in box.run("sh", "-c", script, stdin=b"").lines
    ]
    assert kinds == ["pipe", "pipe", "pipe"]


def test_signals_masks_and_limits_are_as_a_new_process_has_them(box: Box) -> None:
    done = box.run("cat", "/proc/self/status")
    fields = dict(line.split(":\t", 1) for line in done.lines)
    for mask in ("SigBlk", "SigIgn", "SigCgt", "SigPnd", "ShdPnd"):
        assert int(fields[mask], 16) & ~NOT_OURS == 0, mask
    assert fields["Umask"] == "0022"


def test_an_exec_ignores_no_signal_either(box: Box) -> None:
    container = box.begin()
    done = box.execute(container.id, "grep", "SigIgn", "/proc/self/status")
    assert int(done.out.split()[1], 16) & ~NOT_OURS == 0


def test_the_callers_own_limits_do_not_get_in(fresh_root: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        done = Box(Engine(fresh_root)).run("sh", "-c", "ulimit -n")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert int(done.out) > 200


def test_nothing_of_the_callers_environment_gets_in(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "1")
    monkeypatch.setenv("LD_PRELOAD", "/evil.so")
    container = box.begin("sh", "-c", "env; sleep 1000")
    seen = box.run("env").out + box.execute(container.id, "env").out
    assert "SECRET" not in seen
    assert "LD_PRELOAD" not in seen


def test_the_old_root_is_gone_from_the_table_of_mounts(box: Box) -> None:
    targets = [line.split()[4] for line in box.run("cat", "/proc/self/mountinfo").lines]
    assert targets.count("/") == 1
    assert not any(str(box.engine.root) in target for target in targets)


def test_a_mount_made_inside_is_not_seen_outside(box: Box) -> None:
    before = Path("/proc/self/mountinfo").read_text()
    script = "mkdir /m && mount -t tmpfs none /m && echo mounted; read x"
    container = box.begin("sh", "-c", script, privileged=True, interactive=True)
    box.says(container.id, "mounted")
    now = Path("/proc/self/mountinfo").read_text()
    added = [line for line in now.splitlines() if line not in before.splitlines()]
    assert all(container.id in line for line in added if str(box.engine.root) in line)
    assert not any(line.split()[4].endswith("/m") for line in added)


def test_ipc_of_one_container_is_not_seen_by_another(box: Box) -> None:
    first = box.begin("sh", "-c", "echo mine > /dev/shm/x; echo ready; sleep 1000")
    box.says(first.id, "ready")
    assert box.run("ls", "/dev/shm").out == ""
    assert not Path("/dev/shm/x").exists()


def test_a_program_cannot_look_back_at_the_process_that_enters_it(box: Box) -> None:
    """The links of another process's exe and descriptors stay closed to the curious."""
    watcher = (
        "while :; do for p in /proc/[0-9]*; do case $p in /proc/1|/proc/$$) ;; *)"
        " readlink $p/exe | grep -q memfd && echo LEAK $p; esac; done; done"
    )
    container = box.begin("sh", "-c", watcher)
    for _ in range(5):
        box.execute(container.id, "true")
    box.engine.kill(container.id)
    assert "LEAK" not in "".join(e.data.decode() for e in box.engine.logs(container.id))


def test_a_container_of_one_root_is_nobody_to_another(
    box: Box, fresh_root: Path
) -> None:
    container = box.begin(name="shared-name")
    other = Engine(fresh_root)
    assert other.containers(all=True) == []
    with pytest.raises(EngineError, match="No such container"):
        other.execute(container.id, ExecOptions(command=("true",)))
