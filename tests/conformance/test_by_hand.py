"""`lab acts --sh`: the script makes the same container, without labshell.

Each container tells what it sees of itself (by_hand_world.py), and so does the one that
its script makes; both must say the same. The filter of system calls is the known
exception: no ordinary program can load one.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from engine.engine import Container, ContainerOptions, Engine
from engine.errors import InvalidArgument, InvalidState
from engine.network import walls
from engine.runtime import translation
from tests.conformance.by_hand_world import PROBE, read
from tests.engine.boxes import Box, until

pytestmark = pytest.mark.require("root", "overlay", "unshare", "setpriv", "ip")
GROUPS = Path("/sys/fs/cgroup")
SECONDS = 180  # in an emulated machine, with half a processor, it takes a while

WORLDS: dict[str, dict[str, Any]] = {
    "default": {},
    "limits": {"memory": 64 << 20, "pids_limit": 50, "cpus": 0.5},
    "user": {
        "user": "33:33",
        "capabilities_drop": ("ALL",),
        "capabilities_add": ("NET_BIND_SERVICE",),
    },
    "read-only": {"read_only": True, "tmpfs": ("/scratch:size=1m,mode=750",)},
    "volume": {"volumes": ("data:/data", "/etc/hosts:/seen/by name:ro")},
    "privileged": {"privileged": True},
    "host network": {"network": "host"},
    "bridge": {"network": "bridge"},
    "directory": {"working_directory": "/made/for it"},
    "hostname": {"hostname": "other", "domainname": "example.org"},
    "ulimit": {"ulimits": ("nofile=100:200", "core=0"), "oom_score_adj": 500},
    "sysctl": {"sysctls": {"net.ipv4.ip_default_ttl": "55", "kernel.msgmax": "4096"}},
    "no new privileges": {"security_options": ("no-new-privileges",)},
    "shared": {"ipc": "shareable", "pid": "host", "uts": "host"},
    "odd names": {
        "environment": (
            "QUOTES='\"`$(touch /caught)\\",
            "BREAKS=one\nPROGRAM\ntouch /caught\nFURNISH",
            "odd.name=a b",
            "IFS=x",
            "PWD=/elsewhere",
        ),
        "volumes": ("/etc/passwd:/a'b \"$(touch /caught)\\:ro",),
        "working_directory": "/with\nbreak and  spaces",
    },
}


@pytest.fixture
def box(engine: Engine, busybox: str) -> Box:
    """Short ways to run something in the engine."""
    return Box(engine, busybox)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the script is."""
    return tmp_path / "by-hand.sh"


@pytest.fixture
def nothing_left(box: Box, file: Path) -> Iterator[None]:
    """The test leaves no group, directory or process of a script behind."""
    yield
    assert left(box.engine.root, file) == []


def groups_of(id: str) -> list[Path]:
    """The control groups that scripts of one container have made."""
    name = f"by-hand.{id[:12]}.*"
    return [*GROUPS.glob(name), *GROUPS.glob(f"*/{name}")]


def left(root: Path, file: Path) -> list[str]:
    ours = [place.name for place in root.glob("containers/*")]
    found = [group for id in ours for group in groups_of(id)]
    found += root.glob("containers/*/by-hand.*")
    waiting = subprocess.run(["pgrep", "-f", str(file)], capture_output=True)
    return [*map(str, found), *waiting.stdout.decode().split()]


def write_down(box: Box, container: Container, file: Path) -> Path:
    file.write_bytes(os.fsencode(box.engine.by_hand(container.name)))
    return file


