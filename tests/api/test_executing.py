"""Exec over HTTP: made, started, resized, and asked how it ended."""

import time
from typing import Any

import pytest

from tests.api.hijacking import Hijacked
from tests.api.serving import Client
from tests.api.test_attaching import joined
from tests.engine.boxes import Box, until

pytestmark = pytest.mark.require("root", "overlay")

ATTACHED = {"AttachStdin": True, "AttachStdout": True, "AttachStderr": True}


@pytest.fixture
def running(box: Box) -> str:
    """The ID of a container that runs."""
    return box.begin().id


def create(labd: Client, name: str, *command: str, **asked: Any) -> str:
    """The ID of an exec that can be started."""
    data = {**ATTACHED, "Cmd": [*command], **asked}
    reply = labd.post(f"/containers/{name}/exec", data)
    assert reply.status == 201, reply.body
    return str(reply.json["Id"])


def begin(labd: Client, identity: str) -> Hijacked:
    return Hijacked(labd, f"/exec/{identity}/start", {"Detach": False, "Tty": False})


def shown(labd: Client, identity: str) -> dict[str, Any]:
    reply = labd.get(f"/exec/{identity}/json")
    assert reply.status == 200, reply.body
    return dict(reply.json)


def test_its_output_and_its_exit_code(labd: Client, running: str) -> None:
    identity = create(labd, running, "sh", "-c", "read l; echo $l; echo e >&2; exit 3")
    assert shown(labd, identity)["Running"] is False
    with begin(labd, identity) as stream:
        assert stream.head.startswith("HTTP/1.1 101 UPGRADED\r\n")
        found = shown(labd, identity)
        assert (found["Running"], found["ExitCode"]) == (True, None)
        assert found["Pid"] > 0
        stream.type(b"hello\n")
        frames = stream.frames()
    assert (joined(frames, 1), joined(frames, 2)) == (b"hello\n", b"e\n")
    found = shown(labd, identity)
    assert (found["Running"], found["ExitCode"]) == (False, 3)
    assert found["ContainerID"] == running
    assert found["ProcessConfig"] == {
        "tty": False,
        "entrypoint": "sh",
        "arguments": ["-c", "read l; echo $l; echo e >&2; exit 3"],
        "privileged": False,
    }


def test_the_events_know_it_by_the_same_id(
    labd: Client, box: Box, running: str
) -> None:
    identity = create(labd, running, "true")
    with begin(labd, identity) as stream:
        stream.rest()
    told = [
        event.action
        for event in box.engine.events(since=0, until=time.time())
        if event.attributes.get("execID") == identity
    ]
    assert told == ["exec_create: true ", "exec_start: true ", "exec_die"]


def test_the_end_of_input_arrives(labd: Client, running: str) -> None:
    with begin(labd, create(labd, running, "cat")) as stream:
        stream.type(b"hello")
        stream.end()
        assert stream.frames() == [(1, b"hello")]


def test_a_detached_one_is_answered_at_once_and_its_end_is_known(
    labd: Client, box: Box, running: str
) -> None:
    identity = create(labd, running, "sh", "-c", "mkfifo /f; read l < /f; exit 6")
    reply = labd.post(f"/exec/{identity}/start", {"Detach": True})
    assert (reply.status, reply.body) == (200, b"")
    assert shown(labd, identity)["Running"] is True
    box.execute(running, "sh", "-c", "until [ -p /f ]; do :; done; echo > /f")
    until(lambda: not shown(labd, identity)["Running"], "its end")
    assert shown(labd, identity)["ExitCode"] == 6


def test_it_outlives_its_client_and_its_end_is_known(
    labd: Client, box: Box, running: str
) -> None:
    script = "mkfifo /f; echo ready; read l < /f; exit 7"
    identity = create(labd, running, "sh", "-c", script)
    with begin(labd, identity) as stream:
        stream.shows(b"ready")
    assert shown(labd, identity)["Running"] is True
    box.execute(running, "sh", "-c", "echo > /f")
    until(lambda: not shown(labd, identity)["Running"], "its end")
    assert shown(labd, identity)["ExitCode"] == 7


def test_it_ends_with_its_container(labd: Client, box: Box, running: str) -> None:
    identity = create(labd, running, "sh", "-c", "echo ready; sleep 1000")
    with begin(labd, identity) as stream:
        stream.shows(b"ready")
        box.engine.kill(running)
        stream.rest()
    assert shown(labd, identity)["ExitCode"] == 137


def test_what_is_not_there_is_told_on_the_stream(labd: Client, running: str) -> None:
    identity = create(labd, running, "nosuch")
    with begin(labd, identity) as stream:
        message = joined(stream.frames(), 1)
    assert message == b'exec: "nosuch": executable file not found in $PATH\r\n'
    found = shown(labd, identity)
    assert (found["Running"], found["ExitCode"]) == (False, 126)


def test_who_it_is_and_where_and_with_what(labd: Client, running: str) -> None:
    asked = {"User": "1000:1001", "WorkingDir": "/tmp", "Env": ["A=b", "HOME"]}
    identity = create(
        labd, running, "sh", "-c", "id -u; id -g; pwd; echo $A$HOME", **asked
    )
    with begin(labd, identity) as stream:
        assert joined(stream.frames(), 1) == b"1000\n1001\n/tmp\nb\n"


def test_a_terminal_is_raw_and_can_be_resized(labd: Client, running: str) -> None:
    identity = create(labd, running, "sh", Tty=True)
    with begin(labd, identity) as stream:
        assert labd.post(f"/exec/{identity}/resize?h=21&w=51").status == 200
        stream.type(b"stty size; exit 8\n")
        stream.shows(b"\n21 51\r\n")
        stream.rest()
    assert shown(labd, identity)["ExitCode"] == 8
    assert labd.post(f"/exec/{identity}/resize?h=21&w=51").status == 404


def test_it_is_started_once(labd: Client, running: str) -> None:
    identity = create(labd, running, "true")
    with begin(labd, identity) as stream:
        stream.rest()
    reply = labd.post(f"/exec/{identity}/start", {})
    assert reply.status == 409


def test_what_cannot_be_is_refused(labd: Client, box: Box, running: str) -> None:
    asked = {"Cmd": ["true"]}
    stopped = box.create("true").id
    assert labd.post(f"/containers/{stopped}/exec", asked).status == 409
    assert labd.post("/containers/nosuch/exec", asked).status == 404
    assert labd.post("/exec/nosuch/start", {}).status == 404
    assert labd.get("/exec/nosuch/json").status == 404
    for wrong in ({}, {"Cmd": []}, {"Cmd": "true"}, {"Cmd": [1]}, {**asked, "Tty": 1}):
        assert labd.post(f"/containers/{running}/exec", wrong).status == 400
    box.engine.pause(running)
    reply = labd.post(f"/containers/{running}/exec", asked)
    assert reply.status == 409
    assert "is paused, unpause the container before exec" in reply.message
