"""What the answers to health checks add up to, without any container."""

import pytest

from engine.oci.health import SECOND, Healthcheck
from engine.runtime.health import STARTING, Answer, Health

ASKED = Health(status=STARTING)


def answer(code: int) -> Answer:
    return Answer(start="then", end="now", exit_code=code, output="words")


def after(codes: list[int], *, counts: bool = True) -> Health:
    health = ASKED
    for code in codes:
        health = health.after(answer(code), retries=3, counts=counts)
    return health


@pytest.mark.parametrize(
    ("codes", "status", "failing"),
    [
        ([], "starting", 0),
        ([0], "healthy", 0),
        ([1, 1], "starting", 2),
        ([1, 1, 1], "unhealthy", 3),
        ([1, 1, 0], "healthy", 0),
        ([0, 1, 1], "healthy", 2),
        ([0, 1, 1, -1], "unhealthy", 3),
        ([1, 1, 1, 0], "healthy", 0),
    ],
)
def test_so_many_bad_answers_in_a_row_are_needed(
    codes: list[int], status: str, failing: int
) -> None:
    assert (after(codes).status, after(codes).failing) == (status, failing)


def test_bad_answers_do_not_count_while_it_is_starting() -> None:
    assert after([1] * 9, counts=False).status == "starting"
    assert after([1, 0], counts=False).status == "healthy"


def test_the_last_five_answers_are_kept() -> None:
    assert [kept.exit_code for kept in after([1, 2, 3, 4, 5, 6]).answers] == [
        2,
        3,
        4,
        5,
        6,
    ]


def test_a_health_is_read_as_it_was_written() -> None:
    health = after([1, 0, -1])
    assert Health.from_json(health.to_json()) == health


def test_what_is_not_said_comes_from_the_image() -> None:
    image = Healthcheck(test=("CMD", "a"), interval=5 * SECOND, retries=7)
    asked = Healthcheck(interval=SECOND)
    assert asked.over(image) == Healthcheck(
        test=("CMD", "a"), interval=SECOND, retries=7
    )


def test_none_ends_the_check_of_the_image() -> None:
    image = Healthcheck(test=("CMD", "a"))
    assert not Healthcheck(test=("NONE",)).over(image).wanted


def test_a_check_is_a_program_or_a_line_for_the_shell() -> None:
    shell = ("/bin/sh", "-c")
    line = Healthcheck(test=("CMD-SHELL", "a && b"))
    assert line.command(shell) == ("/bin/sh", "-c", "a && b")
    assert Healthcheck(test=("CMD", "a", "b")).command(shell) == ("a", "b")
