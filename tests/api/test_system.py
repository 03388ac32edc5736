"""The server about itself, and about what it cannot do."""

import pytest

from engine import VERSION
from engine.engine import Engine
from tests.api.serving import Client

pytestmark = pytest.mark.require("root", "overlay")


def test_a_version_has_the_engine_among_its_components(labd: Client) -> None:
    found = labd.get("/version").json
    assert (found["ApiVersion"], found["MinAPIVersion"]) == ("1.41", "1.24")
    assert found["Platform"] == {"Name": "labshell"}
    (engine,) = found["Components"]
    assert (engine["Name"], engine["Version"]) == ("Engine", VERSION)
    assert engine["Details"]["ApiVersion"] == "1.41"
    assert all(isinstance(value, str) for value in engine["Details"].values())


def test_info_counts_containers_by_state(
    labd: Client, engine: Engine, busybox: str
) -> None:
    host = {"NetworkMode": "none"}
    for name in ("one", "two"):
        data = {"Image": busybox, "Cmd": ["sleep", "600"], "HostConfig": host}
        labd.post(f"/containers/create?name={name}", data)
    labd.post("/containers/one/start")
    found = labd.get("/info").json
    assert (found["Containers"], found["ContainersRunning"]) == (2, 1)
    assert (found["ContainersPaused"], found["ContainersStopped"]) == (0, 1)
    assert found["Images"] == 1
    assert found["DockerRootDir"] == str(engine.root)
    assert found["CgroupVersion"] == str(engine.arrangement().version)
    assert found["MemoryLimit"] and found["PidsLimit"] and found["CpuCfsQuota"]
    assert found["Swarm"]["LocalNodeState"] == "inactive"
    assert found["ID"] == labd.get("/info").json["ID"]


@pytest.mark.require("runc")
def test_another_runtime_makes_the_container_that_asks_for_it(
    labd: Client, busybox: str
) -> None:
    found = labd.get("/info").json
    assert found["DefaultRuntime"] == "labshell"
    assert found["Runtimes"]["runc"] == {"path": "runc"}
    host = {"NetworkMode": "none", "Runtime": "runc"}
    data = {"Image": busybox, "Cmd": ["sh", "-c", "exit 4"], "HostConfig": host}
    labd.post("/containers/create?name=box", data)
    labd.post("/containers/box/start")
    assert labd.post("/containers/box/wait").json["StatusCode"] == 4
    assert labd.get("/containers/box/json").json["HostConfig"]["Runtime"] == "runc"


def test_an_unknown_runtime_is_refused(labd: Client, busybox: str) -> None:
    data = {"Image": busybox, "HostConfig": {"Runtime": "nosuch"}}
    answer = labd.post("/containers/create", data)
    assert answer.status == 400
    assert answer.json["message"] == "unknown or invalid runtime name: nosuch"


def test_disk_usage_counts_each_kind(labd: Client, busybox: str) -> None:
    host = {"NetworkMode": "none"}
    data = {"Image": busybox, "HostConfig": host}
    labd.post("/containers/create?name=box", data)
    found = labd.get("/system/df").json
    (image,), (container,) = found["Images"], found["Containers"]
    assert found["LayersSize"] == image["Size"]
    assert (image["Containers"], image["SharedSize"]) == (1, 0)
    assert (container["Names"], container["SizeRw"]) == (["/box"], 0)
    assert (found["BuildCache"], found["Volumes"]) == ([], [])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/swarm", 503),
        ("POST", "/swarm/init", 501),
        ("GET", "/nodes", 503),
        ("GET", "/services/x", 503),
        ("POST", "/secrets/create", 503),
        ("GET", "/configs", 503),
        ("GET", "/tasks", 503),
        ("GET", "/plugins/x/json", 404),
        ("POST", "/plugins/pull", 501),
        ("POST", "/session", 501),
        ("POST", "/grpc", 501),
        ("GET", "/containers/x/checkpoints", 501),
        ("POST", "/containers/x/checkpoints", 501),
    ],
)
def test_what_is_not_here_is_said_clearly(
    labd: Client, method: str, path: str, status: int
) -> None:
    reply = labd.ask(method, path)
    assert (reply.status, bool(reply.message)) == (status, True)


def test_there_are_no_plugins(labd: Client) -> None:
    assert labd.get("/plugins").json == []
