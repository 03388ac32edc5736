"""Who has an engine in the sandbox may do more there, and reaches nothing outside.

Root inside may mount, make networks and control groups: all that is the sandbox's own.
What is tried beyond that earns nothing, and the canary sings on.
"""

from collections.abc import Iterator

import pytest

from labshell.grading.rows import ERROR, GRADED, TIMEOUT
from tests.grading.canary import Canary, Graders, earning, looked
from tests.grading.running import HAS_PROGRAMS, RunCourse, program
from tests.grading.tries import SYSTEM_CALLS, TRIES

pytestmark = pytest.mark.require("root", "overlay")

# What an engine needs: it may be done inside, to what is inside. Of the last line there
# are others below, that take into account what is in the house.
ALLOWED = {
    *("mount", "mount proc", "remount", "unmount", "unshare users", "unshare mounts"),
    *("a group of its own", "host name", "an interface", "lab", "docker"),
    *("open descriptors", "the grader's program", "its own program"),
    *("hidden checks", "kernel's keys", "more memory", "more processes"),
}
ALLOWED_CALLS = {
    *("mount", "unshare", "clone", "setns", "pivot_root", "open_tree", "fsopen"),
}
POWERFUL = {
    "sysrq": "mount -o remount,bind,rw /proc; echo b > /proc/sysrq-trigger",
    "sysfs for writing": "mount -t sysfs none /mnt && "
    "echo {canary}/open > /mnt/kernel/uevent_helper",
    "release_agent of a tree": "mount -t cgroup -o memory none /mnt && "
    "echo {canary}/open > /mnt/release_agent",
    "release_agent of a new tree": "mount -t cgroup -o none,name=pwn none /mnt && "
    "echo {canary}/open > /mnt/release_agent",
    "groups of the machine": "mount -t cgroup2 none /mnt && "
    "cat /mnt/cgroup.procs | grep -w {grader}",
    "devices for its group": "echo a > /sys/fs/cgroup/devices/devices.allow && "
    "mknod /d b 254 0 && dd if=/d count=1",
    "disk of the machine by name": "mount -t ext4 /dev/vda /mnt",
    "debugfs": "mount -t debugfs none /mnt",
    "tracefs": "mount -t tracefs none /mnt && ls /mnt/events",
    "securityfs": "mount -t securityfs none /mnt && ls /mnt/*",
    "overlay of the machine": "mkdir -p /u /w && mount -t overlay -o "
    "lowerdir=/proc/1/root,upperdir=/u,workdir=/w none /mnt && cat /mnt{canary}/open",
    "all users of a new namespace": "unshare -Ur --map-users 0,0,4294967295 true",
    "powers of a new namespace": "unshare -Urm cat {canary}/open",
    "the machine's mounts": "umount -a; cat {canary}/open",
    "a privileged container": "lab run --rm --privileged --pid host -v /:/host "
    "busybox cat /host{canary}/open",
    "a device for a container": "lab run --rm --device /dev/vda busybox "
    "dd if=/dev/vda count=1",
    "kernel parameters by lab": "lab run --rm --sysctl kernel.core_pattern=x busybox "
    "true",
    "the network of the machine": "lab run --rm --network host busybox "
    "wget -T 2 -O - http://127.0.0.1:{port}/",
    "what the machine is called": "mount -t tmpfs none /srv; cat {canary}/shut",
    "hidden checks": "find / -xdev -name 'hidden.*' -o -name course.key | grep .",
    "keys of others": "grep -v _ses /proc/keys | grep .",
    "more memory": "f=/sys/fs/cgroup/memory.max; "
    "[ -e $f ] || f=/sys/fs/cgroup/memory/memory.limit_in_bytes; echo 999999999 > $f",
    "more processes": "f=/sys/fs/cgroup/pids.max; "
    "[ -e $f ] || f=/sys/fs/cgroup/pids/pids.max; echo max > $f",
}
FROZEN = {
    "1": "mkdir /sys/fs/cgroup/freezer/x; for p in 1 $$; do "
    "echo $p > /sys/fs/cgroup/freezer/x/cgroup.procs; done; "
    "echo FROZEN > /sys/fs/cgroup/freezer/x/freezer.state; sleep 1000",
    "2": "mkdir /sys/fs/cgroup/x; for p in 1 $$; do "
    "echo $p > /sys/fs/cgroup/x/cgroup.procs; done; "
    "echo 1 > /sys/fs/cgroup/x/cgroup.freeze; sleep 1000",
}
# A thread that is traced has died, and nobody asks how: who executes another program
# waits for it where no freezer reaches.
RESTLESS = """python3 -c 'import ctypes, os, threading, time
r, w = os.pipe()
def born():
    os.write(w, str(threading.get_native_id()).encode())
    time.sleep(1000)
if not os.fork():
    threading.Thread(target=born, daemon=True).start()
    time.sleep(0.5)
    os.execvp("sleep", ["sleep", "1000"])
seize, trace_exit = 0x4206, ctypes.c_long(0x40)
ctypes.CDLL(None).ptrace(seize, int(os.read(r, 9)), ctypes.c_long(0), trace_exit)
time.sleep(1000)' & sleep 2
mkdir -p /srv; echo $word > /srv/page
"""


