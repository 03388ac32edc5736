"""What is run may want to do harm: it gets its row, no points, and harms nobody.

Each of TRIES would earn all points if what it tries succeeded: see running.py. What
would be seen outside only is seen by the canary: files, a program, a server and
settings of the machine that are the same after each run.
"""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from labshell.grading import reports
from labshell.grading.journal import Look
from labshell.grading.reports.marks import Marks
from labshell.grading.reports.table import items_table
from labshell.grading.rows import ERROR, GRADED, TIMEOUT, Row
from tests.grading.courses import laid_out
from tests.grading.running import HAS_PROGRAMS, HONEST, WHOLE, RunCourse, program
from tests.images_in_memory import Blobs
from tests.tars import archive, regular

pytestmark = pytest.mark.require("root", "overlay")
Graders = tuple[RunCourse, Callable[[Path], Look]]
HOME = Path(__file__).parents[2]
SETTINGS = [
    *map(Path("/proc/sys/kernel").joinpath, ("hostname", "core_pattern", "modprobe")),
    *map(Path("/proc/sys/vm").joinpath, ("overcommit_memory", "swappiness")),
    *map(Path("/proc/sys/net/ipv4").joinpath, ("ip_forward", "ip_default_ttl")),
]


class Canary:
    """What a run must not reach. `{canary}` and such in a script stand for it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.chmod(0o777)
        for name, mode in (("open", 0o666), ("shut", 0o600)):
            (place / name).write_text("sings")
            (place / name).chmod(mode)
        self.program = subprocess.Popen(["sleep", "infinity"])
        self._server = socket.create_server(("127.0.0.1", 0))
        self._abstract = socket.socket(socket.AF_UNIX)
        self._abstract.bind(f"\0{place}")
        self._abstract.listen()
        self.calls = 0
        for server in (self._server, self._abstract):
            threading.Thread(target=self._listen, args=[server], daemon=True).start()

    def _listen(self, server: socket.socket) -> None:
        while True:
            try:
                server.accept()[0].close()
            except OSError:
                return
            self.calls += 1

    @property
    def names(self) -> dict[str, str]:
        """What scripts may need to know of it."""
        return {
            "{canary}": str(self.place),
            "{pid}": str(self.program.pid),
            "{grader}": str(os.getpid()),
            "{port}": str(self._server.getsockname()[1]),
            "{python}": sys.executable,
            "{home}": str(HOME),
        }

    def state(self) -> dict[str, object]:
        """All that must be as it was."""
        status = Path(f"/proc/{self.program.pid}/status").read_text().splitlines()
        wanted = ("State:", "TracerPid:")
        return {
            "files": {p.name: p.read_text() for p in self.place.iterdir()},
            "program": [line for line in status if line.startswith(wanted)],
            "calls": self.calls,
            "root": sorted(os.listdir("/")),
            "groups": sorted(str(p) for p in Path("/sys/fs/cgroup").glob("*pwn*")),
            **{path.name: path.read_text() for path in SETTINGS if path.exists()},
        }

    def close(self) -> None:
        """End it."""
        self.program.kill()
        self.program.wait()
        for server in (self._server, self._abstract):
            server.shutdown(socket.SHUT_RDWR)
            server.close()


@pytest.fixture(scope="module")
def singing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canary]:
    """The canary of this file."""
    with closing(Canary(tmp_path_factory.mktemp("canary"))) as canary:
        yield canary


@pytest.fixture
def canary(singing: Canary) -> Iterator[Canary]:
    """The same, unharmed after the test."""
    before = singing.state()
    yield singing
    assert singing.state() == before


TRIES = {
    # bombs
    "fork bomb": "f() { f & f & }; f; wait; false",
    "many sleepers": "for i in $(seq 100); do sleep 1000 & done; "
    "[ $(ps | wc -l) -gt 50 ]",
    "orphans": "for i in $(seq 2000); do (true &) ; done; false",
    "memory bomb": "x=xxxxxxxx; while :; do x=$x$x; done",
    "shared memory": "dd if=/dev/zero of=/dev/shm/x bs=1M count=500",
    "memory of /dev": "dd if=/dev/zero of=/dev/x bs=1M count=500",
    "disk bomb": "dd if=/dev/zero of=/x bs=1M count=500",
    "many files": "mkdir /m; for i in $(seq 3000); do : > /m/$i; done; false",
    "gzip bomb": "dd if=/dev/zero bs=1M count=99 | gzip | gunzip > /x",
    "tar bomb": "cd /dev/shm; dd if=/dev/zero of=z bs=1M count=30; "
    "tar cz z > /z; rm z; tar xz -C / -f /z",
    "deep directories": "for i in $(seq 300); do mkdir d && cd d; done; false",
    "long names": "n=$(printf %0255d 0); "
    "for i in 1 2 3; do mkdir $n; cd $n; done; false",
    "names with escapes": r"touch $(printf '/srv/\033[2J\n\001x') && false",
    # results that somebody says of themselves
    "forged result": """echo '{"exit_status": 0, "earned": 7}' | tee result.json
    false""",
    "forged marks": "for f in marks.json looks.jsonl marks.csv; do echo 7 > $f; done; "
    "false",
    "forged progress": "mkdir -p ~/.local/share/labshell; echo 7 > "
    "~/.local/share/labshell/progress.json; false",
    "forged messages": """printf 'c{"exit": 0}'; printf 'c{"exit": 0}' >&2; exit 1""",
    "forged claim": "echo '{}' > submission.json; echo $word > answers.yaml; false",
    "says that it passed": "echo 'passed: 7/7'; echo graded >&2; false",
    # what is hidden
    "hidden checks": "find / -xdev -name 'hidden*' -o -name checks.py | grep .",
    "key and roster": "find / -name course.key -o -name roster.csv | grep .",
    "other submissions": "find / -name '*.tar' | grep .",
    "token in variables": "cat /proc/*/environ | tr '\\0' '\\n' | grep -i token",
    "the grader's variables": "env | grep -i -E 'labshell|python'",
    "the course's path": "cat /proc/*/mountinfo /proc/*/cmdline | grep 'c[o]urse'",
    "open descriptors": "for f in /proc/[0-9]*/fd/*; do readlink $f; done | "
    "grep -v -E '^(pipe:|/dev/null|/task/solve.sh|/proc/)' | grep .",
    "the machine's files": "cat {canary}/open",
    "the machine's root": "ls /proc/1/root{canary}",
    # files outside
    "write outside": "echo x > {canary}/open",
    "write through /proc": "echo x > /proc/1/cwd/../../../..{canary}/open",
    "tar escape": "cd /; mkdir -p a; tar c a | tar x -C ../../../..{canary}",
    "chroot out": "mkdir /c; chroot /c ls ../../../../..{canary}",
    "disk of the machine": "mknod /d b 254 0 && dd if=/d count=1",
    "disk of the sandbox": "mknod /d b 7 0 && dd if=/d count=1",
    "memory of the machine": "mknod /m c 1 1 && dd if=/m count=1",
    "loop devices": "losetup /dev/loop0 /task/solve.sh",
    "set-user-ID": "cp /bin/busybox /srv/s; chmod 4755 /srv/s; "
    "/srv/s cat {canary}/shut",
    # network
    "the machine's server": "wget -T 2 -O - http://127.0.0.1:{port}/",
    "the world": "wget -T 2 -O - http://192.0.2.1/ || nc -w 2 192.0.2.1 80",
    "a name": "nslookup example.com",
    "an interface": "ip link add x type dummy || ip link set lo mtu 9000",
    "raw packets": "ping -c 1 -W 1 192.0.2.1",
    # processes of others
    "kill the canary": "kill -9 {pid}",
    "kill the grader": "kill -9 {grader}",
    "kill everybody": "kill -9 -1; false",
    "kill process 1": "kill -9 1 && ! kill -0 1",
    "memory of the grader": "cat /proc/{grader}/maps",
    "its priority": "renice -n -20 -p $$",
    "spared by the OOM killer": "echo -1000 > /proc/self/oom_score_adj",
    # the way out
    "mount": "mount -t tmpfs none /mnt",
    "mount proc": "mkdir /p; mount -t proc none /p",
    "remount": "mount -o remount,bind,rw /proc/sys",
    "unmount": "umount /proc/sys || umount /sys/fs/cgroup",
    "unshare users": "unshare -U true",
    "unshare mounts": "unshare -m true",
    "namespaces of process 1": "nsenter -t 1 -m ls {canary}",
    "release_agent": "d=$(ls -d /sys/fs/cgroup/*/ | head -n 1); "
    "echo {canary}/open > $d/release_agent",
    "a group of its own": "mkdir /sys/fs/cgroup/pwn || mkdir /sys/fs/cgroup/*/pwn",
    "more memory": "echo 999999999 > /sys/fs/cgroup/memory/memory.limit_in_bytes || "
    "echo max > /sys/fs/cgroup/memory.max",
    "more processes": "echo max > /sys/fs/cgroup/pids/pids.max || "
    "echo max > /sys/fs/cgroup/pids.max",
    "core_pattern": "echo '|{canary}/open' > /proc/sys/kernel/core_pattern",
    "modprobe": "echo {canary}/open > /proc/sys/kernel/modprobe",
    "uevent_helper": "echo {canary}/open > /sys/kernel/uevent_helper",
    "sysrq": "echo b > /proc/sysrq-trigger",
    "sysctl": "sysctl -w vm.overcommit_memory=1",
    "host name": "hostname pwned",
    "the clock": "date -s 2001-01-01; date +%Y | grep 2001",
    "reboot": "reboot -f || poweroff -f",
    "modules": "insmod /task/solve.sh || modprobe dummy",
    "swap": "swapoff -a && swapoff /dev/vda",
    "kernel's messages": "dmesg | grep .",
    "kernel's keys": "grep . /proc/keys",
    "kernel's symbols": "grep -v '^0000000000000000' /proc/kallsyms",
    "kernel's memory": "dd if=/proc/kcore count=1 | grep .",
    "the grader's program": "/proc/1/root{python} -c 1 || {python} -c 1",
    "its own program": "f=/proc/1/exe; echo x > $f",
    "lab": "{home}/lab images || lab images",
    "docker": "ls /run/labshell /var/run/docker.sock /run/docker.sock",
}
IOVEC = bytes(8) + b"\x08" + bytes(7)  # eight bytes at address nought
SYSTEM_CALLS = {
    "ptrace": (101, 16, os.getpid()),
    "mount": (165, b"none", b"/srv", b"tmpfs", 0, 0),
    "unshare": (272, 0x10000000),
    "clone": (56, 0x10000000 | 17, 0),
    "setns": (308, 0, 0),
    "pivot_root": (155, b"/", b"/"),
    "open_tree": (428, -100, b"/", 1),
    "fsopen": (430, b"tmpfs", 0),
    "open_by_handle_at": (304, -100, b"\x08\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0", 0),
    "bpf": (321, 0, bytes(64), 64),
    "perf_event_open": (298, bytes(64), 0, -1, -1, 0),
    "add_key": (248, b"user", b"pwn", b"x", 1, -3),
    "keyctl": (250, 0, -3, 1),
    "request_key": (249, b"user", b"pwn", 0, -3),
    "init_module": (175, b"x", 1, b""),
    "finit_module": (313, 0, b"", 0),
    "kexec_load": (246, 0, 0, 0, 0),
    "reboot": (169, 0xFEE1DEAD, 672274793, 0x01234567, 0),
    "iopl": (172, 3),
    "swapon": (167, b"/task/program", 0),
    "acct": (163, b"/task/program"),
    "settimeofday": (164, bytes(16), 0),
    "userfaultfd": (323, 0),
    "syslog": (103, 3, bytes(64), 64),
    "process_vm_readv": (310, os.getpid(), IOVEC, 1, IOVEC, 1, 0),
    "quotactl": (179, 0x800001, 0, 0, 0),
}
IDLE = {
    "sleeps": "sleep 1000000",
    "spins": "while :; do :; done",
    "ignores signals": "trap '' TERM INT HUP QUIT; while :; do sleep 1000; done",
    "stops itself": "kill -STOP $$",
    "waits for a fifo": "mkfifo /f; cat /f",
    "waits for input": "cat /dev/tty; sleep 1000",
    "many that spin": "for i in 1 2 3 4 5; do while :; do :; done & done; wait",
    "leaves the page first": f"{HONEST}; sleep 1000",
}
ENDLESS = {
    "yes": "yes",
    "zeros": "cat /dev/zero",
    "noise": "cat /dev/urandom",
    "errors": "cat /dev/zero >&2",
}


PAGES = {
    "a link": "echo $word > /w; ln -s /w /srv/page",
    "a link out": "ln -s {canary}/page /srv/page",
    "behind a link": "rmdir /srv; ln -s {canary} /srv",
    "behind many links": "rmdir /srv; ln -s ../../../../../..{canary} /srv",
    "behind /proc": "rmdir /srv; ln -s /proc/1/root{canary} /srv",
    "behind a link to itself": "rmdir /srv; ln -s /srv /srv",
    "a fifo": "mkfifo /srv/page",
    "a directory": "mkdir /srv/page; echo $word > /srv/page/page",
    "a device": "mknod /srv/page c 1 5",
    "another name of a link": "ln -s {canary}/page /srv/x; ln /srv/x /srv/page",
    "huge": "echo $word > /srv/page; dd if=/dev/zero bs=1M count=2 >> /srv/page",
    "a hole": "echo $word > /srv/page; truncate -s 1G /srv/page",
    "removed": "echo $word > /srv/page; rm /srv/page",
    "removed and open": "exec 3> /srv/page; echo $word >&3; rm /srv/page",
    "padded": "yes $word | head -n 1000 > /srv/page",
    "no UTF-8": r"printf '\377\376\000' > /srv/page",
    "unreadable": "echo no > /srv/page; chmod 0 /srv/page",
    "somebody else's": "echo {stolen} > /srv/page",
}
SCRIPTS = {
    "empty": b"",
    "zeros": bytes(1000),
    "noise": bytes(range(256)) * 16,
    "a program": program(39),
    "of Windows": HONEST.replace(" && ", "\r\n").encode() + b"\r\n",
    "one long line": b"#" + b"x" * (3 << 20),
    "a deep nest": b"(" * 100_000,
    "another interpreter": b"#!/usr/bin/python3\nimport os\n",
}


@pytest.fixture(scope="module")
def patient(
    tmp_path_factory: pytest.TempPathFactory, singing: Canary
) -> Iterator[Graders]:
    """A course, and graders who have time."""
    course = RunCourse(tmp_path_factory.mktemp("patient") / "course")
    (singing.place / "page").write_text(course.word("s001"))
    with course.graders() as look:
        yield course, look


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graders]:
    """A course, and graders who have a second."""
    course = RunCourse(tmp_path_factory.mktemp("hasty") / "course")
    course.replace("run: {seconds: 20", "run: {seconds: 1")
    with course.graders() as look:
        yield course, look


def looked(graders: Graders, canary: Canary, script: str | bytes) -> Row:
    """The row of s001 for a script in which {names} are replaced."""
    course, look = graders
    if isinstance(script, str):
        for name, meant in {**canary.names, "{stolen}": course.word("s002")}.items():
            script = script.replace(name, meant)
    return look(course.hand_in_script("s001", script)).row


def earning(tried: str) -> str:
    """A script that earns everything if what it tries succeeds."""
    return (
        f'mkdir -p /srv\nif {tried}\nthen echo "$word" > /srv/page\nelse exit 1; fi\n'
    )


def test_what_succeeds_earns_everything(patient: Graders, canary: Canary) -> None:
    row = looked(patient, canary, earning("echo true"))
    assert (row.status, row.earned) == (GRADED, WHOLE)


@pytest.mark.parametrize("name", TRIES)
def test_what_is_tried_does_not_succeed(
    patient: Graders, canary: Canary, name: str
) -> None:
    row = looked(patient, canary, earning(TRIES[name]))
    assert (row.status, row.student, row.earned) == (GRADED, "s001", 0), row


@pytest.mark.skipif(not HAS_PROGRAMS, reason="programs are made for x86_64")
@pytest.mark.parametrize("name", SYSTEM_CALLS)
def test_a_system_call_is_refused(patient: Graders, canary: Canary, name: str) -> None:
    course, look = patient
    script, call = earning("/task/program"), program(*SYSTEM_CALLS[name])
    row = look(course.hand_in_script("s001", script, call)).row
    assert (row.status, row.items[0].earned) == (GRADED, 0), row


@pytest.mark.parametrize("name", PAGES)
def test_what_is_no_page_of_ones_own_is_none(
    patient: Graders, canary: Canary, name: str
) -> None:
    row = looked(patient, canary, f"mkdir -p /srv; {PAGES[name]}\nexit 0\n")
    assert (row.status, row.earned) == (GRADED, 0), row
    assert row.items[0].checks[0].verdict == "failed"


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_is_no_script_earns_nothing(
    patient: Graders, canary: Canary, name: str
) -> None:
    row = looked(patient, canary, SCRIPTS[name])
    assert (row.status, row.earned) == (GRADED, 0), row


@pytest.mark.parametrize("name", IDLE)
def test_what_does_not_end_is_a_timeout(
    hasty: Graders, canary: Canary, name: str
) -> None:
    row = looked(hasty, canary, f"mkdir -p /srv\n{IDLE[name]}\n")
    assert (row.status, row.limit, row.earned) == (TIMEOUT, "seconds", 0), row


@pytest.mark.parametrize("name", ENDLESS)
def test_output_without_end_hits_its_limit(
    patient: Graders, canary: Canary, name: str
) -> None:
    row = looked(patient, canary, ENDLESS[name])
    assert (row.status, row.limit, row.earned) == (ERROR, "output", 0), row


@pytest.mark.parametrize("token", ["", "0" * 64, "s002"])
def test_what_is_nobodys_is_not_even_run(
    hasty: Graders, canary: Canary, token: str
) -> None:
    course, look = hasty
    claim = course.claimed(
        "s001", token=course.token(token) if token == "s002" else token
    )
    file = course.hand_in("s001", {**claim, "files/solve.sh": b"sleep 1000"})
    assert (look(file).row.status, look(file).row.earned) == (ERROR, 0)


def test_an_image_that_was_handed_in_is_no_base(
    patient: Graders, canary: Canary
) -> None:
    course, look = patient
    blobs = Blobs()
    planted = blobs.image(archive(regular("srv/page", course.word("s001").encode())))
    images = laid_out(blobs, {"docker.io/library/busybox:latest": planted})
    members = {**course.claimed("s001"), "files/solve.sh": b"exit 0", **images}
    row = look(course.hand_in("s001", members)).row
    assert (row.status, row.earned) == (GRADED, 0)


@pytest.mark.parametrize(
    "text",
    ["=cmd|/c calc", "+1+1", "@SUM(1)", r"\033[2J\033]0;x\007", "<script>", r"\r\n7,7"],
)
def test_what_it_says_is_harmless_in_reports(
    patient: Graders, canary: Canary, tmp_path: Path, text: str
) -> None:
    course, _ = patient
    row = looked(patient, canary, f"mkdir -p /srv; printf '{text}' > /srv/page")
    marks = Marks(assignment=course.assignment, rows=[row])
    reports.write(marks, tmp_path, reports.FORMATS)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 5
    assert [path for path in written if b"\033" in path.read_bytes()] == []
    pages = [path for path in written if path.suffix in (".html", ".xml", ".md")]
    assert [path for path in pages if "<script>" in path.read_text()] == []
    lines = items_table(row.items).split("\n")
    assert all(line.isprintable() for line in lines)


def test_no_row_is_lost_beside_hostile_ones(tmp_path: Path, canary: Canary) -> None:
    course = RunCourse(tmp_path / "course")
    files = [
        course.hand_in_script("s001", TRIES["fork bomb"]),
        course.hand_in_script("s002", ENDLESS["zeros"]),
        course.hand_in_script("s003", HONEST),
    ]
    rows = course.grade(*files, jobs=2)
    assert [(row.status, row.earned) for row in rows.values()] == [
        *((GRADED, 0), (ERROR, 0), (GRADED, WHOLE))
    ]
