"""Restart policies: what is asked for, when another attempt is wanted, and how soon."""

import pytest

from engine.errors import InvalidArgument
from engine.runtime import restart
from engine.runtime.restart import RestartPolicy


@pytest.mark.parametrize(
    ("text", "name", "maximum"),
    [
        ("no", "no", 0),
        ("always", "always", 0),
        ("unless-stopped", "unless-stopped", 0),
        ("on-failure", "on-failure", 0),
        ("on-failure:3", "on-failure", 3),
    ],
)
def test_a_policy_is_read_and_written_as_typed(
    text: str, name: str, maximum: int
) -> None:
    policy = RestartPolicy.parse(text)
    assert (policy.name, policy.maximum, str(policy)) == (name, maximum, text)
    assert RestartPolicy.from_json(policy.to_json()) == policy


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("foo", "invalid restart policy 'foo'"),
        ("", "invalid restart policy ''"),
        ("on-failure:-1", "maximum retry count cannot be negative"),
        ("on-failure:x", "maximum retry count must be an integer"),
        (
            "always:3",
            "maximum retry count cannot be used with restart policy 'always'",
        ),
    ],
)
def test_what_is_no_policy_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        RestartPolicy.parse(text)
    assert caught.value.message == why
    assert caught.value.hint


@pytest.mark.parametrize(
    ("policy", "status", "restarts", "wanted"),
    [
        ("no", 1, 0, False),
        ("always", 0, 0, True),
        ("always", 1, 1000, True),
        ("unless-stopped", 0, 5, True),
        ("on-failure", 0, 0, False),
        ("on-failure", 1, 1000, True),
        ("on-failure:2", 1, 1, True),
        ("on-failure:2", 1, 2, False),
        ("on-failure:2", 0, 0, False),
    ],
)
def test_a_policy_decides_by_status_and_attempts(
    policy: str, status: int, restarts: int, wanted: bool
) -> None:
    assert RestartPolicy.parse(policy).wants_another(status, restarts) is wanted


@pytest.mark.parametrize(
    ("policy", "stopped", "wanted"),
    [
        ("no", False, False),
        ("always", False, True),
        ("always", True, True),
        ("unless-stopped", False, True),
        ("unless-stopped", True, False),
        ("on-failure", False, True),
        ("on-failure", True, False),
    ],
)
def test_after_a_reboot_only_always_disregards_that_it_was_stopped(
    policy: str, stopped: bool, wanted: bool
) -> None:
    asked = RestartPolicy.parse(policy)
    assert asked.wants_resuming(status=255, restarts=0, stopped=stopped) is wanted


def test_the_pauses_double_up_to_a_minute() -> None:
    pauses = [0.0]
    for _ in range(12):
        pauses.append(restart.pause_after(pauses[-1], ran=0.0))
    assert pauses[1:7] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2])
    assert pauses[-1] == 60.0


def test_a_steady_run_begins_anew_with_the_shortest_pause() -> None:
    assert restart.pause_after(30.0, ran=9.9) == 60.0
    assert restart.pause_after(30.0, ran=10.0) == 0.1
