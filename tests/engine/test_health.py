"""Health checks of real containers."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from engine.engine import Container, Healthcheck
from engine.errors import InvalidArgument
from tests.engine.boxes import Box, until

pytestmark = pytest.mark.vm

MILLISECOND = 1_000_000
QUICK = {"interval": 50 * MILLISECOND, "timeout": 5000 * MILLISECOND, "retries": 2}


def check(line: str, **changes: Any) -> Healthcheck:
    return Healthcheck(test=("CMD-SHELL", line), **{**QUICK, **changes})


def health(box: Box, container: Container) -> str:
    return box.engine.container(container.id).state.health.status


def becomes(box: Box, container: Container, status: str) -> None:
    until(lambda: health(box, container) == status, status)


def told(box: Box, container: Container) -> list[str]:
    lines = (box.engine.root / "events.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return [event["Action"] for event in found if event["Actor"]["ID"] == container.id]


def test_it_is_starting_and_then_healthy(box: Box) -> None:
    container = box.begin(health=check("true", interval=300 * MILLISECOND))
    assert health(box, container) == "starting"
    becomes(box, container, "healthy")
    until(
        lambda: "health_status: healthy" in told(box, container),
        "the event, which is told once the record says so",
    )


def test_bad_answers_in_a_row_make_it_unhealthy_and_one_good_one_heals_it(
    box: Box,
) -> None:
    container = box.begin(health=check("test -e /well || { echo no; exit 3; }"))
    becomes(box, container, "unhealthy")
    answers = box.engine.container(container.id).state.health.answers
    assert {(a.exit_code, a.output) for a in answers} == {(3, "no\n")}
    assert box.execute(container.id, "touch", "/well").code == 0
    becomes(box, container, "healthy")


def test_an_answer_that_takes_too_long_is_a_bad_one(box: Box) -> None:
    late = check("sleep 1000", timeout=100 * MILLISECOND, retries=1)
    container = box.begin(health=late)
    becomes(box, container, "unhealthy")
    answer = box.engine.container(container.id).state.health.answers[-1]
    assert answer.exit_code == -1
    assert answer.output == "Health check exceeded timeout (0.1s)"


def test_a_check_that_is_no_program_is_a_bad_answer(box: Box) -> None:
    wrong = Healthcheck(test=("CMD", "/nosuch"), **{**QUICK, "retries": 1})
    container = box.begin(health=wrong)
    becomes(box, container, "unhealthy")
    answer = box.engine.container(container.id).state.health.answers[-1]
    assert "/nosuch" in answer.output


def test_bad_answers_do_not_count_in_the_start_period(box: Box) -> None:
    patient = check("false", retries=1, start_period=60_000 * MILLISECOND)
    container = box.begin(health=patient)
    until(
        lambda: len(box.engine.container(container.id).state.health.answers) >= 3,
        "three answers",
    )
    assert health(box, container) == "starting"


def test_what_it_says_is_kept_up_to_four_kilobytes(box: Box) -> None:
    container = box.begin(health=check("yes | head -c 100000"))
    becomes(box, container, "healthy")
    answer = box.engine.container(container.id).state.health.answers[-1]
    assert answer.output == "y\n" * 2048


def test_the_check_of_an_image_is_made_and_may_be_left_out(box: Box) -> None:
    image = box.image("checked", {"f": "x"})
    source = box.engine.image(image)
    assert source.config.defaults.healthcheck is None
    # What a Dockerfile's HEALTHCHECK would write, asked of the container instead.
    container = box.begin(image=image, health=check("test -e /f"))
    becomes(box, container, "healthy")
    without = box.begin(image=image, health=Healthcheck(test=("NONE",)))
    assert health(box, without) == "none"


def test_a_paused_container_is_not_asked(box: Box) -> None:
    container = box.begin(health=check("true"))
    becomes(box, container, "healthy")
    box.engine.pause(container.id)
    paused = box.engine.container(container.id).state.health
    until(lambda: box.engine.container(container.id).state.status == "paused", "pause")
    assert box.engine.container(container.id).state.health == paused
    box.engine.unpause(container.id)
    until(
        lambda: box.engine.container(container.id).state.health != paused,
        "another answer",
    )


def test_it_ends_while_it_is_being_asked(box: Box) -> None:
    container = box.begin(health=check("sleep 1000"))
    until(lambda: b"sleep" in _commands(container), "a probe")
    box.engine.kill(container.id)
    assert box.engine.container(container.id).state.exit_code == 137


def _commands(container: Container) -> bytes:
    """The command lines of the container's processes, its first one left out."""
    from engine.kernel import cgroups
    from engine.runtime.bundle import ShimFacts

    group = ShimFacts.read(container.directory / "bundle").cgroup
    lines = []
    for pid in cgroups.members(group):
        if pid != container.state.pid:
            with contextlib.suppress(OSError):  # it has just ended
                lines.append(Path(f"/proc/{pid}/cmdline").read_bytes())
    return b"\n".join(lines)


@pytest.mark.parametrize("name", ["interval", "timeout", "start_period"])
def test_times_under_a_millisecond_are_refused(box: Box, name: str) -> None:
    with pytest.raises(InvalidArgument, match="cannot be less than 1ms"):
        box.create("true", health=check("true", **{name: 1000}))


def test_inspect_tells_the_health_as_docker_does(box: Box) -> None:
    container = box.begin(health=check("echo fine"))
    becomes(box, container, "healthy")
    shown = box.engine.inspect(container.id)["State"]["Health"]
    assert (shown["Status"], shown["FailingStreak"]) == ("healthy", 0)
    assert shown["Log"][-1]["Output"] == "fine\n"
    assert set(shown["Log"][-1]) == {"Start", "End", "ExitCode", "Output"}


def test_the_next_check_may_be_further_away_than_the_kernel_can_sleep(box: Box) -> None:
    container = box.begin(health=check("true", interval=1 << 60))
    assert box.execute(container.id, "true").code == 0
    assert health(box, container) == "starting"
