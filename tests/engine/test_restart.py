"""Restart policies, and `restart`: what is run again, how often, and what ends it."""

import itertools
import json
import os
import resource
import signal
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest

from engine.engine import Container, RestartPolicy
from engine.errors import InvalidArgument, InvalidState
from engine.runtime.wanted import WantedRecord
from tests.engine.boxes import OBEYS, Box, until

pytestmark = pytest.mark.vm

ALWAYS = RestartPolicy(name="always")
UNLESS_STOPPED = RestartPolicy(name="unless-stopped")
FAILS = ("sh", "-c", "echo started; exit 7")


def now(box: Box, container: Container) -> Container:
    return box.engine.container(container.id)


def reach(box: Box, container: Container, status: str) -> Container:
    """Wait until a container is in a state."""
    until(lambda: now(box, container).state.status == status, status)
    return now(box, container)


def restarted(box: Box, container: Container, times: int) -> Container:
    """Wait until it has been run again so many times, and runs."""

    def there() -> bool:
        state = now(box, container).state
        return state.restarts >= times and state.status == "running"

    until(there, f"{times} restarts")
    return now(box, container)


def events(box: Box, container: Container) -> list[dict[str, str]]:
    """What was told of a container, oldest first: the action and its attributes."""
    lines = (box.engine.root / "events.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return [
        {"action": event["Action"], **event["Actor"]["Attributes"]}
        for event in found
        if event["Actor"]["ID"] == container.id
    ]


def actions(box: Box, container: Container) -> list[str]:
    return [event["action"] for event in events(box, container)]


def starts(box: Box, container: Container) -> list[float]:
    """When each run began, in seconds."""
    log = (container.directory / "log.jsonl").read_text().splitlines()
    times = [json.loads(line)["time"][:26] for line in log]
    return [datetime.fromisoformat(moment).timestamp() for moment in times]


