"""labshell-runc: our runtime in the place of runc, called as runc is.

What it is given are bundles of its own template, and those of `runc spec`.
"""

import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.conformance.bundles import OURS, SLEEP, Bundle, Runtime, await_end

pytestmark = pytest.mark.require("root", "busybox")


def test_a_container_runs_and_ends_with_the_status_of_its_program(
    ours: Runtime, bundle: Bundle
) -> None:
    done = ours("run", "-b", bundle("sh", "-c", "echo pid $$; exit 5"), "box")
    assert (done.stdout, done.stderr, done.returncode) == ("pid 1\n", "", 5)
    assert ours("list", "-q").stdout == ""


def test_the_template_is_a_shell_in_a_terminal(
    ours: Runtime, tmp_path: Path, rootfs: Path
) -> None:
    (tmp_path / "rootfs").symlink_to(rootfs)
    assert ours("spec", "-b", tmp_path).returncode == 0
    words = [*ours.words[1:], "run", "-b", str(tmp_path), "box"]
    shell = pexpect.spawn(str(OURS), words, encoding="utf8", dimensions=(33, 77))
    shell.sendline("stty size; tty; exit 6")
    shell.expect("33 77\r\n/dev/pts/0\r\n", timeout=60)
    shell.expect(pexpect.EOF, timeout=60)
    shell.close()
    assert shell.exitstatus == 6


def test_keys_reach_the_program_as_signals(ours: Runtime, bundle: Bundle) -> None:
    script = "trap 'exit 9' INT; echo ready; while :; do sleep 1; done"

    def in_terminal(config: Any) -> None:
        config["process"]["terminal"] = True

    place = bundle("sh", "-c", script, change=in_terminal)
    words = [*ours.words[1:], "run", "-b", str(place), "box"]
    shell = pexpect.spawn(str(OURS), words, encoding="utf8")
    shell.expect("ready", timeout=60)
    shell.sendintr()
    shell.expect(pexpect.EOF, timeout=60)
    shell.close()
    assert shell.exitstatus == 9


@pytest.mark.require("runc")
def test_what_runc_spec_writes_looks_the_same_inside_as_under_runc(
    ours: Runtime, tmp_path: Path, rootfs: Path
) -> None:
    script = """id; hostname; pwd; umask; echo $PATH
        cut -d' ' -f2,3 /proc/mounts | grep -v /sys/fs/cgroup/ | sort
        grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status
        ls /dev | grep -v core; ls -l /dev/null /dev/tty | cut -c1-10; ls /sys/class/net
        touch /x 2>&1; head -c 1 /proc/kcore 2>&1"""
    subprocess.run(["runc", "spec", "-b", tmp_path], check=True)
    config = json.loads((tmp_path / "config.json").read_text())
    config["process"] |= {"terminal": False, "args": ["sh", "-c", script]}
    del config["process"]["rlimits"]  # runc raises them before it lowers them
    config["root"]["path"] = str(rootfs)
    (tmp_path / "config.json").write_text(json.dumps(config))
    theirs = Runtime("runc", tmp_path / "runc")
    seen = [
        one("run", "-b", tmp_path, name, stdin=subprocess.DEVNULL)
        for one, name in ((ours, "box"), (theirs, f"labshell-{os.getpid()}"))
    ]
    assert seen[0].stdout == seen[1].stdout, (seen[0].stderr, seen[1].stderr)


def test_a_created_container_waits_for_its_start(
    ours: Runtime, bundle: Bundle, tmp_path: Path
) -> None:
    place = bundle("sh", "-c", "echo started > /tmp/out; exec sleep 1000", change=plain)
    pid = ours.create(place, "box")
    assert ours.state("box")["status"] == "created"
    assert Path(f"/proc/{pid}/root/tmp/out").exists() is False
    assert ours("start", "box").returncode == 0
    assert ours.state("box")["status"] == "running"
    assert ours("start", "box").returncode == 1


