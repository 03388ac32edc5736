"""One more process in a container that runs."""

import contextlib
import os
import signal
from pathlib import Path

import pytest

from engine.engine import ExecOptions
from engine.errors import (
    EngineError,
    InvalidArgument,
    InvalidState,
    NotExecutable,
    NotFound,
)
from tests.engine.boxes import Box, until

pytestmark = pytest.mark.vm


def options(*command: str, **asked: object) -> ExecOptions:
    return ExecOptions(command=command or ("true",), **asked)


def test_the_exit_status_is_the_programs_own(box: Box) -> None:
    container = box.begin()
    assert box.execute(container.id, "sh", "-c", "exit 42").code == 42
    assert box.execute(container.id, "true").code == 0


def test_it_sees_what_the_container_sees(box: Box) -> None:
    container = box.begin("sh", "-c", "echo x > /file; sleep 1000", hostname="inside")
    until(lambda: box.execute(container.id, "ls", "/file").code == 0, "the file")
    assert box.execute(container.id, "hostname").out == "inside\n"
    script = "readlink /proc/1/ns/mnt; readlink /proc/self/ns/mnt"
    lines = box.execute(container.id, "sh", "-c", script).lines
    assert lines[0] == lines[1]


def test_it_is_in_every_namespace_and_group_of_the_container(box: Box) -> None:
    container = box.begin()
    script = "for k in mnt pid uts ipc cgroup net; do readlink /proc/self/ns/$k; done"
    inside = box.execute(container.id, "sh", "-c", script).lines
    pid = container.state.pid
    kinds = ("mnt", "pid", "uts", "ipc", "cgroup", "net")
    assert inside == [os.readlink(f"/proc/{pid}/ns/{kind}") for kind in kinds]
    groups = box.execute(container.id, "cat", "/proc/self/cgroup").out
    assert "/.." not in groups
    assert container.id not in groups


def test_it_is_no_child_of_process_1(box: Box) -> None:
    container = box.begin()
    done = box.execute(container.id, "sh", "-c", "echo $PPID; [ $$ -gt 1 ] && echo ok")
    assert done.lines == ["0", "ok"]


def test_the_container_does_not_end_with_it(box: Box) -> None:
    container = box.begin()
    box.execute(container.id, "sh", "-c", "kill -9 $$")
    assert box.engine.container(container.id).running


def test_it_has_the_containers_environment_user_and_directory(box: Box) -> None:
    container = box.begin(environment=("A=1",), user="33", working_directory="/tmp")
    done = box.execute(container.id, "sh", "-c", "echo $A $HOME; id -u; pwd")
    assert done.lines == ["1 /var/www", "33", "/tmp"]


def test_it_has_its_own_when_they_are_asked_for(box: Box) -> None:
    container = box.begin(environment=("A=1", "B=1"), user="33")
    asked = {"user": "0", "environment": ("A=2",), "working_directory": "/etc"}
    done = box.execute(
        container.id, "sh", "-c", "echo $A $B $HOME; id -u; pwd", **asked
    )
    assert done.lines == ["2 1 /root", "0", "/etc"]


def test_its_user_is_looked_up_in_the_container_as_it_is_now(box: Box) -> None:
    container = box.begin()
    line = "echo new:x:123:456::/n:/bin/sh >> /etc/passwd"
    box.execute(container.id, "sh", "-c", line)
    done = box.execute(container.id, "id", user="new")
    assert "uid=123(new) gid=456" in done.out


def test_input_output_and_errors_are_its_own(box: Box) -> None:
    container = box.begin()
    data = os.urandom(200_000)
    assert box.execute(container.id, "cat", stdin=data).raw == data
    done = box.execute(container.id, "sh", "-c", "echo out; echo err >&2")
    assert (done.out, done.err) == ("out\n", "err\n")
    assert list(box.engine.logs(container.id)) == []


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"command": ("nosuch",)}, "executable file not found"),
        ({"command": ("/nosuch",)}, "no such file"),
        ({"command": ("/etc",)}, "permission denied"),
        ({"working_directory": "/nosuch"}, "/nosuch"),
        ({"user": "nosuch"}, "unable to find user nosuch"),
    ],
)
def test_what_cannot_be_run_is_refused_and_the_container_goes_on(
    box: Box, asked: dict[str, object], message: str
) -> None:
    container = box.begin()
    session = None
    with pytest.raises(EngineError, match=message) as caught:
        session = box.engine.execute(
            container.id, ExecOptions(**{"command": ("true",), **asked})
        )
        session.start()
    assert caught.value.exit_code in (126, 127)
    if session:
        session.close()
    assert box.execute(container.id, "echo", "on").out == "on\n"


def test_nothing_to_run_is_refused(box: Box) -> None:
    container = box.begin()
    with pytest.raises(InvalidArgument):
        box.engine.execute(container.id, ExecOptions(command=()))


def test_a_relative_directory_is_refused(box: Box) -> None:
    container = box.begin()
    with pytest.raises(NotExecutable, match="Cwd must be an absolute path"):
        box.engine.execute(container.id, options(working_directory="tmp"))


