"""The life of a container over HTTP: what is answered to whom, in Docker's words."""

import time

import pytest

from engine.engine import Engine
from tests.api.serving import Client
from tests.api.test_containers import begin, create

pytestmark = pytest.mark.require("root", "overlay")


def test_what_is_so_already_is_no_error(labd: Client, busybox: str) -> None:
    create(labd, "box", Cmd=["sleep", "600"], HostConfig={"NetworkMode": "none"})
    assert labd.post("/containers/box/stop").status == 304
    assert labd.post("/containers/box/start").status == 204
    assert labd.post("/containers/box/start").status == 304
    assert labd.post("/containers/box/stop?t=0").status == 204
    assert labd.post("/containers/box/stop?t=0").status == 304


def test_a_program_that_is_not_there_cannot_be_started(
    labd: Client, busybox: str
) -> None:
    create(labd, "box", Cmd=["nosuch"], HostConfig={"NetworkMode": "none"})
    reply = labd.post("/containers/box/start")
    assert reply.status == 400
    assert "executable file not found in $PATH" in reply.message
    assert labd.get("/containers/box/json").json["State"]["ExitCode"] == 127


def test_who_does_not_run_is_neither_killed_nor_paused(
    labd: Client, busybox: str
) -> None:
    identity = create(labd, "box")
    reply = labd.post("/containers/box/kill")
    words = f"Cannot kill container: box: Container {identity} is not running"
    assert (reply.status, reply.message) == (409, words)
    reply = labd.post("/containers/box/pause")
    assert (reply.status, "is not running" in reply.message) == (409, True)


def test_a_pause_is_not_doubled(labd: Client, busybox: str) -> None:
    identity = begin(labd, "box")
    assert labd.post("/containers/box/pause").status == 204
    reply = labd.post("/containers/box/pause")
    words = f"Container {identity} is already paused"
    assert (reply.status, reply.message) == (409, words)
    reply = labd.post("/containers/box/start")
    words = "cannot start a paused container, try unpause instead"
    assert (reply.status, reply.message) == (409, words)
    assert labd.post("/containers/box/unpause").status == 204
    reply = labd.post("/containers/box/unpause")
    words = f"Container {identity} is not paused"
    assert (reply.status, reply.message) == (500, words)  # as Docker has it


def test_a_signal_has_a_name(labd: Client, busybox: str) -> None:
    begin(labd, "box")
    reply = labd.post("/containers/box/kill?signal=BOGUS")
    assert (reply.status, reply.message) == (400, "Invalid signal: BOGUS")
    assert labd.post("/containers/box/kill?signal=9").status == 204


def test_a_new_name_is_another_one_and_free(labd: Client, busybox: str) -> None:
    create(labd, "box")
    create(labd, "other")
    for name, status in (("", 400), ("a%20b", 400), ("box", 400), ("other", 409)):
        assert labd.post(f"/containers/box/rename?name={name}").status == status
    assert labd.post("/containers/box/rename?name=new").status == 204
    assert labd.get("/containers/new/json").json["Name"] == "/new"


def test_a_container_that_removes_itself_is_gone_when_it_has_ended(
    labd: Client, engine: Engine, busybox: str
) -> None:
    host = {"NetworkMode": "none", "AutoRemove": True}
    identity = begin(labd, "box", Volumes={"/cache": {}}, HostConfig=host)
    wanted = {"container": [identity], "event": ["destroy"]}
    begun = time.time()
    assert labd.post("/containers/box/kill").status == 204
    assert next(engine.events(since=begun, filters=wanted)).id == identity
    assert labd.get(f"/containers/{identity}/json").status == 404
    assert engine.volumes() == []
