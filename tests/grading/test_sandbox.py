"""What is handed in to be run is run where it can harm nobody, and looked at."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.engine import Engine
from labshell.grading import reports, scratch, visible
from labshell.grading.assignment import AssignmentError
from labshell.grading.journal import Look
from labshell.grading.kit import lint
from labshell.grading.reports.marks import Marks
from labshell.grading.reports.table import items_table
from labshell.grading.rows import ERROR, GRADED, PARTIAL, TIMEOUT
from labshell.lessons.outcomes import COULD_NOT_RUN
from tests.grading.running import HAS_PROGRAMS, HONEST, WHOLE, RunCourse, program

Grader = tuple[RunCourse, Callable[[Path], Look]]
pytestmark = pytest.mark.require("root", "overlay")


@pytest.fixture
def running(tmp_path: Path) -> RunCourse:
    """A course whose assignment is run."""
    return RunCourse(tmp_path / "course")


@pytest.fixture(scope="module")
def grader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grader]:
    """The same with graders, for whoever changes nothing of it."""
    course = RunCourse(tmp_path_factory.mktemp("runs") / "course")
    with course.graders() as look:
        yield course, look


@pytest.fixture
def above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where sandboxes are made now, so that only those of this test are there."""
    place = tmp_path / "above"
    place.mkdir()
    monkeypatch.setattr(scratch, "_ABOVE", place)
    return place


def seen(grader: Grader, script: str, program: bytes | None = None) -> str:
    """What the check has to say of a script that fails: its status and last output."""
    course, look = grader
    row = look(course.hand_in_script("s001", f"{script}\nexit 3", program)).row
    return row.items[0].checks[0].message


@pytest.mark.vm
def test_a_script_earns_by_what_it_leaves(grader: Grader) -> None:
    course, look = grader
    row = look(course.hand_in_script("s001", HONEST)).row
    assert (row.status, row.items[0].earned) == (GRADED, WHOLE)


def test_a_script_that_fails_earns_nothing_and_its_words_are_kept(
    grader: Grader,
) -> None:
    assert seen(grader, "echo so it is; nosuch") == (
        "3: so it is\n/task/solve.sh: line 1: nosuch: not found\n"
    )


def test_what_it_printed_is_told_where_it_cost_points(
    grader: Grader, tmp_path: Path
) -> None:
    course, look = grader
    row = look(course.hand_in_script("s001", "echo so it is; nosuch")).row
    log = "$ sh solve.sh\nso it is\n/task/solve.sh: line 1: nosuch: not found\n[127]"
    assert row.items[0].log == log
    assert items_table(row.items).endswith(f"\n{log}")
    marks = Marks(assignment=course.assignment, rows=[row])
    reports.write(marks, tmp_path, ["feedback"])
    assert "\n> so it is\\\n" in (tmp_path / "feedback" / "s001.md").read_text()
    assert "\nso it is\n" in (tmp_path / "feedback" / "s001.html").read_text()


def test_nothing_is_told_of_a_script_that_earned_all(grader: Grader) -> None:
    course, look = grader
    row = look(course.hand_in_script("s001", f"{HONEST}; echo so it is")).row
    assert row.items[0].log == ""


def test_a_script_that_was_not_handed_in_earns_nothing(grader: Grader) -> None:
    course, look = grader
    row = look(course.hand_in("s001", course.claimed("s001"))).row
    assert (row.status, row.earned) == (GRADED, 0)
    assert row.items[0].checks[0].message == "There is no file solve.sh."


def test_each_student_has_values_of_their_own(grader: Grader) -> None:
    course, look = grader
    stolen = f"mkdir -p /srv; echo {course.word('s002')} > /srv/page"
    assert look(course.hand_in_script("s001", stolen)).row.earned == 0
    assert look(course.hand_in_script("s002", stolen)).row.earned == WHOLE


def test_one_run_leaves_nothing_to_the_next(grader: Grader) -> None:
    course, look = grader
    look(course.hand_in_script("s001", f"{HONEST}; sleep 1000 & echo x > /dev/shm/x"))
    row = look(course.hand_in_script("s001", "ls /srv /dev/shm/x; ps; exit 1")).row
    assert "No such file" in row.items[0].checks[0].message
    assert "sleep 1000" not in row.items[0].checks[0].message


@pytest.mark.vm
def test_root_inside_is_nobody_outside(grader: Grader) -> None:
    first = seen(grader, "id -u; cat /proc/self/uid_map").split()
    assert first[:3] == ["3:", "0", "0"]
    assert int(first[3]) >= 524288


def test_a_script_can_gain_no_privileges(grader: Grader) -> None:
    status = seen(grader, "grep -E 'NoNewPrivs|Seccomp:|CapEff' /proc/self/status")
    assert status.split()[1:] == [
        *("CapEff:", "00000000a80405fb", "NoNewPrivs:", "1", "Seccomp:", "2")
    ]


