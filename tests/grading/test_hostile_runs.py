"""What is run may want to do harm: it gets its row, no points, and harms nobody.

What would be seen outside only is seen by the canary: see canary.py.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from labshell.grading import reports
from labshell.grading.reports.marks import Marks
from labshell.grading.reports.table import items_table
from labshell.grading.rows import ERROR, GRADED, PARTIAL, TIMEOUT
from tests.grading.canary import Canary, Graders, earning, looked
from tests.grading.courses import laid_out
from tests.grading.running import HAS_PROGRAMS, HONEST, WHOLE, RunCourse, program
from tests.grading.tries import SYSTEM_CALLS, TRIES
from tests.images_in_memory import Blobs
from tests.tars import archive, regular

pytestmark = pytest.mark.require("root", "overlay")
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


def test_files_without_end_hit_the_limit_of_the_disk(
    patient: Graders, canary: Canary
) -> None:
    row = looked(patient, canary, "mkdir /m; cd /m; seq 100000 | xargs touch")
    assert (row.status, row.limit, row.earned) == (ERROR, "disk", 0), row


def test_a_process_whose_name_is_no_text_is_looked_at(
    patient: Graders, canary: Canary
) -> None:
    named = r"(printf 'x\377' > /proc/self/comm; sleep 1000; true) & sleep 0.5"
    row = looked(patient, canary, f"{HONEST}\n{named}\n")
    assert (row.status, row.earned) == (GRADED, WHOLE), row


def test_what_could_not_be_checked_as_well_is_partial(tmp_path: Path) -> None:
    course = RunCourse(tmp_path / "course")
    course.replace("run: {seconds: 20", "run: {seconds: 1")
    course.replace("id: program\n", "id: program\n    needs: {arch: vax}\n")
    file = course.hand_in_script("s001", IDLE["sleeps"])
    row = course.grade(file)["s001"]
    assert (row.status, row.limit, row.earned) == (PARTIAL, "seconds", 0)


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
    row = looked(patient, canary, f"mkdir -p /srv; printf '{text}' | tee /srv/page")
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
