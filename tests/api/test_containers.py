"""Containers over HTTP: what is created, listed, inspected, changed and removed."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from engine.engine import Engine
from tests.api.serving import Client, Reply

pytestmark = pytest.mark.require("root", "overlay")

LASTS = {"Cmd": ["sleep", "600"], "HostConfig": {"NetworkMode": "none"}}


def create(labd: Client, name: str = "", **asked: Any) -> str:
    """The ID of a new container of busybox."""
    query = urlencode({"name": name} if name else {})
    data = {"Image": "busybox", **asked}
    reply = labd.post(f"/containers/create?{query}", data)
    assert reply.status == 201, reply.body
    assert reply.json["Warnings"] == []
    return str(reply.json["Id"])


def begin(labd: Client, name: str = "", **asked: Any) -> str:
    """The ID of a new container that runs."""
    identity = create(labd, name, **{**LASTS, **asked})
    assert labd.post(f"/containers/{identity}/start").status == 204
    return identity


def listed(labd: Client, **query: Any) -> list[dict[str, Any]]:
    if "filters" in query:
        query["filters"] = json.dumps(query["filters"])
    reply = labd.get(f"/containers/json?{urlencode(query)}")
    assert reply.status == 200, reply.body
    return list(reply.json)


def delete(labd: Client, path: str) -> Reply:
    return labd.ask("DELETE", path)


def test_a_container_is_what_was_asked(labd: Client, busybox: str) -> None:
    identity = create(
        labd,
        "box",
        Cmd=["echo", "a b"],
        Labels={"team": "x"},
        Healthcheck={"Test": ["CMD", "true"], "Interval": 10**9},
        HostConfig={"Memory": 64 << 20, "Binds": ["data:/d:ro"]},
    )
    found = labd.get("/containers/box/json").json
    assert (found["Id"], found["Name"]) == (identity, "/box")
    assert found["Config"]["Cmd"] == ["echo", "a b"]
    assert found["Config"]["Labels"] == {"team": "x"}
    assert found["Config"]["Healthcheck"]["Test"] == ["CMD", "true"]
    assert found["HostConfig"]["Memory"] == 64 << 20
    assert found["HostConfig"]["Binds"] == ["data:/d:ro"]
    assert found["State"]["Status"] == "created"
    assert "SizeRw" not in found
    assert labd.get("/containers/box/json?size=1").json["SizeRw"] == 0


def test_a_name_alone_takes_a_variable_away(labd: Client, busybox: str) -> None:
    asked = {"Cmd": ["/bin/env"], "Tty": True, "Env": ["PATH", "A=1", "NOSUCH"]}
    begin(labd, "box", **asked)
    labd.post("/containers/box/wait")
    told = labd.get("/containers/box/logs?stdout=1").body.decode().split()
    assert "A=1" in told
    assert [one for one in told if one.startswith(("PATH", "NOSUCH"))] == []
    assert labd.get("/containers/box/json").json["Config"]["Env"] == asked["Env"]
    for entry in ("", "=x"):
        refused = labd.post("/containers/create", {"Image": "busybox", "Env": [entry]})
        assert refused.status == 400
        assert refused.message == f"invalid environment variable: {entry}"


def test_no_entrypoint_leaves_the_images_command_but_an_empty_one_does_not(
    labd: Client, busybox: str
) -> None:
    create(labd, "box", Entrypoint=[])
    found = labd.get("/containers/box/json").json
    assert (found["Path"], found["Args"]) == ("sh", [])
    refused = labd.post("/containers/create", {"Image": "busybox", "Entrypoint": [""]})
    assert (refused.status, refused.message) == (400, "No command specified")


@pytest.mark.parametrize(
    ("asked", "shown", "path"),
    [(None, ["echo"], "echo"), ([], [], "true"), ([""], None, "true")],
    ids=str,
)
def test_no_entrypoint_is_shown_as_it_was_said(
    labd: Client, busybox: str, asked: list[str], shown: list[str], path: str
) -> None:
    create(labd, "box", Entrypoint=["echo"])
    labd.post("/commit?container=box&repo=with-entrypoint", {})
    create(labd, "other", Image="with-entrypoint", Entrypoint=asked, Cmd=["true"])
    found = labd.get("/containers/other/json").json
    assert (found["Config"]["Entrypoint"], found["Path"]) == (shown, path)


def test_an_image_that_is_not_here_is_for_the_client_to_fetch(labd: Client) -> None:
    reply = labd.post("/containers/create", {"Image": "nosuch"})
    assert (reply.status, reply.message) == (404, "No such image: nosuch:latest")


def test_an_image_for_another_platform_is_not_the_one(
    labd: Client, busybox: str
) -> None:
    reply = labd.post("/containers/create?platform=linux/vax", {"Image": busybox})
    assert reply.status == 404
    assert "does not match the specified platform: wanted linux/vax" in reply.message
    reply = labd.post("/containers/create?platform=linux", {"Image": busybox})
    assert reply.status == 201


def test_a_name_is_given_once(labd: Client, busybox: str) -> None:
    identity = create(labd, "box")
    reply = labd.post("/containers/create?name=box", {"Image": busybox})
    assert reply.status == 409
    assert reply.message.startswith(
        f'Conflict. The container name "/box" is already in use by container '
        f'"{identity}"'
    )
    reply = labd.post("/containers/create?name=a%20b", {"Image": busybox})
    assert reply.status == 400
    assert reply.message.startswith("Invalid container name (a b)")


def test_a_list_shows_what_runs_or_all(labd: Client, busybox: str) -> None:
    old = create(labd, "old")
    new = begin(labd, "new", Labels={"a": "b"})
    assert [one["Id"] for one in listed(labd)] == [new]
    assert [one["Id"] for one in listed(labd, all=1)] == [new, old]
    assert [one["Id"] for one in listed(labd, limit=1)] == [new]
    assert [one["Id"] for one in listed(labd, filters={"status": ["created"]})] == [old]
    by_label = {"label": {"a=b": True}}
    assert [one["Id"] for one in listed(labd, all=1, filters=by_label)] == [new]
    reply = labd.get('/containers/json?filters={"foo":["x"]}')
    assert (reply.status, reply.message) == (400, "Invalid filter 'foo'")


def test_an_entry_of_a_list_says_what_ps_shows(labd: Client, busybox: str) -> None:
    begin(
        labd, "box", Cmd=["sh", "-c", "sleep 600", "a b"], ExposedPorts={"80/tcp": {}}
    )
    (entry,) = listed(labd, size=1)
    assert entry["Names"] == ["/box"]
    assert entry["Image"] == "busybox"
    assert entry["Command"] == "sh -c 'sleep 600' 'a b'"
    assert isinstance(entry["Created"], int)
    assert entry["Ports"] == [{"PrivatePort": 80, "Type": "tcp"}]
    assert (entry["State"], entry["Status"][:3]) == ("running", "Up ")
    assert entry["HostConfig"] == {"NetworkMode": "none"}
    assert set(entry["NetworkSettings"]["Networks"]) == {"none"}
    assert entry["SizeRw"] == 0 < entry["SizeRootFs"]


def test_what_runs_is_removed_by_force(labd: Client, busybox: str) -> None:
    identity = begin(labd, "box")
    reply = delete(labd, "/containers/box")
    assert reply.status == 409
    assert reply.message.startswith(
        f"You cannot remove a running container {identity}. Stop the container before"
    )
    assert delete(labd, "/containers/box?force=1").status == 204
    reply = delete(labd, "/containers/box?force=1")
    assert (reply.status, reply.message) == (404, "No such container: box")


def test_a_container_takes_its_nameless_volumes_along(
    labd: Client, engine: Engine, busybox: str
) -> None:
    create(labd, "box", Volumes={"/cache": {}})
    (mount,) = labd.get("/containers/box/json").json["Mounts"]
    assert (mount["Type"], mount["Destination"]) == ("volume", "/cache")
    assert [volume.name for volume in engine.volumes()] == [mount["Name"]]
    assert delete(labd, "/containers/box?v=1").status == 204
    assert engine.volumes() == []


def test_prune_removes_what_does_not_run(labd: Client, busybox: str) -> None:
    kept = begin(labd)
    first, second = create(labd, Labels={"a": "b"}), create(labd)
    query = urlencode({"filters": json.dumps({"label": ["a=b"]})})
    reply = labd.post(f"/containers/prune?{query}")
    assert reply.json == {"ContainersDeleted": [first], "SpaceReclaimed": 0}
    assert labd.post("/containers/prune").json["ContainersDeleted"] == [second]
    assert [one["Id"] for one in listed(labd, all=1)] == [kept]
    query = urlencode({"filters": json.dumps({"until": ["yesterday"]})})
    assert labd.post(f"/containers/prune?{query}").status == 400


def test_limits_change_while_it_runs(labd: Client, busybox: str) -> None:
    begin(labd, "box")
    limits = {"Memory": 64 << 20, "MemorySwap": -1, "PidsLimit": 50}
    assert labd.post("/containers/box/update", limits).json == {"Warnings": []}
    host = labd.get("/containers/box/json").json["HostConfig"]
    assert (host["Memory"], host["PidsLimit"]) == (64 << 20, 50)
    reply = labd.post("/containers/box/update", {"Memory": 1024})
    assert reply.status == 400
    assert "Minimum memory limit allowed is 6MB" in reply.message


def test_top_lists_the_processes(labd: Client, busybox: str) -> None:
    begin(labd, "box")
    table = labd.get("/containers/box/top").json
    assert table["Titles"][0] == "UID"
    assert table["Processes"][0][-1] == "sleep 600"
    chosen = labd.get("/containers/box/top?ps_args=-o+pid,comm").json
    assert chosen["Titles"] == ["PID", "COMMAND"]
    create(labd, "idle")
    assert labd.get("/containers/idle/top").status == 409
