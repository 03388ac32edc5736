"""The table of states: every arrow, and every refusal, without any container."""

import itertools

import pytest

from engine.errors import InvalidState
from engine.runtime import state
from engine.runtime.state import State

STATES = state.STATUSES
EVENTS = ("start", "pause", "unpause", "exit", "fail", "retry", "remove", "jam")


@pytest.mark.parametrize(
    ("before", "event", "after"),
    [
        ("created", "start", "running"),
        ("running", "pause", "paused"),
        ("paused", "unpause", "running"),
        ("running", "exit", "exited"),
        ("paused", "exit", "exited"),
        ("exited", "start", "running"),
        ("running", "fail", "restarting"),
        ("paused", "fail", "restarting"),
        ("restarting", "retry", "running"),
        ("restarting", "exit", "exited"),
        ("created", "remove", "removing"),
        ("exited", "remove", "removing"),
        ("dead", "remove", "removing"),
        ("removing", "remove", "removing"),
        ("removing", "jam", "dead"),
    ],
)
def test_an_event_leads_to_the_next_state(before: str, event: str, after: str) -> None:
    assert State(status=before).after(event, "id").status == after


def test_the_table_holds_nothing_else() -> None:
    assert len(state.TRANSITIONS) == 15


@pytest.mark.parametrize(
    ("before", "event"),
    [
        pair
        for pair in itertools.product(STATES, EVENTS)
        if pair not in state.TRANSITIONS
    ],
)
def test_every_other_event_is_refused_and_what_is_possible_is_said(
    before: str, event: str
) -> None:
    with pytest.raises(InvalidState) as caught:
        State(status=before).after(event, "abc")
    assert caught.value.message
    assert caught.value.hint == (
        f"It is {before}. Possible now: {state.allowed(before)}."
    )


@pytest.mark.parametrize(
    ("status", "possible"),
    [
        ("created", "`lab start`, `lab rm`"),
        ("running", "`lab pause`, `lab stop`, `lab kill`"),
        ("paused", "`lab unpause`, `lab stop`, `lab kill`"),
        ("exited", "`lab start`, `lab rm`"),
        ("restarting", "`lab stop`, `lab kill`"),
        ("dead", "`lab rm`"),
    ],
)
def test_what_may_come_next_is_named(status: str, possible: str) -> None:
    assert state.allowed(status) == possible


def test_an_event_may_change_more_than_the_status() -> None:
    after = State().after("start", "id", pid=7, started_at="now")
    assert (after.status, after.pid, after.started_at) == ("running", 7, "now")


def test_a_new_state_has_never_started_nor_ended() -> None:
    assert State().started_at == State().finished_at == "0001-01-01T00:00:00Z"


def test_a_state_is_read_as_it_was_written() -> None:
    written = State(status="exited", exit_code=137, oom_killed=True, error="x")
    assert State.from_json(written.to_json()) == written


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        7,
        "text",
        {"status": "flying"},
        {"status": 7},
        {"pid": "1"},
        {"exit_code": None},
        {"oom_killed": 1},
        {"unknown": 1},
        {"restarts": "1"},
        {"health": {"answers": [{"odd": 1}]}},
    ],
)
def test_what_is_no_state_is_refused(data: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        State.from_json(data)  # type: ignore[arg-type]  # that is the point
