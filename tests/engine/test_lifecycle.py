"""From created to removed: what follows what, and what is refused in which words."""

import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from engine import files
from engine.errors import (
    Conflict,
    EngineError,
    InvalidArgument,
    InvalidState,
    NotFound,
    ProgramNotFound,
)
from engine.runtime import client
from engine.times import NEVER
from tests.engine.boxes import OBEYS, Box, until

pytestmark = pytest.mark.vm


def status(box: Box, name: str) -> str:
    return box.engine.container(name).state.status


def test_a_container_is_created_running_and_exited(box: Box) -> None:
    container = box.create("sleep", "1000")
    new = container.state
    assert (new.status, new.pid, new.started_at, new.finished_at) == (
        *("created", 0),
        *(NEVER, NEVER),
    )
    box.engine.start(container.id)
    runs = box.engine.container(container.id).state
    assert (runs.status, runs.finished_at) == ("running", NEVER)
    assert Path(f"/proc/{runs.pid}/comm").read_text() == "sleep\n"
    assert runs.started_at > container.created
    box.engine.kill(container.id)
    ended = box.engine.container(container.id).state
    assert (ended.status, ended.pid, ended.shim_pid) == ("exited", 0, 0)
    assert ended.finished_at > ended.started_at


def test_starting_what_runs_is_no_error(box: Box) -> None:
    container = box.begin()
    box.engine.start(container.id)
    assert box.engine.container(container.id).state.pid == container.state.pid


def test_starting_from_two_sides_at_once_starts_once(box: Box) -> None:
    container = box.create("sleep", "1000")
    errors: list[Exception] = []

    def start() -> None:
        try:
            box.engine.start(container.id)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert errors == []
    assert status(box, container.id) == "running"


def test_a_start_that_meets_a_shim_about_to_leave_is_answered_by_the_next(
    box: Box,
) -> None:
    container = box.create("true")
    box.engine._house.prepare()
    lock = files.try_lock(container.directory / "alive")
    assert lock is not None
    leaving = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    leaving.bind(str(box.engine._house.place.shim_socket(container.id)))
    leaving.listen()

    def leave() -> None:
        client, _ = leaving.accept()
        os.unlink(leaving.getsockname())
        os.close(lock)
        leaving.close()
        client.close()

    thread = threading.Thread(target=leave)
    thread.start()
    box.engine.start(container.id)
    thread.join()
    assert box.engine.wait(container.id) == 0


def test_what_a_shim_about_to_leave_takes_away_fails_nobodys_start(box: Box) -> None:
    container = box.create("true")
    own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection = client.Connection(own, container.directory)
    theirs.close()  # it has left
    with (
        connection,
        pytest.raises(InvalidState, match="is not running"),  # try the next one
        connection.preparing(),
    ):
        raise FileNotFoundError("network.json")


def test_an_ended_container_can_be_started_again_and_again(box: Box) -> None:
    container = box.create("sh", "-c", "exit 3")
    for _ in range(4):
        box.engine.start(container.id)
        assert box.engine.wait(container.id) == 3


def test_stop_sends_the_stop_signal(box: Box) -> None:
    container = box.begin(*OBEYS)
    box.says(container.id, "ready")
    box.engine.stop(container.id)
    assert box.engine.container(container.id).state.exit_code == 3


def test_the_stop_signal_can_be_another(box: Box) -> None:
    script = "trap 'exit 8' USR1; echo ready; while :; do sleep 0.05; done"
    container = box.begin("sh", "-c", script, stop_signal="SIGUSR1")
    box.says(container.id, "ready")
    box.engine.stop(container.id)
    assert box.engine.wait(container.id) == 8


def test_stop_kills_what_does_not_obey_in_time(box: Box) -> None:
    container = box.begin()
    began = time.monotonic()
    box.engine.stop(container.id, timeout=1)
    assert 0.9 < time.monotonic() - began < 5
    assert box.engine.wait(container.id) == 137


def test_the_grace_time_of_the_container_counts(box: Box) -> None:
    container = box.begin(stop_timeout=0)
    box.engine.stop(container.id)
    assert box.engine.wait(container.id) == 137


def test_a_second_stop_is_no_error(box: Box) -> None:
    container = box.create("true")
    box.engine.stop(container.id)
    box.foreground(container.id)
    box.engine.stop(container.id)
    assert box.engine.container(container.id).state.exit_code == 0


def test_a_paused_container_can_be_stopped(box: Box) -> None:
    container = box.begin()
    box.engine.pause(container.id)
    box.engine.stop(container.id, timeout=0)
    assert box.engine.wait(container.id) == 137


@pytest.mark.parametrize("name", ["USR1", "SIGUSR1", "usr1", "10"])
def test_kill_takes_names_and_numbers(box: Box, name: str) -> None:
    script = "trap 'exit 6' USR1; echo ready; while :; do sleep 0.05; done"
    container = box.begin("sh", "-c", script)
    box.says(container.id, "ready")
    box.engine.kill(container.id, name)
    assert box.engine.wait(container.id) == 6


