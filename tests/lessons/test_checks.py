"""What a check is told about a container is what the kernel has there."""

from pathlib import Path

import pytest

from engine.engine import ContainerOptions, Engine
from labshell.lessons import library
from labshell.lessons.attempt import Attempt
from labshell.lessons.checks import Lab
from labshell.lessons.lines import run_hidden
from labshell.lessons.outcomes import NO_CONTAINER
from labshell.lessons.progress import Progress
from labshell.lessons.record import Made

pytestmark = pytest.mark.require("root", "overlay")


@pytest.fixture
def lab(engine: Engine) -> Lab:
    """A check's view of an engine in which a container called `seen` runs."""
    asked = ContainerOptions(
        image="busybox",
        name="seen",
        command=("sleep", "1000000"),
        tmpfs=("/bench",),
        capabilities_add=("SYS_ADMIN",),
    )
    engine.start(engine.create(asked).id)
    return Lab(engine, values={}, maximum=1, began=Made())


def inside(lab: Lab, script: str) -> None:
    done = run_hidden(lab.engine, f"lab exec seen sh -e -c '{script}'")
    assert done.code == 0, done.output


def test_a_union_without_an_upper_directory_is_for_reading(lab: Lab) -> None:
    inside(lab, "cd /bench; mkdir a b c d all; mount -t overlay x -o lowerdir=a:b all")
    process = lab.container("seen").process
    assert process.mounts["/bench/all"] == "overlay"
    assert not process.may_write("/bench/all")
    assert not process.may_write("/bench/nothing")
    inside(lab, "cd /bench; mount -t overlay x -o lowerdir=a,upperdir=c,workdir=d all")
    assert process.may_write("/bench/all")


def test_the_read_write_layer_tells_copies_from_whiteouts(lab: Lab) -> None:
    inside(lab, "echo more >> /etc/group; rm /etc/passwd")
    seen = lab.container("seen")
    copied, removed, left = (seen.top(f"/etc/{x}") for x in ("group", "passwd", "x"))
    assert copied.data is not None and copied.data.endswith(b"more\n")
    assert removed.hidden and removed.status is None
    assert not left.hidden and left.status is None


def test_an_image_tells_its_variables_and_not_what_is_said_of_it(lab: Lab) -> None:
    done = run_hidden(lab.engine, "lab commit -m NOTE=1 -c 'ENV NOTE=2' seen seen:note")
    assert done.code == 0, done.output
    assert "NOTE=2" in lab.image("seen:note").environment
    assert "NOTE=1" not in lab.image("seen:note").environment


def test_what_an_image_deletes_is_still_found_in_its_layers(lab: Lab) -> None:
    done = run_hidden(
        lab.engine,
        "lab exec seen sh -c 'echo secret > /note'; lab commit seen seen:1\n"
        "lab run --name hides seen:1 rm /note; lab commit hides seen:2",
    )
    assert done.code == 0, done.output
    assert not lab.image("seen:2").shows("/note")
    assert lab.image("seen:2").paths_with("secret") == ["/note"]
    assert lab.image("seen:2").history_mentions("rm /note")


def test_a_container_is_followed_through_its_life(lab: Lab) -> None:
    def after(line: str) -> tuple[str, bool]:
        done = run_hidden(lab.engine, line)
        assert done.code == 0, done.output
        seen = lab.container("seen")
        return seen.status, seen.frozen

    assert after("true") == ("running", False)
    assert after("lab pause seen") == ("paused", True)
    assert after("lab unpause seen") == ("running", False)
    assert not lab.container("seen").has_ended
    assert after("lab kill seen") == ("exited", False)
    assert after("lab start seen") == ("running", False)
    assert lab.container("seen").has_ended
    assert lab.container("seen").restart_policy == "no"
    after("lab update --restart on-failure:3 seen")
    assert lab.container("seen").restart_policy == "on-failure:3"


@pytest.mark.parametrize(
    ("lesson", "step"),
    [
        ("process/rootfs", "far"),
        ("process/cgroups", "fence"),
        ("registry/names", "pin"),
    ],
)
def test_what_the_student_is_to_make_is_missing_and_not_lost(
    engine: Engine, tmp_path: Path, lesson: str, step: str
) -> None:
    progress = Progress(tmp_path / "progress.json")
    attempt = Attempt(engine, progress, library.find(lesson))
    attempt.record.step = step
    outcome = attempt.check()
    assert outcome.message == NO_CONTAINER
    assert not outcome.lost