@pytest.fixture(scope="module")
def graders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graders]:
    """A course in which there is a `lab`, and its graders."""
    course = RunCourse(tmp_path_factory.mktemp("labs") / "course")
    course.give_labs()
    with course.graders() as look:
        yield course, look


# Groups: on version 2 the kernel refuses them, on version 1 somebody counts.
WIDE = "import os; [os.mkdir(f'/sys/fs/cgroup/{}x{{i}}') for i in range(300000)]"
DEEP = "import os; [(os.mkdir('d'), os.chdir('d')) for i in range(300000)]"


def test_what_succeeds_earns(graders: Graders, canary: Canary) -> None:
    tried = "lab run --rm --network none busybox true"
    assert looked(graders, canary, earning(tried)).items[0].earned > 0


@pytest.mark.parametrize("name", sorted({*TRIES} - ALLOWED))
def test_what_no_sandbox_allows_this_one_does_not(
    graders: Graders, canary: Canary, name: str
) -> None:
    row = looked(graders, canary, earning(TRIES[name]))
    assert (row.status, row.student, row.earned) == (GRADED, "s001", 0), row


@pytest.mark.parametrize("name", POWERFUL)
def test_what_an_engine_may_do_reaches_nothing_outside(
    graders: Graders, canary: Canary, name: str
) -> None:
    row = looked(graders, canary, earning(POWERFUL[name]))
    assert (row.status, row.student, row.earned) == (GRADED, "s001", 0), row


@pytest.mark.skipif(not HAS_PROGRAMS, reason="programs are made for x86_64")
@pytest.mark.parametrize("name", sorted({*SYSTEM_CALLS} - ALLOWED_CALLS))
def test_a_system_call_that_no_engine_needs_is_refused(
    graders: Graders, canary: Canary, name: str
) -> None:
    course, look = graders
    script, call = earning("/task/program"), program(*SYSTEM_CALLS[name])
    row = look(course.hand_in_script("s001", script, call)).row
    assert (row.status, row.items[0].earned) == (GRADED, 0), row


@pytest.mark.require("cgroup1")
@pytest.mark.parametrize("program", [WIDE.format("freezer/"), DEEP])
def test_groups_without_end_hit_their_limit(
    graders: Graders, canary: Canary, program: str
) -> None:
    row = looked(graders, canary, f'cd /sys/fs/cgroup/memory; python3 -c "{program}"')
    assert (row.status, row.limit, row.earned) == (ERROR, "groups", 0)


@pytest.mark.require("cgroup2")
def test_groups_without_end_are_refused(graders: Graders, canary: Canary) -> None:
    tried = f'python3 -c "{WIDE.format("")}"'
    row = looked(graders, canary, earning(tried))
    assert (row.status, row.earned) == (GRADED, 0)


@pytest.mark.parametrize(
    "version",
    [
        pytest.param(version, marks=pytest.mark.require(f"cgroup{version}"))
        for version in FROZEN
    ],
)
def test_what_freezes_itself_is_ended_all_the_same(
    tmp_path_factory: pytest.TempPathFactory, canary: Canary, version: str
) -> None:
    course = RunCourse(tmp_path_factory.mktemp("frozen") / "course")
    course.give_labs(seconds=1)
    with course.graders() as look:
        row = looked((course, look), canary, FROZEN[version])
    assert (row.status, row.limit, row.earned) == (TIMEOUT, "seconds", 0)


def test_what_cannot_be_frozen_is_no_fault_of_the_machine(
    graders: Graders, canary: Canary
) -> None:
    row = looked(graders, canary, RESTLESS)
    assert (row.status, row.limit, row.earned) == (ERROR, "freeze", 0), row