@pytest.mark.parametrize("name", ["BOGUS", "", "0", "65", "-1", "SIGSIGTERM", "9x"])
def test_a_signal_that_nobody_knows_is_refused(box: Box, name: str) -> None:
    container = box.begin()
    with pytest.raises(InvalidArgument, match=f"Invalid signal: {name}"):
        box.engine.kill(container.id, name)
    assert status(box, container.id) == "running"


def test_killing_what_does_not_run_is_refused(box: Box) -> None:
    container = box.create("true", name="q1")
    words = f"Cannot kill container: q1: Container {container.id} is not running"
    with pytest.raises(InvalidState) as caught:
        box.engine.kill("q1")
    assert caught.value.message == words
    assert caught.value.hint


def test_a_paused_container_can_be_killed(box: Box) -> None:
    container = box.begin()
    box.engine.pause(container.id)
    box.engine.kill(container.id)
    assert box.engine.wait(container.id) == 137


def test_pause_takes_the_cpu_away_and_unpause_gives_it_back(box: Box) -> None:
    script = "i=0; while :; do i=$((i+1)); echo $i > /n; done"
    container = box.begin("sh", "-c", script)
    path = container.directory / "upper" / "n"
    until(path.exists, "the file")
    box.engine.pause(container.id)
    assert status(box, container.id) == "paused"
    before = Path(f"/proc/{container.state.pid}/stat").read_text().split()[13:15]
    time.sleep(0.1)
    assert (
        Path(f"/proc/{container.state.pid}/stat").read_text().split()[13:15] == before
    )
    box.engine.unpause(container.id)
    stat = Path(f"/proc/{container.state.pid}/stat")
    until(lambda: stat.read_text().split()[13:15] != before, "it runs on")


@pytest.mark.parametrize(
    ("act", "before", "words"),
    [
        ("pause", "created", "Container {id} is not running"),
        ("pause", "exited", "Container {id} is not running"),
        ("pause", "paused", "Container {id} is already paused"),
        ("unpause", "created", "Container {id} is not paused"),
        ("unpause", "running", "Container {id} is not paused"),
        ("start", "paused", "cannot start a paused container, try unpause instead"),
    ],
)
def test_what_is_not_possible_now_is_refused_in_dockers_words(
    box: Box, act: str, before: str, words: str
) -> None:
    container = box.create("sh", "-c", "[ -e /last ] && exit; touch /last; sleep 1000")
    if before != "created":
        box.engine.start(container.id)
    if before == "paused":
        box.engine.pause(container.id)
    if before == "exited":
        box.engine.kill(container.id)
    with pytest.raises(InvalidState) as caught:
        getattr(box.engine, act)(container.id)
    assert caught.value.message == words.format(id=container.id)
    assert "Possible now:" in caught.value.hint
    assert status(box, container.id) == before


def test_restart_stops_and_starts(box: Box) -> None:
    container = box.begin(*OBEYS)
    box.says(container.id, "ready")
    box.engine.restart(container.id)
    after = box.engine.container(container.id).state
    assert after.status == "running"
    assert after.pid != container.state.pid
    assert after.started_at > container.state.started_at


def test_restart_starts_what_does_not_run(box: Box) -> None:
    container = box.create("sleep", "1000")
    box.engine.restart(container.id)
    assert status(box, container.id) == "running"


def test_memory_is_lost_at_a_restart_and_files_are_not(box: Box) -> None:
    container = box.begin("sleep", "1000", tmpfs=("/t",))
    box.execute(container.id, "sh", "-c", "touch /t/x /dev/shm/x /kept")
    box.engine.restart(container.id, timeout=0)
    done = box.execute(container.id, "ls", "/t", "/dev/shm", "/kept")
    assert done.out.split() == ["/kept", "/dev/shm:", "/t:"]


def test_wait_is_answered_at_once_when_it_has_ended(box: Box) -> None:
    container = box.create("sh", "-c", "exit 9")
    box.foreground(container.id)
    assert box.engine.wait(container.id) == 9


def test_many_may_wait(box: Box) -> None:
    container = box.begin("sh", "-c", "read x; exit 5", interactive=True)
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda: codes.append(box.engine.wait(container.id)))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    session = box.engine.session(container.id, stdin=True)
    session._connection.tell("close-stdin")
    for thread in threads:
        thread.join(20)
    session.close()
    assert codes == [5] * 5


def test_one_that_was_never_started_is_not_waited_for(box: Box) -> None:
    assert box.engine.wait(box.create("true").id) == 0


def test_wait_sees_the_end_that_a_kill_brings(box: Box) -> None:
    container = box.begin()
    codes: list[int] = []
    waiter = threading.Thread(
        target=lambda: codes.append(box.engine.wait(container.id))
    )
    waiter.start()
    box.engine.kill(container.id)
    waiter.join(20)
    assert codes == [137]


def test_a_running_container_is_not_removed(box: Box) -> None:
    container = box.begin()
    with pytest.raises(Conflict) as caught:
        box.engine.remove(container.id)
    assert caught.value.message == (
        f"You cannot remove a running container {container.id}. Stop the container "
        "before attempting removal or force remove"
    )
    assert status(box, container.id) == "running"


