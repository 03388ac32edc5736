"""Volumes and networks over HTTP."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.api.serving import Client

pytestmark = pytest.mark.require("root", "overlay")


def filtered(path: str, wanted: object) -> str:
    return f"{path}?filters={quote(json.dumps(wanted))}"


def container(labd: Client, name: str, **host: Any) -> str:
    data = {"Image": "busybox", "Cmd": ["sleep", "600"], "HostConfig": host}
    reply = labd.post(f"/containers/create?name={name}", data)
    assert reply.status == 201, reply.body
    return str(reply.json["Id"])


def test_a_volume_is_made_listed_and_removed(labd: Client) -> None:
    asked = {"Name": "data", "Labels": {"a": "b"}, "Driver": "local"}
    made = labd.post("/volumes/create", asked)
    assert made.status == 201
    assert made.json["Labels"] == {"a": "b"}
    assert labd.post("/volumes/create", asked).json == made.json
    assert labd.get("/volumes/data").json == made.json
    nameless = labd.post("/volumes/create", {}).json["Name"]
    assert len(nameless) == 64
    for wanted in ({"name": ["^dat"]}, {"label": {"a=b": True}}):
        found = labd.get(filtered("/volumes", wanted)).json
        assert [one["Name"] for one in found["Volumes"]] == ["data"]
    assert labd.delete("/volumes/data").status == 204
    assert labd.delete("/volumes/data").status == 404
    assert labd.delete("/volumes/data?force=1").status == 204


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"Name": "../x"}, 400),
        ({"Name": "x" * 300}, 400),
        ({"Name": "data", "Driver": "nfs"}, 404),
        ({"Name": "data", "DriverOpts": {"foo": "bar"}}, 400),
        ({"Name": 7}, 400),
        ({"Labels": ["a"]}, 400),
    ],
)
def test_a_volume_that_cannot_be_has_a_status(
    labd: Client, asked: object, status: int
) -> None:
    assert labd.post("/volumes/create", asked).status == status
    assert labd.get("/volumes").json["Volumes"] == []


def test_a_volume_in_use_stays(labd: Client, busybox: str) -> None:
    identity = container(labd, "box", NetworkMode="none", Binds=["data:/d"])
    reply = labd.delete("/volumes/data")
    assert reply.status == 409
    assert reply.message == f"remove data: volume is in use - [{identity}]"
    assert labd.post("/volumes/prune").json["VolumesDeleted"] == []
    (volume,) = labd.get("/system/df").json["Volumes"]
    assert volume["UsageData"] == {"Size": 0, "RefCount": 1}


def test_a_prune_of_volumes_takes_what_its_version_takes(labd: Client) -> None:
    for name in ("keep", "data"):
        labd.post("/volumes/create", {"Name": name, "Labels": {name: ""}})
    wanted = filtered("/volumes/prune", {"label!": ["keep"]})
    assert labd.post(wanted).json["VolumesDeleted"] == ["data"]
    assert labd.get("/volumes/keep").status == 200


def test_a_network_is_made_listed_and_removed(labd: Client) -> None:
    asked = {
        "Name": "front",
        "CheckDuplicate": True,
        "Internal": True,
        "Labels": {"a": "b"},
        "Options": {"note": "kept"},
        "IPAM": {
            "Driver": "default",
            "Config": [
                {
                    "Subnet": "10.213.7.0/24",
                    "Gateway": "10.213.7.9",
                    "IPRange": "10.213.7.128/25",
                }
            ],
        },
    }
    made = labd.post("/networks/create", asked)
    assert made.status == 201, made.body
    found = labd.get("/networks/front").json
    assert found["Id"] == made.json["Id"]
    assert found["IPAM"]["Config"] == asked["IPAM"]["Config"]  # type: ignore[index]  # a dict of many kinds
    assert (found["Internal"], found["Labels"]) == (True, {"a": "b"})
    assert found["Options"]["note"] == "kept"
    custom = labd.get(filtered("/networks", {"type": {"custom": True}})).json
    assert [one["Name"] for one in custom] == ["front"]
    assert labd.post("/networks/create", asked).status == 409
    assert labd.delete(f"/networks/{made.json['Id'][:12]}").status == 204
    assert labd.get("/networks/front").status == 404
    listed = [one["Name"] for one in labd.get("/networks").json]
    assert listed == ["bridge", "host", "none"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"Name": "../x"}, 400),
        ({"Name": "bridge"}, 403),
        ({"Name": "front", "Driver": "overlay"}, 404),
        ({"Name": "front", "EnableIPv6": True}, 400),
        ({"Name": "front", "IPAM": {"Config": [{"Gateway": "10.1.1.1"}]}}, 400),
        ({"Name": "front", "IPAM": {"Config": [{"Subnet": "x"}]}}, 400),
        ({"Name": "front", "IPAM": {"Config": [{}, {}]}}, 400),
        ({"Name": "front", "IPAM": {"Driver": "x"}}, 404),
        (
            {
                "Name": "front",
                "Options": {"com.docker.network.bridge.enable_icc": "false"},
            },
            400,
        ),
        ({"Name": "front", "IPAM": 7}, 400),
    ],
)
def test_a_network_that_cannot_be_has_a_status(
    labd: Client, asked: object, status: int
) -> None:
    assert labd.post("/networks/create", asked).status == status
    assert len(labd.get("/networks").json) == 3


def test_a_container_joins_and_leaves_a_network(labd: Client, busybox: str) -> None:
    identity = container(labd, "box", NetworkMode="bridge")
    assert labd.post(f"/containers/{identity}/start").status == 204
    pool = [{"Subnet": "10.213.8.0/24"}]
    labd.post("/networks/create", {"Name": "front", "IPAM": {"Config": pool}})
    wanted = {
        "Container": "box",
        "EndpointConfig": {
            "Aliases": ["web"],
            "IPAMConfig": {"IPv4Address": "10.213.8.77"},
        },
    }
    assert labd.post("/networks/front/connect", wanted).status == 200
    attached = labd.get("/networks/front").json["Containers"][identity]
    assert attached["Name"] == "box"
    assert attached["IPv4Address"] == "10.213.8.77/24"
    assert labd.post("/networks/front/connect", wanted).status == 409
    assert labd.delete("/networks/front").status == 409
    assert labd.post("/networks/prune").json["NetworksDeleted"] is None
    leave = {"Container": "box", "Force": False}
    assert labd.post("/networks/front/disconnect", leave).status == 200
    assert labd.post("/networks/front/disconnect", leave).status == 404
    forced = {"Container": "box", "Force": True}
    assert labd.post("/networks/front/disconnect", forced).status == 200
    assert labd.get("/networks/front").json["Containers"] == {}
    assert labd.post("/networks/prune").json["NetworksDeleted"] == ["front"]


@pytest.mark.parametrize("name", ["bridge", "host", "none"])
def test_a_network_that_is_always_there_is_neither_made_nor_removed(
    labd: Client, name: str
) -> None:
    assert labd.delete(f"/networks/{name}").status == 403
    assert labd.post("/networks/create", {"Name": name}).status == 403