def run(file: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = ["sh", str(file)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=SECONDS)


# What another version of the control groups could break; an emulated machine is slow.
ELSEWHERE = ("default", "limits")


@pytest.mark.parametrize(
    "world",
    [
        pytest.param(name, marks=pytest.mark.vm if name in ELSEWHERE else ())
        for name in WORLDS
    ],
)
@pytest.mark.usefixtures("nothing_left")
def test_the_container_made_by_hand_is_the_same(
    box: Box, file: Path, world: str
) -> None:
    container = box.create("sh", "-c", PROBE, "probe", "", "*", **WORLDS[world])
    done = box.foreground(container.id)
    again = run(write_down(box, container, file))
    assert again.stderr.decode() == done.err
    ours, theirs = read(done.out), read(again.stdout.decode())
    for section in ours:
        assert theirs[section] == ours[section], section


@pytest.mark.require("nft")
@pytest.mark.usefixtures("nothing_left")
def test_published_ports_lead_into_it_when_the_original_has_gone(
    box: Box, file: Path
) -> None:
    container = box.begin(
        "sh", "-c", "echo at it; sleep 1000", network="bridge", ports=("80",)
    )
    table = translation_table(box)
    before = translation.rules(table)
    script = write_down(box, container, file).read_text()
    file.write_text(script.replace("sleep 1000", "read line"))
    with pexpect.spawn("sh", [str(file)], timeout=SECONDS) as by_hand:
        by_hand.expect("at it")
        first, second = translation.rules(table)
        assert [first] == before
        assert (second.port, second.inside) == (first.port, first.inside)
        assert second.to == str(box.engine.network("bridge").block[-2])
        by_hand.kill(signal.SIGTERM)
        by_hand.expect(pexpect.EOF)
    assert translation.rules(table) == before


def translation_table(box: Box) -> str:
    """The table of the firewall that is this engine's."""
    return walls.table(box.engine._house.place.tag)


def test_the_original_may_run_meanwhile(box: Box, file: Path) -> None:
    container = box.begin("sh", "-c", "echo mine > /note; echo ready; sleep 100")
    box.says(container.id, "ready")
    script = write_down(box, container, file).read_text()
    file.write_text(script.replace("sleep 100", "ls /note; hostname"))
    again = run(file)
    assert again.stdout.decode().splitlines() == [
        *("ready", "/note", container.id[:12]),
    ]
    assert box.execute(container.id, "cat", "/note").out == "mine\n"


@pytest.mark.require("shellcheck")
@pytest.mark.parametrize("world", WORLDS)
def test_shellcheck_finds_nothing(box: Box, file: Path, world: str) -> None:
    container = box.create("true", **WORLDS[world])
    box.foreground(container.id)
    checked = subprocess.run(
        ["shellcheck", str(write_down(box, container, file))], capture_output=True
    )
    assert checked.stdout.decode() == ""


def ended(box: Box, *command: str, **options: Any) -> Container:
    container = box.create(*command, **options)
    box.foreground(container.id)
    return container


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    ("command", "status"),
    [("exit 7", 7), ("kill -9 $$; kill -TERM $$; exec nosuch", 127)],
)
def test_it_ends_as_its_program_does(
    box: Box, file: Path, command: str, status: int
) -> None:
    container = ended(box, "sh", "-c", command)
    assert run(write_down(box, container, file)).returncode == status


@pytest.mark.usefixtures("nothing_left")
def test_what_is_typed_reaches_the_program(box: Box, file: Path) -> None:
    container = box.create("cat", interactive=True)
    box.foreground(container.id, b"before")
    assert run(write_down(box, container, file), b"typed").stdout == b"typed"


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_with_all_that_it_has_made(
    box: Box, file: Path, number: int
) -> None:
    container = box.begin("sh", "-c", "echo ready; sleep 1000 & wait")
    box.says(container.id, "ready")
    write_down(box, container, file)
    with subprocess.Popen(["sh", str(file)], stdout=subprocess.PIPE) as script:
        assert script.stdout is not None
        assert script.stdout.readline() == b"ready\n"
        script.send_signal(number)
        assert script.wait(SECONDS) == 128 + number