def test_a_program_without_a_name_is_not_found(box: Box) -> None:
    container = box.begin()
    with pytest.raises(EngineError, match=r'exec: "": executable file not found'):
        box.execute(container.id, "")


def test_what_runs_is_in_inspect_until_it_ends(box: Box) -> None:
    container = box.begin()

    def ids() -> list[str] | None:
        found: list[str] | None = box.engine.inspect(container.id)["ExecIDs"]
        return found

    assert ids() is None
    detached = options("sleep", "1000", detach=True)
    with contextlib.closing(box.engine.execute(container.id, detached)) as session:
        session.start()
    (identity,) = ids() or []
    assert len(identity) == 64
    box.execute(container.id, "killall", "sleep")
    until(lambda: ids() is None, "its end")


def test_a_container_that_does_not_run_is_refused(box: Box) -> None:
    container = box.create("true")
    with pytest.raises(InvalidState, match=f"Container {container.id} is not running"):
        box.engine.execute(container.id, options())
    box.foreground(container.id)
    with pytest.raises(InvalidState, match="is not running"):
        box.engine.execute(container.id, options())


def test_a_container_that_is_not_there_is_refused(box: Box) -> None:
    with pytest.raises(NotFound, match="No such container: nosuch"):
        box.engine.execute("nosuch", options())


def test_a_paused_container_is_refused(box: Box) -> None:
    container = box.begin(name="frozen")
    box.engine.pause("frozen")
    words = "Container frozen is paused, unpause the container before exec"
    with pytest.raises(InvalidState, match=words):
        box.engine.execute(container.id, options())


def test_it_is_killed_when_process_1_ends(box: Box) -> None:
    container = box.begin()
    session = box.engine.execute(container.id, options("sleep", "1000"))
    session.start()
    box.engine.kill(container.id)
    assert session.wait() == 137
    session.close()


def test_detached_it_lives_on_and_ends_with_the_container(box: Box) -> None:
    container = box.begin()
    session = box.engine.execute(container.id, options("sleep", "777", detach=True))
    session.start()
    session.close()
    found = box.execute(container.id, "ps", "-o", "args").out
    assert "sleep 777" in found
    box.engine.kill(container.id)
    assert box.engine.wait(container.id) == 137


def test_many_at_once_do_not_disturb_each_other(box: Box) -> None:
    container = box.begin()
    sessions = []
    for number in range(12):
        session = box.engine.execute(
            container.id, options("sh", "-c", f"exit {number}")
        )
        session.start()
        sessions.append(session)
    assert [session.wait() for session in sessions] == list(range(12))
    for session in sessions:
        session.close()


def test_the_shim_holds_nothing_of_those_that_have_ended(box: Box) -> None:
    container = box.begin()
    held = Path(f"/proc/{container.state.shim_pid}/fd")
    box.execute(container.id, "true")
    before = len(os.listdir(held))
    for _ in range(5):
        box.execute(container.id, "cat", stdin=b"x")
        with pytest.raises(EngineError):
            box.execute(container.id, "nosuch")
    until(lambda: len(os.listdir(held)) <= before, "the shim lets go")


def test_no_dead_process_is_left_to_the_shim(box: Box) -> None:
    container = box.begin()
    for _ in range(5):
        box.execute(container.id, "sh", "-c", "sleep 0 & true")
    shim = container.state.shim_pid
    path = Path(f"/proc/{shim}/task/{shim}/children")
    until(lambda: len(path.read_text().split()) == 1, "only process 1 is left")


def test_execs_and_the_end_of_the_container_may_come_at_once(box: Box) -> None:
    for _ in range(6):
        container = box.begin("sleep", "0.05")
        sessions = []
        try:
            while True:
                session = box.engine.execute(container.id, options("sleep", "9"))
                sessions.append(session)
                session.start()
        except EngineError:
            pass
        assert box.engine.wait(container.id) == 0
        for session in sessions:
            session.close()
        assert box.engine.notices == []


def test_privileged_gives_the_powers_and_takes_the_filter(box: Box) -> None:
    container = box.begin()
    done = box.execute(
        *(container.id, "grep", "-E", "CapEff|Seccomp:", "/proc/self/status"),
        privileged=True,
    )
    assert int(done.lines[0].split()[1], 16) > 0xA80425FB
    assert done.lines[1].split() == ["Seccomp:", "0"]


def test_a_signal_can_end_it_alone(box: Box) -> None:
    container = box.begin()
    session = box.engine.execute(container.id, options("sleep", "888"))
    session.start()
    pid = next(p.pid for p in box.engine.processes() if p.command == "sleep 888")
    os.kill(pid, signal.SIGTERM)
    assert session.wait() == 143
    session.close()
    assert box.engine.container(container.id).running


def test_what_the_shim_makes_after_it_is_not_born_in_the_container(box: Box) -> None:
    container = box.begin()
    box.execute(container.id, "true")
    namespaces = Path(f"/proc/{container.state.shim_pid}/ns")
    own = (namespaces / "pid").readlink()
    assert (namespaces / "pid_for_children").readlink() == own
    box.engine.restart(container.id)
    assert box.execute(container.id, "echo", "again").out == "again\n"
