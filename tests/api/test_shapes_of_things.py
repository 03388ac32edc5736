"""Images, volumes, networks and the server itself have the shape that Docker describes.

What Docker itself answers otherwise than it describes, or leaves out, is listed here.
"""

import re

import pytest

from tests.api.serving import Client
from tests.api.shapes import PATH, Shapes
from tests.api.test_containers import begin

pytestmark = [
    pytest.mark.require("root", "overlay"),
    pytest.mark.skipif(not PATH.exists(), reason="Docker's swagger.yaml is not here"),
]

_EXPECTED = re.compile(
    r"""
      \.(Experimental|OsVersion|RootFS\.BaseLayer):\ is\ missing
    | \.(Container)?Config\.(ArgsEscaped|NetworkDisabled|MacAddress):\ is\ missing
    | \.(Container)?Config\.(StopSignal|StopTimeout|Shell):\ is\ missing
    | \.(Container)?Config\.(ExposedPorts|Healthcheck):\ is\ missing
    | \.(ClusterStore|ClusterAdvertise|ProductLicense):\ is\ missing
    | \.(DefaultAddressPools|Runtimes\.\w+\.runtimeArgs):\ is\ missing
    | \.Swarm\.(Cluster|Managers|Nodes):\ is\ missing
    | \.Isolation:\ ''\ is\ none\ of\ .*
    | (\.Volumes\[0\])?\.(Status|UsageData):\ is\ missing
    | \.Containers\[0\]:\ .*\ is\ no\ array        # a list of lists, it says
    | \.(BuilderSize|KernelMemoryTCP):\ nobody\ knows\ it
    | (\[\d\])?\.(ConfigFrom|ConfigOnly):\ nobody\ knows\ it
    """,
    re.VERBOSE,
)


@pytest.mark.parametrize(
    ("call", "path"),
    [
        ("GET /version", "/version"),
        ("GET /info", "/info"),
        ("GET /system/df", "/system/df"),
        ("GET /images/json", "/images/json"),
        ("GET /images/{name}/json", "/images/busybox/json"),
        ("GET /images/{name}/history", "/images/busybox/history"),
        ("GET /volumes", "/volumes"),
        ("GET /volumes/{name}", "/volumes/data"),
        ("GET /networks", "/networks"),
        ("GET /networks/{id}", "/networks/front"),
    ],
)
def test_what_is_there_has_dockers_shape(
    labd: Client, shapes: Shapes, busybox: str, call: str, path: str
) -> None:
    labd.post("/volumes/create", {"Name": "data", "Labels": {"a": "b"}})
    labd.post("/networks/create", {"Name": "front"})
    begin(labd, "box", HostConfig={"NetworkMode": "front", "Binds": ["data:/d"]})
    found = shapes.faults(call, labd.get(path).json)
    assert [fault for fault in found if not _EXPECTED.fullmatch(fault)] == []


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ("POST /volumes/create", 201),
        ("POST /networks/create", 201),
        ("POST /images/prune", 200),
        ("POST /volumes/prune", 200),
        ("POST /networks/prune", 200),
        ("POST /build/prune", 200),
    ],
)
def test_what_is_done_is_answered_in_dockers_shape(
    labd: Client, shapes: Shapes, call: str, status: int
) -> None:
    path = call.partition(" ")[2]
    data = {"Name": "thing"} if path.endswith("create") else None
    reply = labd.post(path, data)
    assert reply.status == status
    found = shapes.faults(call, reply.json, status)
    assert [fault for fault in found if not _EXPECTED.fullmatch(fault)] == []