@pytest.mark.usefixtures("nothing_left")
def test_a_program_that_is_killed_is_told_by_137(box: Box, file: Path) -> None:
    container = box.begin("sh", "-c", "echo ready; sleep 1000")
    box.says(container.id, "ready")
    write_down(box, container, file)
    with subprocess.Popen(
        ["sh", str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as script:
        assert script.stdout is not None
        assert script.stdout.readline() == b"ready\n"
        group = groups_of(container.id)[0]
        members = map(int, (group / "cgroup.procs").read_text().split())
        os.kill(min(members), signal.SIGKILL)
        said = script.communicate(timeout=SECONDS)
    assert (script.returncode, said) == (137, (b"", b""))


INTERRUPTED = "trap 'echo caught; exit 9' INT; test -t 0 && echo ready; "
INTERRUPTED += "while :; do sleep 0.05; done"


@pytest.fixture
def at_a_terminal(
    box: Box, file: Path, nothing_left: None
) -> Iterator["pexpect.spawn[bytes]"]:
    """The script of a program that waits at a terminal for Ctrl-C, to end with 9."""
    container = box.begin("sh", "-c", INTERRUPTED, tty=True, interactive=True)
    write_down(box, container, file)
    with contextlib.closing(pexpect.spawn("sh", [str(file)], timeout=SECONDS)) as it:
        it.expect("ready")
        yield it


def test_at_a_terminal_ctrl_c_is_for_the_program(
    at_a_terminal: "pexpect.spawn[bytes]",
) -> None:
    at_a_terminal.sendintr()
    at_a_terminal.expect("caught")
    at_a_terminal.expect(pexpect.EOF)
    assert at_a_terminal.wait() == 9


@pytest.mark.require("strace")
def test_a_program_may_end_of_ctrl_c_before_the_script_has_looked(
    at_a_terminal: "pexpect.spawn[bytes]",
) -> None:
    """Each wait(2) of the script's is held up until the program has surely ended."""
    delay = "inject=wait4:delay_enter=200000"
    held_up = ["strace", "-o", "/dev/null", "-e", delay, "-p", str(at_a_terminal.pid)]
    with subprocess.Popen(held_up, stderr=subprocess.PIPE) as strace:
        assert strace.stderr is not None
        assert b"attached" in strace.stderr.readline()
        at_a_terminal.sendintr()
        at_a_terminal.expect("caught")
        at_a_terminal.expect(pexpect.EOF)
    assert at_a_terminal.wait() == 9


@pytest.mark.usefixtures("nothing_left")
def test_a_step_that_fails_leaves_nothing(box: Box, file: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    container = ended(box, "true", volumes=(f"{source}:/there",))
    source.rmdir()
    failed = run(write_down(box, container, file))
    assert failed.returncode not in (0, 127)
    assert str(source) in failed.stderr.decode()


def test_without_the_script_the_waiting_shell_ends(box: Box, file: Path) -> None:
    """Killed in the midst: nobody can clean up, but nothing goes on running."""
    container = ended(box, "true")
    script = write_down(box, container, file).read_text()
    file.write_text(script.replace("export work rootfs", "kill -9 $$", 1))
    assert run(file).returncode == -signal.SIGKILL
    for group in groups_of(container.id):
        until(
            lambda group=group: not (group / "cgroup.procs").read_text(), f"end {group}"
        )
        group.rmdir()


@pytest.mark.usefixtures("nothing_left")
def test_a_link_of_the_image_does_not_lead_out(
    box: Box, file: Path, tmp_path: Path
) -> None:
    tree = {f"{tmp_path}/of image".lstrip("/"): "", "up": b"../../../../tmp"}
    image = box.image("trap", tree | {"out": bytes(tmp_path)})
    options = ContainerOptions(
        image=image,
        command=("ls", "/out", "/up/"),
        volumes=("/etc/hosts:/out/made", "/etc/hosts:/up/made"),
    )
    container = box.engine.create(options)
    done = box.foreground(container.id)
    again = run(write_down(box, container, file))
    assert not (tmp_path / "made").exists()
    assert again.stdout.decode() == done.out
    assert "made" in done.lines


def test_a_container_that_never_started_has_no_script(box: Box) -> None:
    with pytest.raises(InvalidState, match="no start"):
        box.engine.by_hand(box.create("true").id)


def test_a_start_that_failed_has_no_script(box: Box) -> None:
    container = ended_badly(box)
    with pytest.raises(InvalidState, match="did not come as far"):
        box.engine.by_hand(container.id)


def ended_badly(box: Box) -> Container:
    container = box.create("nosuch")
    with pytest.raises(Exception, match="nosuch"):
        box.engine.start(container.id)
    return container


def test_what_needs_another_container_is_refused(box: Box) -> None:
    other = box.begin()
    container = ended(box, "true", pid=f"container:{other.id}")
    with pytest.raises(InvalidArgument, match="shares namespaces"):
        box.engine.by_hand(container.id)
