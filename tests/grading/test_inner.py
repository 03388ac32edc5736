"""Who is asked to run containers has an engine in the sandbox, and is looked at."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labshell.grading.journal import Look
from labshell.grading.ran import Ran, RanProcess
from labshell.grading.sandbox import run
from labshell.grading.scratch import Scratch
from tests.grading.running import RunCourse

pytestmark = pytest.mark.require("root", "overlay")
Run = Callable[[str], Ran]
Grader = tuple[RunCourse, Callable[[Path], Look]]
HOME = Path(__file__).parents[2]
NAME = "sleeps_limited"  # the check of the item in the documentation
HEAD = """
schema: labshell.assignment/1
name: layers-1
title: Containers
due: "2026-12-01T12:00+01:00"
limits: {run: {seconds: 20, memory: 192, disk: 16}}
bases: [busybox]
items:
"""
TALKS = """
  - id: talk
    kind: run
    title: talk.sh asks who is there
    run: talk.sh
    with: lab
    dialog:
      - {see: "who?", type: ada}
      - {see: "adaada"}
    check: checks:talked
    points: 2
"""
IMPORTS = "from labshell.grading.work import Outcome, Work\n\n\n"
TALKED = """
def talked(work):
    if work.ran.seen == 2:
        return work.passed("It was told.")
    return work.failed(work.ran.output.decode())
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs scripts, one after the other, each in a sandbox of its own."""
    course = RunCourse(tmp_path_factory.mktemp("labs") / "course")
    course.give_labs()
    assignment = course.assignment
    (script,) = assignment.scripts
    scratch = Scratch(assignment)

    def go(text: str) -> Ran:
        files = {script.name: text.encode()}
        return run(scratch.engine, script, assignment.limits.run, files, {"word": "x"})

    yield go
    scratch.close()


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grader]:
    """The course with the item of the documentation, and its graders."""
    course = Documented(tmp_path_factory.mktemp("documented") / "course")
    with course.graders() as look:
        yield course, look


def of(ran: Ran, command: str) -> RanProcess:
    """The process that runs this."""
    (found,) = [one for one in ran.processes if one.command == command]
    return found


@pytest.mark.vm
def test_a_script_runs_a_container_of_a_base_image(ran: Run) -> None:
    done = ran("lab run --rm --network none busybox echo $word; lab images -q | wc -l")
    assert (done.exit_status, done.output) == (0, b"x\n1\n")


@pytest.mark.vm
def test_what_it_leaves_running_is_seen_in_its_namespaces(ran: Run) -> None:
    done = ran("lab run -d --network none busybox sleep 1234; sleep 4321 &")
    assert of(done, "sleep 1234").pid == 1
    assert {"mount", "pid", "network", "uts", "ipc"} <= {*of(done, "sleep 1234").own}
    assert of(done, "sleep 4321").own == ()


@pytest.mark.vm
def test_a_limit_of_its_container_is_seen_and_none_else(ran: Run) -> None:
    done = ran(
        "lab run -d --network none -m 32m --pids-limit 20 busybox sleep 1000\n"
        "lab run -d --network none busybox sleep 2000; sleep 3000 &"
    )
    limited = of(done, "sleep 1000")
    assert (limited.memory, limited.most) == (32 << 20, 20)
    assert (of(done, "sleep 2000").memory, of(done, "sleep 3000").most) == (None, None)


def test_a_script_builds_commits_and_mounts(ran: Run) -> None:
    done = ran(
        "set -e\n"
        "printf 'FROM busybox\\nRUN echo built > /word\\n' > Dockerfile\n"
        "lab build -q -t mine . > /dev/null\n"
        "lab run --name box --network none -v /srv:/srv mine cp /word /srv/page\n"
        "lab commit box other > /dev/null\n"
        "cat /srv/page; lab run --rm --network none other cat /word\n"
    )
    assert (done.exit_status, done.output) == (0, b"built\nbuilt\n")


@pytest.mark.vm
def test_its_containers_meet_on_a_network(ran: Run) -> None:
    done = ran(
        "lab network create lan > /dev/null\n"
        "lab run -d --network lan --name web busybox httpd -f -h /etc > /dev/null\n"
        "lab run --rm --network lan busybox wget -q -O - http://web/passwd\n"
    )
    assert done.output.startswith(b"root:")


def test_what_is_not_there_is_not_fetched(ran: Run) -> None:
    done = ran("lab pull busybox:2")
    assert done.exit_status != 0
    assert b"could not be reached" in done.output


def test_one_run_leaves_no_container_to_the_next(ran: Run) -> None:
    ran("lab run -d --name mine --network none busybox sleep 1000")
    assert ran("lab ps -aq; lab images -q | wc -l").output == b"1\n"


def test_the_memory_that_it_may_take_holds_for_its_containers_too(ran: Run) -> None:
    hungry = "a=xxxxxxxx; while :; do a=$a$a; done"
    done = ran(f"lab run --rm --network none busybox sh -c '{hungry}'")
    assert done.exit_status == 137


@pytest.mark.vm
def test_the_limits_that_a_script_meets_are_named(ran: Run) -> None:
    many = "for i in $(seq 100); do sleep 100 & done"
    assert ran(many).met == ("pids",)
    assert ran("a=xxxxxxxx; while :; do a=$a$a; done").met == ("memory",)
    assert ran("true").met == ()


@pytest.mark.vm
def test_a_limit_of_its_own_container_is_none_of_the_sandbox(ran: Run) -> None:
    hungry = "a=xxxxxxxx; while :; do a=$a$a; done"
    done = ran(f"lab run --rm --network none -m 16m busybox sh -c '{hungry}'")
    assert (done.exit_status, done.met) == (137, ())


class Documented(RunCourse):
    """A course with the item that ASSIGNMENTS.md shows, and one that is talked to."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        text = (HOME / "lessons" / "ASSIGNMENTS.md").read_text()
        item, check = (block_of(text, kind) for kind in ("yaml", "python"))
        (self.folder / "assignment.yaml").write_text(f"{HEAD}{item}{TALKS}")
        (self.folder / "checks.py").write_text(f"{IMPORTS}{check}{TALKED}")


def block_of(text: str, kind: str) -> str:
    """The block of code of this kind that is about NAME."""
    blocks = [part.partition("```")[0] for part in text.split(f"```{kind}\n")[1:]]
    (found,) = [block for block in blocks if NAME in block]
    return found


@pytest.mark.parametrize(
    ("script", "earned"),
    [
        ("lab run -d --network none -m 32m busybox sleep 1000", 3),
        ("lab run -d --network none busybox sleep 1000", 0),
        ("sleep 1000 &", 0),
        ("lab run -d --network none -m 32m busybox sleep 0", 0),
    ],
)
def test_the_example_in_the_documentation_holds(
    documented: Grader, script: str, earned: int
) -> None:
    course, look = documented
    assert look(course.hand_in_script("s001", script)).row.earned == earned


def test_somebody_types_into_a_container(documented: Grader) -> None:
    course, look = documented
    asks = "sh -c 'read -p who? w; echo $w$w'"
    script = f"lab run --rm -it --network none busybox {asks}".encode()
    members = {**course.claimed("s001"), "files/talk.sh": script}
    assert look(course.hand_in("s001", members)).row.earned == 2