def plain(config: Any) -> None:
    """Nothing is written into the image that the tests share."""
    tmpfs = {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}
    config["mounts"].append(tmpfs)


@pytest.mark.vm
def test_a_container_is_stopped_when_its_program_has_ended(
    ours: Runtime, bundle: Bundle
) -> None:
    pid = ours.start(bundle(*SLEEP), "box")
    assert ours("kill", "box", "KILL").returncode == 0
    await_end(pid)
    state = ours.state("box")
    assert (state["status"], state["pid"]) == ("stopped", 0)
    assert "not running" in ours("kill", "box", "KILL").stderr
    assert ours("delete", "box").returncode == 0
    assert 'container "box" does not exist' in ours("state", "box").stderr


def test_a_container_that_was_killed_before_its_start_cannot_be_started(
    ours: Runtime, bundle: Bundle
) -> None:
    pid = ours.create(bundle(*SLEEP), "box")
    ours("kill", "box", "9")
    await_end(pid)
    assert "in the stopped state" in ours("start", "box").stderr


def test_the_state_is_what_the_specification_asks_for(
    ours: Runtime, bundle: Bundle, tmp_path: Path
) -> None:
    place = bundle(*SLEEP, change=lambda c: c.update(annotations={"a.b": "c"}))
    file = tmp_path / "pid"
    ours("create", "--pid-file", file, "-b", place, "box", capture_output=False)
    state = ours.state("box")
    assert state["pid"] == int(file.read_text())
    assert state["ociVersion"].startswith("1.0.")
    assert state["id"] == "box"
    assert state["bundle"] == str(place)
    assert state["annotations"] == {"a.b": "c"}


def test_a_running_container_is_deleted_only_by_force(
    ours: Runtime, bundle: Bundle
) -> None:
    pid = ours.start(bundle(*SLEEP), "box")
    assert "not stopped" in ours("delete", "box").stderr
    assert ours("delete", "--force", "box").returncode == 0
    await_end(pid)
    assert ours("list", "-q").stdout == ""
    assert ours("delete", "--force", "box").returncode == 0


def test_a_name_is_taken_once(ours: Runtime, bundle: Bundle) -> None:
    place = bundle(*SLEEP)
    ours.create(place, "box")
    again = ours("create", "-b", place, "box")
    assert (again.returncode, "already exists" in again.stderr) == (1, True)
    assert ours.state("box")["status"] == "created"


def test_kill_all_reaches_every_process(ours: Runtime, bundle: Bundle) -> None:
    pid = ours.start(bundle("sh", "-c", "sleep 1000 & wait"), "box")
    assert ours("kill", "--all", "box", "KILL").returncode == 0
    await_end(pid)
    assert json.loads(ours("ps", "box").stdout) == []


def test_an_exec_is_inside_and_its_status_is_told(
    ours: Runtime, bundle: Bundle
) -> None:
    pid = ours.start(bundle(*SLEEP), "box")
    done = ours("exec", "-e", "A=b", "--cwd", "/tmp", "box", "sh", "-c", SEEN)
    inode = os.stat(f"/proc/{pid}/ns/pid").st_ino
    assert done.stdout.split() == [f"pid:[{inode}]", "/tmp", "b"]
    assert done.returncode == 3


SEEN = "readlink /proc/self/ns/pid; pwd; echo $A; exit 3"


def test_an_exec_reads_its_process_from_a_file(
    ours: Runtime, bundle: Bundle, tmp_path: Path
) -> None:
    ours.start(bundle(*SLEEP), "box")
    process = {
        "args": ["sh", "-c", "id -u; id -G; umask; grep CapEff /proc/self/status"],
        "cwd": "/",
        "env": ["PATH=/bin"],
        "user": {"uid": 5, "gid": 6, "additionalGids": [7], "umask": 0o77},
        "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), POWERS),
    }
    (tmp_path / "process").write_text(json.dumps(process))
    done = ours("exec", "--process", tmp_path / "process", "box")
    assert done.stdout.split() == [*"5 6 7 0077 CapEff:".split(), f"{0:016x}"]