def gaps(times: Iterable[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(times)]


def test_on_failure_tries_as_often_as_was_said_and_then_rests(box: Box) -> None:
    policy = RestartPolicy.parse("on-failure:2")
    container = box.begin(*FAILS, restart=policy)
    state = reach(box, container, "exited").state
    assert (state.restarts, state.exit_code) == (2, 7)
    assert len(starts(box, container)) == 3


def test_on_failure_leaves_a_program_alone_that_did_not_fail(box: Box) -> None:
    container = box.begin("true", restart=RestartPolicy.parse("on-failure"))
    assert reach(box, container, "exited").state.restarts == 0


def test_the_pauses_between_the_attempts_double(box: Box) -> None:
    container = box.begin(*FAILS, restart=ALWAYS)
    until(lambda: len(starts(box, container)) >= 4, "four starts")
    pauses = gaps(starts(box, container)[:4])
    for pause, least in zip(pauses, (0.1, 0.2, 0.4), strict=True):
        assert pause >= least


def test_between_two_attempts_it_is_restarting(box: Box) -> None:
    container = box.begin(*FAILS, restart=ALWAYS)
    state = reach(box, container, "restarting").state
    assert (state.pid, state.exit_code) == (0, 7)
    with pytest.raises(InvalidState, match="is restarting, wait until"):
        box.engine.pause(container.id)
    with pytest.raises(InvalidState, match="is restarting, wait until"):
        box.execute(container.id, "true")


def test_always_runs_again_what_ended_well(box: Box) -> None:
    container = box.begin("sh", "-c", "sleep 0.05", restart=ALWAYS)
    assert restarted(box, container, 2).state.exit_code == 0


def test_every_attempt_has_the_same_files_and_a_new_process(box: Box) -> None:
    container = box.begin("sh", "-c", "echo x >> /f; wc -l < /f", restart=ALWAYS)
    log = container.directory / "log.jsonl"
    until(lambda: '"3\\n"' in log.read_text(), "a third line in the file")


@pytest.mark.parametrize("policy", [ALWAYS, UNLESS_STOPPED])
def test_a_stop_ends_the_attempts(box: Box, policy: RestartPolicy) -> None:
    container = box.begin(*OBEYS, restart=policy)
    box.says(container.id, "ready")
    box.engine.stop(container.id)
    state = now(box, container).state
    assert (state.status, state.exit_code, state.restarts) == ("exited", 3, 0)


def test_a_stop_between_two_attempts_is_prompt_and_keeps_the_count(box: Box) -> None:
    container = box.begin(*FAILS, restart=ALWAYS)
    until(lambda: now(box, container).state.restarts >= 3, "three restarts")
    counted = reach(box, container, "restarting").state.restarts
    began = time.monotonic()
    box.engine.stop(container.id)
    assert time.monotonic() - began < 5
    state = now(box, container).state
    assert (state.status, state.exit_code) == ("exited", 7)
    assert state.restarts >= counted


def test_a_kill_by_the_user_ends_the_attempts(box: Box) -> None:
    container = box.begin(restart=ALWAYS)
    box.engine.kill(container.id)
    assert now(box, container).state.status == "exited"


def test_a_kill_from_outside_does_not(box: Box) -> None:
    container = box.begin(restart=ALWAYS)
    os.kill(container.state.pid, signal.SIGKILL)
    again = restarted(box, container, 1)
    assert again.state.pid != container.state.pid


def test_a_harmless_signal_ends_nothing(box: Box) -> None:
    container = box.begin(restart=ALWAYS)
    box.engine.kill(container.id, "WINCH")
    os.kill(container.state.pid, signal.SIGKILL)
    assert restarted(box, container, 1).state.restarts == 1


def test_a_start_by_the_user_counts_from_nought_again(box: Box) -> None:
    container = box.begin(*FAILS, restart=RestartPolicy.parse("on-failure:1"))
    assert reach(box, container, "exited").state.restarts == 1
    box.engine.start(container.id)
    until(lambda: len(starts(box, container)) == 4, "two more attempts")
    assert reach(box, container, "exited").state.restarts == 1


def test_what_cannot_be_removed_between_attempts_is_said(box: Box) -> None:
    container = box.begin(*FAILS, restart=ALWAYS)
    reach(box, container, "restarting")
    with pytest.raises(Exception, match="You cannot remove a restarting container"):
        box.engine.remove(container.id)
    box.engine.remove(container.id, force=True)
    assert not container.directory.exists()


def test_whoever_waits_hears_of_the_next_end(box: Box) -> None:
    container = box.begin(*FAILS, restart=ALWAYS)
    assert box.engine.wait(container.id) == 7


def test_a_policy_may_change_while_it_runs(box: Box) -> None:
    container = box.begin(restart=ALWAYS)

    def relax(one: Container) -> Container:
        options = one.options._replace(restart=RestartPolicy(name="no"))
        return one._replace(options=options)

    box.engine._house.records.change(container, relax)
    os.kill(container.state.pid, signal.SIGKILL)
    assert reach(box, container, "exited").state.restarts == 0


def test_a_policy_is_known_though_no_more_files_can_be_opened(box: Box) -> None:
    container = box.create("true", restart=RestartPolicy(name="always"))
    wanted = WantedRecord(container.directory)
    assert wanted.policy().name == "always"
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        assert wanted.policy().name == "always"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_remove_at_its_end_and_run_it_again_make_no_sense_together(box: Box) -> None:
    with pytest.raises(InvalidArgument, match="Conflicting options"):
        box.create("true", restart=ALWAYS, auto_remove=True)


def test_its_events_tell_every_end_and_every_start(box: Box) -> None:
    container = box.begin(*FAILS, restart=RestartPolicy.parse("on-failure:1"))
    until(lambda: actions(box, container).count("die") == 2, "two ends")
    told = [one for one in actions(box, container) if one in ("start", "die")]
    assert told == ["start", "die", "start", "die"]
    assert events(box, container)[-1]["exitCode"] == "7"


# restart


def test_a_restart_is_a_stop_and_a_start(box: Box) -> None:
    container = box.begin(*OBEYS)
    box.says(container.id, "ready")
    box.engine.restart(container.id)
    again = now(box, container)
    assert again.state.status == "running"
    assert again.state.pid != container.state.pid
    told = [one for one in actions(box, container) if one not in ("create", "attach")]
    assert told == ["start", "kill", "die", "stop", "start", "restart"]


def test_a_restart_of_what_has_ended_starts_it(box: Box) -> None:
    container = box.begin("true")
    reach(box, container, "exited")
    box.engine.restart(container.id)
    until(lambda: len([a for a in actions(box, container) if a == "start"]) == 2, "it")


def test_a_restart_does_not_remove_what_is_removed_at_its_end(box: Box) -> None:
    container = box.begin(*OBEYS, auto_remove=True)
    box.says(container.id, "ready")
    box.engine.restart(container.id)
    assert now(box, container).state.status == "running"


def test_a_restart_kills_what_does_not_obey(box: Box) -> None:
    container = box.begin()
    box.engine.restart(container.id, timeout=0)
    kills = [e["signal"] for e in events(box, container) if e["action"] == "kill"]
    assert kills == ["15", "9"]
    assert now(box, container).state.status == "running"


def test_a_restart_of_a_program_that_has_gone_says_so(box: Box) -> None:
    container = box.begin("sh", "-c", "rm /bin/sh; exec sleep 100")
    until(lambda: not (container.directory / "rootfs/bin/sh").exists(), "its removal")
    with pytest.raises(Exception, match="sh"):
        box.engine.restart(container.id, timeout=0)
    assert now(box, container).state.status == "exited"


# resume


def crash(container: Container) -> None:
    """As if the power had failed: the shim goes, and with it the record is wrong."""
    os.kill(container.state.shim_pid, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{container.state.shim_pid}").exists(), "its end")


def test_after_a_crash_resume_starts_what_its_policy_wants(box: Box) -> None:
    wanted, unwanted = box.begin(restart=ALWAYS), box.begin()
    crash(wanted)
    crash(unwanted)
    assert [one.id for one in box.engine.resume()] == [wanted.id]
    assert now(box, wanted).state.status == "running"
    assert now(box, unwanted).state.status == "exited"


def test_resume_leaves_alone_what_was_stopped_unless_it_is_always(box: Box) -> None:
    always, unless = box.begin(restart=ALWAYS), box.begin(restart=UNLESS_STOPPED)
    for container in (always, unless):
        box.engine.stop(container.id, timeout=0)
    assert [one.id for one in box.engine.resume()] == [always.id]


def test_resume_starts_nothing_that_was_never_started(box: Box) -> None:
    container = box.create("sleep", "100", restart=ALWAYS)
    assert box.engine.resume() == []
    assert now(box, container).state.status == "created"


def test_a_policy_holds_again_after_a_restart(box: Box) -> None:
    container = box.begin(*OBEYS, restart=ALWAYS)
    box.says(container.id, "ready")
    box.engine.restart(container.id)
    os.kill(now(box, container).state.pid, signal.SIGKILL)
    assert restarted(box, container, 1).state.status == "running"