def test_only_loopback_is_there(grader: Grader) -> None:
    assert seen(grader, "ls /sys/class/net").split()[1:] == ["lo"]


@pytest.mark.require("cgroup1")
def test_what_sockets_hold_has_a_limit(grader: Grader) -> None:
    file = "/sys/fs/cgroup/memory/memory.kmem.tcp.limit_in_bytes"
    assert f"\n{64 << 20}\n" in f"\n{seen(grader, f'echo; cat {file}')}\n"


@pytest.mark.vm
def test_the_disk_is_as_large_as_the_assignment_says(grader: Grader) -> None:
    said = seen(grader, "dd if=/dev/zero of=/big bs=1M count=100 2>&1; stat -c %s /big")
    assert "No space left on device" in said
    assert 12 << 20 < int(said.split()[-1]) <= 16 << 20


def test_a_full_disk_is_empty_again_for_the_next(grader: Grader) -> None:
    course, look = grader
    look(course.hand_in_script("s001", "dd if=/dev/zero of=/big bs=1M count=100"))
    row = look(course.hand_in_script("s001", HONEST)).row
    assert row.items[0].earned == WHOLE


@pytest.mark.skipif(not HAS_PROGRAMS, reason="programs are made for x86_64")
def test_what_a_program_of_the_students_gives_is_seen(grader: Grader) -> None:
    getpid, nosuch = program(39), program(9999)
    assert seen(grader, "/task/program && echo it works", getpid) == "3: it works\n"
    assert seen(grader, "/task/program || echo refused", nosuch) == "3: refused\n"


LEFT = """
def left_the_page(work):
    ran = work.ran
    left = [(one.command, one.own) for one in ran.processes]
    return work.failed(repr((ran.exit_status, left)))
"""


@pytest.mark.vm
def test_what_still_runs_is_looked_at_from_outside(running: RunCourse) -> None:
    (running.folder / "checks.py").write_text(LEFT + "is_there = left_the_page\n")
    with running.graders() as look:
        row = look(running.hand_in_script("s001", "sleep 1000 & exit 4")).row
    assert row.items[0].checks[0].message == "(4, [('sleep 1000', ())])"


def test_a_path_that_the_assignment_does_not_name_is_a_fault_of_the_check(
    running: RunCourse,
) -> None:
    running.replace("/srv/page", "/srv/other", "checks.py")
    with running.graders() as look:
        row = look(running.hand_in_script("s001", HONEST)).row
    assert row.status == PARTIAL
    assert "/srv/other is none of `files`" in row.items[0].checks[0].message


def test_files_of_the_assignment_are_there(running: RunCourse) -> None:
    (running.folder / "files").mkdir()
    (running.folder / "files/settings").write_text("loud")
    with running.graders() as look:
        row = look(running.hand_in_script("s001", "cat files/settings; exit 1")).row
    assert row.items[0].checks[0].message == "1: loud"


def test_files_that_are_too_large_to_run_with_are_no_zero(running: RunCourse) -> None:
    (running.folder / "files").mkdir(exist_ok=True)
    with (running.folder / "files/large").open("wb") as file:
        file.truncate(17 << 20)
    with running.graders() as look:
        row = look(running.hand_in_script("s001", HONEST)).row
    assert row.items[0].checks[0].verdict == COULD_NOT_RUN
    assert "more than 16 MB" in row.items[0].checks[0].message


def test_who_takes_too_long_has_twice_the_time_alone(running: RunCourse) -> None:
    running.replace("run: {seconds: 20", "run: {seconds: 1")
    late = running.hand_in_script("s001", f"sleep 1.5; {HONEST}")
    never = running.hand_in_script("s002", "sleep 1000")
    rows = running.grade(late, never, jobs=2)
    assert (rows["s001"].status, rows["s001"].earned) == (GRADED, WHOLE)
    assert (rows["s002"].status, rows["s002"].limit) == (TIMEOUT, "seconds")
    assert rows["s002"].earned == 0


def test_points_for_what_is_not_run_are_kept_at_a_limit(running: RunCourse) -> None:
    with running.graders() as look:
        row = look(running.hand_in_script("s001", "cat /dev/zero", b"x")).row
    assert (row.status, row.limit) == (ERROR, "output")
    assert [item.earned for item in row.items] == [0, 1]
    message = row.items[0].checks[0].message
    assert message == "It was stopped: it printed too much."