POWERS = ["CAP_KILL"]


def test_a_user_holds_an_ambient_power_after_execve(
    ours: Runtime, bundle: Bundle
) -> None:
    def change(config: Any) -> None:
        config["process"]["user"] = {"uid": 5, "gid": 5}
        names = ("bounding", "effective", "permitted", "inheritable", "ambient")
        config["process"]["capabilities"] = dict.fromkeys(names, POWERS)

    place = bundle("grep", "CapEff", "/proc/self/status", change=change)
    done = ours("run", "-b", place, "box")
    assert done.stdout.split() == ["CapEff:", f"{1 << 5:016x}"]


def test_a_program_that_is_not_there_leaves_nothing(
    ours: Runtime, bundle: Bundle
) -> None:
    done = ours("create", "-b", bundle("nosuch"), "box")
    assert done.stderr.startswith(
        'exec: "nosuch": executable file not found in $PATH\n'
    )
    assert done.returncode == 1
    assert ours("list", "-q").stdout == ""


def test_errors_are_in_the_log_as_podman_reads_it(
    ours: Runtime, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    ours("--log", log, "--log-format", "json", "start", "box")
    told = json.loads(log.read_text())
    assert told["level"] == "error"
    assert told["msg"] == 'container "box" does not exist'


def test_the_terminal_of_a_created_container_goes_to_who_listens(
    ours: Runtime, bundle: Bundle, tmp_path: Path
) -> None:
    def in_terminal(config: Any) -> None:
        config["process"]["terminal"] = True
        config["process"]["consoleSize"] = {"height": 20, "width": 30}

    place = bundle("sh", "-c", "stty size; exec sleep 1000", change=in_terminal)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        words = ("create", "--console-socket", tmp_path / "s", "-b", place, "box")
        assert ours(*words).returncode == 0
        with listening.accept()[0] as sender:
            _, (master,), _, _ = socket.recv_fds(sender, 100, 1)
    ours("start", "box")
    with os.fdopen(master, "rb", buffering=0) as terminal:
        assert terminal.read(7) == b"20 30\r\n"


def test_descriptors_are_preserved_as_far_as_was_said(
    ours: Runtime, bundle: Bundle, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("preserved")
    script = 'exec 3<"$1" 4<"$1"; shift; exec "$@"'
    place = bundle("sh", "-c", "cat <&3; ls /proc/self/fd | wc -l")
    words = [*ours.words, "run", "--preserve-fds", "1", "-b", str(place), "box"]
    shell = ["sh", "-c", script, "sh", str(tmp_path / "file"), *words]
    done = subprocess.run(shell, capture_output=True, text=True)
    assert done.stdout == "preserved5\n", done.stderr  # 0 to 3, and that of ls


@pytest.mark.vm
def test_limits_are_those_of_its_control_group(ours: Runtime, bundle: Bundle) -> None:
    def change(config: Any) -> None:
        config["linux"]["resources"] |= {"pids": {"limit": 20}}
        config["process"]["rlimits"] = [
            {"type": "RLIMIT_NOFILE", "soft": 50, "hard": 60}
        ]

    script = "cat $(find /sys/fs/cgroup -name pids.max); ulimit -n; ulimit -Hn"
    done = ours("run", "-b", bundle("sh", "-c", script, change=change), "box")
    assert done.stdout.split() == ["20", "50", "60"], done.stderr


@pytest.mark.require("cgroup1")
def test_without_a_cgroup_namespace_only_its_own_group_is_shown(
    ours: Runtime, bundle: Bundle
) -> None:
    def change(config: Any) -> None:
        kept = [n for n in config["linux"]["namespaces"] if n["type"] != "cgroup"]
        config["linux"]["namespaces"] = kept

    script = "ls /sys/fs/cgroup/pids | grep -c labshell; cat /sys/fs/cgroup/pids/tasks"
    done = ours("run", "-b", bundle("sh", "-c", script, change=change), "box")
    assert done.stdout.split()[:2] == ["0", "1"], done.stderr


def test_only_the_usual_devices_can_be_opened(ours: Runtime, bundle: Bundle) -> None:
    def change(config: Any) -> None:
        config["root"]["readonly"] = False
        for name in ("bounding", "effective", "permitted"):
            config["process"]["capabilities"][name] = ["CAP_MKNOD"]

    script = "mknod /dev/m c 1 1 && cat /dev/m; head -c 1 /dev/zero | wc -c"
    done = ours("run", "-b", bundle("sh", "-c", script, change=change), "box")
    assert "Operation not permitted" in done.stderr
    assert done.stdout == "1\n"


def test_a_tmpfs_that_copies_up_begins_with_what_it_hides(
    ours: Runtime, bundle: Bundle
) -> None:
    def change(config: Any) -> None:
        config["mounts"].append(
            {
                "destination": "/tmp",
                "type": "tmpfs",
                "source": "tmpfs",
                "options": ["tmpcopyup"],
            }
        )

    script = "cat /tmp/note; touch /tmp/new && stat -f -c %T /tmp"
    done = ours("run", "-b", bundle("sh", "-c", script, change=change), "box")
    assert done.stdout == "of the image\ntmpfs\n", done.stderr


def test_a_group_in_which_somebody_is_stays_his(ours: Runtime, bundle: Bundle) -> None:
    ours.start(bundle(*SLEEP), "box")

    config = json.loads((Path(ours.state("box")["bundle"]) / "config.json").read_text())
    config["linux"]["cgroupsPath"] = "/oci/box"
    (Path(ours.state("box")["bundle"]) / "config.json").write_text(json.dumps(config))
    done = ours("create", "-b", ours.state("box")["bundle"], "box2")
    assert "has processes already" in done.stderr
    assert ours.state("box")["status"] == "running"


def test_what_a_killed_create_leaves_is_deleted(ours: Runtime) -> None:
    (ours.states / "box").mkdir(parents=True)
    assert ours("delete", "--force", "box").returncode == 0
    assert list(ours.states.iterdir()) == []


def with_hooks(out: Path, *moments: str) -> Callable[[Any], None]:
    """Hooks that note their moment, and the status that they are told."""
    script = 'read -r state; echo "$0 $state" >> "$1"'

    def change(config: Any) -> None:
        config["hooks"] = {
            name: [{"path": "/bin/sh", "args": ["sh", "-c", script, name, str(out)]}]
            for name in moments
        }

    return change


def test_hooks_are_told_the_state_at_their_moments(
    ours: Runtime, bundle: Bundle, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    moments = ("prestart", "createRuntime", "poststart", "poststop")
    pid = ours.start(bundle(*SLEEP, change=with_hooks(out, *moments)), "box")
    ours("delete", "--force", "box")
    told = [line.split(" ", 1) for line in out.read_text().splitlines()]
    states = [json.loads(state) for _, state in told]
    assert [moment for moment, _ in told] == list(moments)
    assert [state["status"] for state in states] == [
        *("creating", "creating", "running", "stopped")
    ]
    assert [state["pid"] for state in states] == [pid, pid, pid, 0]


def test_a_hook_that_fails_before_the_start_leaves_no_container(
    ours: Runtime, bundle: Bundle
) -> None:
    def change(config: Any) -> None:
        script = "echo no luck >&2; exit 3"
        args = ["sh", "-c", script]
        config["hooks"] = {"prestart": [{"path": "/bin/sh", "args": args}]}

    done = ours("run", "-b", bundle("echo", "ran", change=change), "box")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr.startswith("hook /bin/sh ended with 3: no luck\n")
    assert ours("list", "-q").stdout == ""