def test_a_paused_container_is_not_removed(box: Box) -> None:
    container = box.begin()
    box.engine.pause(container.id)
    with pytest.raises(Conflict) as caught:
        box.engine.remove(container.id)
    assert caught.value.message == (
        f"You cannot remove a paused container {container.id}. Unpause and then stop "
        "the container before attempting removal or force remove"
    )


@pytest.mark.parametrize("paused", [False, True])
def test_by_force_it_is(box: Box, paused: bool) -> None:
    container = box.begin()
    if paused:
        box.engine.pause(container.id)
    box.engine.remove(container.id, force=True)
    assert not container.directory.exists()
    assert not Path(f"/proc/{container.state.pid}").exists()
    with pytest.raises(NotFound):
        box.engine.container(container.id)


def test_nothing_is_left_of_a_removed_container(box: Box) -> None:
    container = box.begin(name="gone", volumes=("/v",))
    box.engine.remove("gone", force=True, volumes=True)
    assert list((box.engine.root / "containers").iterdir()) == []
    assert list((box.engine.root / "names").iterdir()) == []
    assert box.engine.volumes() == []
    assert container.id not in Path("/proc/self/mountinfo").read_text()
    run = Path("/run/labshell")
    assert [p for p in run.rglob("*") if container.id in p.name] == []


def test_two_may_remove_at_once(box: Box) -> None:
    for _ in range(4):
        container = box.begin()
        errors: list[Exception] = []

        def remove(name: str = container.id, errors: list = errors) -> None:
            try:
                box.engine.remove(name, force=True)
            except (NotFound, Conflict):
                pass
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=remove) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert errors == []
        assert box.engine.containers(all=True) == []


def test_a_container_that_cleans_up_after_itself_is_gone_when_it_ends(
    box: Box,
) -> None:
    container = box.begin("true", auto_remove=True, volumes=("/v",))
    until(lambda: not container.directory.exists(), "it removes itself")
    until(lambda: box.engine.volumes() == [], "its volume too")
    assert box.engine.containers(all=True) == []


def test_a_program_that_ends_at_once_is_not_lost(box: Box) -> None:
    for _ in range(10):
        container = box.create("true")
        box.engine.start(container.id)
        assert box.engine.wait(container.id) == 0
        assert status(box, container.id) == "exited"


def test_a_process_that_is_stopped_can_still_be_killed(box: Box) -> None:
    container = box.begin()
    os.kill(container.state.pid, signal.SIGSTOP)
    box.engine.kill(container.id)
    assert box.engine.wait(container.id) == 137


def test_no_process_is_left_when_process_1_ends(box: Box) -> None:
    container = box.begin(
        "sh", "-c", "sleep 666 & sleep 666 & echo ready; read x", interactive=True
    )
    box.says(container.id, "ready")
    pids = [p.pid for p in box.engine.processes() if p.container == container.name]
    box.engine.kill(container.id)
    until(lambda: not any(Path(f"/proc/{p}").exists() for p in pids), "all gone")


@pytest.mark.parametrize(
    "act",
    [
        "start",
        "stop",
        "kill",
        "pause",
        "unpause",
        "restart",
        "wait",
        "remove",
        "changes",
        "acts",
        "container",
    ],
)
def test_what_is_not_there_is_refused(box: Box, act: str) -> None:
    with pytest.raises(NotFound, match="No such container: nosuch") as caught:
        getattr(box.engine, act)("nosuch")
    assert caught.value.hint


def test_an_error_of_the_start_is_kept_in_the_record(box: Box) -> None:
    container = box.create("nosuch")
    with pytest.raises(EngineError):
        box.engine.start(container.id)
    shown = box.engine.inspect(container.id)["State"]
    assert "nosuch" in shown["Error"]
    assert shown["ExitCode"] == 127


def test_of_two_stops_the_more_impatient_ends_it(box: Box) -> None:
    container = box.begin(
        "sh", "-c", "trap : TERM; echo ready; while :; do sleep 1; done"
    )
    box.says(container.id, "ready")
    patient = threading.Thread(target=box.engine.stop, args=(container.id, 1000))
    patient.start()
    box.engine.stop(container.id, timeout=0)
    patient.join(10)
    assert not patient.is_alive()
    assert box.engine.container(container.id).state.exit_code == 137


def test_a_grace_time_may_be_longer_than_the_kernel_can_sleep(box: Box) -> None:
    container = box.begin(*OBEYS)
    box.says(container.id, "ready")
    box.engine.stop(container.id, timeout=10**400)
    assert box.engine.container(container.id).state.exit_code == 3


def test_what_is_removed_at_its_end_is_removed_when_its_start_fails(box: Box) -> None:
    container = box.create("/nosuch", auto_remove=True)
    with pytest.raises(ProgramNotFound):
        box.engine.start(container.id)
    until(lambda: not container.directory.exists(), "its end")


def test_a_signal_has_a_number_or_a_name(box: Box) -> None:
    for name in ("²", "65", "9" * 400, "SIGRTMIN+31", "SIGRTMIN+²", "TERM\n"):
        with pytest.raises(InvalidArgument, match="Invalid signal: "):
            box.engine.kill(box.begin().id, name)
