"""Every field that Docker's description names is answered, with its type.

What Docker itself answers otherwise than it describes, or leaves out where it is empty,
is listed here; and what is ours.
"""

import re

import pytest

from tests.api.serving import Client
from tests.api.shapes import PATH, Shapes
from tests.api.test_containers import begin, create

pytestmark = [
    pytest.mark.require("root", "overlay"),
    pytest.mark.skipif(not PATH.exists(), reason="Docker's swagger.yaml is not here"),
]

_EXPECTED = re.compile(
    r"""
      .*\.HostConfig\.(Init|Mounts|StorageOpt|Sysctls|Tmpfs):\ is\ missing
    | .*\.Config\.(ArgsEscaped|NetworkDisabled|MacAddress|Stop\w+|Shell):\ is\ missing
    | .*\.Config\.(ExposedPorts|Healthcheck[.\w]*):\ is\ missing
    | .*\.Ports\[\d\]\.(IP|PublicPort):\ is\ missing
    | .*\.State\.Health:\ is\ missing
    | .*\.HostConfig\.(Isolation|RestartPolicy\.Name):\ .*\ is\ none\ of\ .*
    | \[\d\]\.Mounts\[\d\]\.\w+:\ .*     # the list has what inspect has, it says
    | \.(Bundle|Cgroup):\ nobody\ knows\ it    # ours
    """,
    re.VERBOSE,
)


@pytest.mark.parametrize(
    ("call", "path"),
    [
        ("GET /containers/json", "/containers/json?all=1&size=1"),
        ("GET /containers/{id}/json", "/containers/box/json?size=1"),
        ("GET /containers/{id}/json", "/containers/idle/json?size=1"),
        ("GET /containers/{id}/top", "/containers/box/top"),
        ("GET /containers/{id}/changes", "/containers/box/changes"),
    ],
)
def test_containers_have_dockers_shape(
    labd: Client, shapes: Shapes, busybox: str, call: str, path: str
) -> None:
    begin(
        labd,
        "box",
        ExposedPorts={"80/tcp": {}},
        Healthcheck={"Test": ["CMD", "true"]},
        HostConfig={"NetworkMode": "none", "Binds": ["data:/d"], "Tmpfs": {"/t": ""}},
    )
    create(labd, "idle")
    found = shapes.faults(call, labd.get(path).json)
    assert [fault for fault in found if not _EXPECTED.fullmatch(fault)] == []


@pytest.mark.parametrize(
    ("call", "path", "status"),
    [
        ("POST /containers/create", "/containers/create", 201),
        ("POST /containers/{id}/update", "/containers/box/update", 200),
        ("POST /containers/prune", "/containers/prune", 200),
        ("POST /commit", "/commit?container=box", 201),
    ],
)
def test_what_is_done_is_answered_in_dockers_shape(
    labd: Client, shapes: Shapes, busybox: str, call: str, path: str, status: int
) -> None:
    create(labd, "box")
    reply = labd.post(path, {"Image": busybox} if "create" in call else {})
    assert reply.status == status
    assert shapes.faults(call, reply.json, status) == []