def test_what_the_machine_lacks_is_no_zero(
    running: RunCourse, monkeypatch: pytest.MonkeyPatch, above: Path
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # where there is no mkfs.ext4
    with running.graders() as look:
        row = look(running.hand_in_script("s001", HONEST, b"x")).row
    assert row.status == PARTIAL
    assert {check.verdict for check in row.items[0].checks} == {"could not run"}
    assert "mkfs.ext4 does not run" in row.items[0].checks[0].message
    assert [*above.iterdir()] == []


def test_a_base_that_is_not_there_is_no_zero(running: RunCourse) -> None:
    running.replace("bases: [busybox]", "bases: [nosuch]")
    with running.graders() as look:
        row = look(running.hand_in_script("s001", HONEST, b"x")).row
    assert row.status == PARTIAL
    assert "nosuch" in row.items[0].checks[0].message


def test_a_student_who_is_root_sees_what_it_earns(running: RunCourse) -> None:
    file = running.hand_in_script("s001", HONEST)
    _, (page, _) = visible.marks(running.assignment, file)
    assert [check.earned for check in page.checks] == [4]


def test_who_is_not_root_is_told(running: RunCourse) -> None:
    done = python(
        "one = Runner(read_assignment(Path(sys.argv[1])))",
        "os.setuid(65534)",
        "print(one.run({'solve.sh': b''}, {})['solve.sh'].why)",
        str(running.folder),
    )
    said, errors = done.communicate()
    assert said == "only root can run what was handed in\n", errors


def test_a_killed_grader_leaves_nothing_once_the_next_has_come(
    running: RunCourse, above: Path
) -> None:
    killed = python(
        f"scratch._ABOVE = Path({str(above)!r})",
        "one = Runner(read_assignment(Path(sys.argv[1])))",
        "one.run({'solve.sh': b'sleep 4711'}, {})",
        str(running.folder),
    )
    while not asleep():
        assert killed.poll() is None
    killed.kill()
    killed.communicate()
    assert asleep()
    scratch.sweep()
    assert (asleep(), [*above.iterdir()]) == ([], [])


def test_another_engine_on_its_disk_is_in_nobodys_way(
    running: RunCourse, above: Path
) -> None:
    one = scratch.Scratch(running.assignment)
    saved = one.engine.root.parent / "saved.tar"
    one.engine.save(["busybox"], saved)
    with saved.open("rb") as archive:  # an engine that has images has a mount
        Engine(saved.with_name("other")).load(archive)
    one.close()
    assert [*above.iterdir()] == []


def python(*lines: str) -> subprocess.Popen[str]:
    """A program of ours of these lines, but for the last, its argument."""
    imports = (
        "import os, sys",
        "from pathlib import Path",
        "from labshell.grading import scratch",
        "from labshell.grading.assignment import read_assignment",
        "from labshell.grading.runner import Runner",
    )
    program = "\n".join((*imports, *lines[:-1]))
    return subprocess.Popen(
        [sys.executable, "-c", program, lines[-1]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def asleep() -> list[int]:
    """The processes that sleep for as long as only ours do."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cmdline").read_bytes() == b"sleep\x004711\0":
                found.append(int(process.name))
        except OSError:
            continue
    return found


def test_what_another_user_has_put_there_is_not_swept() -> None:
    planted = Path("/var/tmp/labshell-sandbox-planted")
    planted.mkdir(mode=0o700)
    os.chown(planted, 65534, 65534)
    try:
        scratch.sweep()
        assert planted.exists()
    finally:
        planted.rmdir()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("run: solve.sh", "run: ../solve.sh", "items.page.run: a plain name is needed"),
        ("files: [/srv/page]", "files: [srv]", "items.page.files: a path as in"),
        ("files: [/srv/page]", "files: [/srv/../x]", "items.page.files: a path as in"),
        ("files: [/srv/page]", "files: [/proc/1/x]", "/proc/1/x: that is on no disk"),
        ("bases: [busybox]", "bases: []", "solve.sh: `base: ` is none of `bases`"),
        ("run: solve.sh", "run: solve.sh\n    base: elm", "`base: elm` is none of"),
        ("run: solve.sh", "run: solve.sh\n    with: labd", "there is only `lab`"),
        (
            "run: solve.sh",
            "run: solve.sh\n    with: lab\n    base: busybox",
            "items.page.base: `with: lab` has an image of its own",
        ),
        ("pids: 32", "pids: 0", "limits.run.pids: a number from 1"),
        ("pids: 32", "pid: 32", "limits.run.pid: there is no such field"),
    ],
)
def test_what_is_wrong_is_named(
    running: RunCourse, old: str, new: str, says: str
) -> None:
    running.replace(old, new)
    with pytest.raises(AssignmentError) as caught:
        lint(running.folder)
    assert says in caught.value.message


def test_no_engine_of_the_students_own_is_touched(
    grader: Grader, engine: Engine
) -> None:
    before = [container.id for container in engine.containers(all=True)]
    course, look = grader
    look(course.hand_in_script("s001", HONEST))
    assert [container.id for container in engine.containers(all=True)] == before


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("memory: 192", "memory: 63", "needs `limits: {run: {memory: 64}}`"),
        ("bases: [busybox]", "bases: []", "`with: lab` needs `bases`"),
    ],
)
def test_what_an_engine_needs_is_asked_for(
    running: RunCourse, old: str, new: str, says: str
) -> None:
    running.give_labs()
    running.replace(old, new)
    with pytest.raises(AssignmentError) as caught:
        lint(running.folder)
    assert says in str(caught.value)
