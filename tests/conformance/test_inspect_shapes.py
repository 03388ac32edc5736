"""What `inspect` prints has Docker's shape: the same fields, of the same kinds.

shapes/docker-20.10.json is what a real Docker printed of a container that was made
with the options below (`box`), of one without any (`plain`), of a volume and an image.
What is different here has a reason in DIFFERENT; a reason that is no longer needed
fails the test as well.

Try it: `lab inspect busybox`, beside `docker inspect busybox`
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.engine import ContainerOptions, Engine, Healthcheck, RestartPolicy

DOCKER = json.loads((Path(__file__).parent / "shapes/docker-20.10.json").read_text())
SECOND = 1_000_000_000

DIFFERENT = {
    "box.State.Health is missing": "it was not started here: nobody has asked yet",
    "box.ExecIDs is None, not ['c6ce27ec5f77']": "Docker's last health check",
    "box.HostConfig.PortBindings.80/tcp is missing": "there are no networks yet",
    "box.Config.ExposedPorts is missing": "there are no networks yet",
    "box.HostConfig.Dns has 0 items, not 1": "not asked for here",
    "box.HostConfig.ExtraHosts is None, not ['h:1.2.3.4']": "not asked for here",
    "box.HostConfig.Devices has 0 items, not 1": "not asked for here",
    "box.HostConfig.Init is missing": "not asked for here: it needs tini",
    "plain.Config.Env is ['PATH'], not None": "the image says it",
    "image.Config.Env is ['PATH'], not None": "our base image has a PATH",
    "image.Config.Cmd is ['sh'], not None": "our base image has a command",
    "image.GraphDriver.Data.MergedDir is missing": "an image is not mounted here",
    "image.GraphDriver.Data.WorkDir is missing": "an image is not mounted here",
}
BOX = ContainerOptions(
    image="busybox",
    name="box",
    network="none",
    command=("1d",),
    entrypoint=("sleep",),
    labels={"a": "b"},
    volumes=("vol1:/data", "/tmp:/host:ro"),
    mounts=("type=volume,src=vol2,dst=/m,readonly",),
    tmpfs=("/t:size=1m",),
    memory=64 << 20,
    memory_swap=128 << 20,
    cpus=0.5,
    pids_limit=50,
    restart=RestartPolicy(name="on-failure", maximum=3),
    health=Healthcheck(test=("CMD-SHELL", "true"), interval=SECOND),
    capabilities_add=("NET_ADMIN",),
    capabilities_drop=("CHOWN",),
    environment=("A=1",),
    user="0:0",
    working_directory="/root",
    stop_timeout=3,
    ulimits=("nofile=100:200",),
    read_only=True,
    security_options=("no-new-privileges",),
    log_options={"max-size": "1k"},
    interactive=True,
    sysctls={"net.ipv4.ip_forward": "1"},
)
SAME_VALUES = (
    "NetworkMode RestartPolicy AutoRemove VolumesFrom CapAdd CapDrop GroupAdd IpcMode "
    "OomScoreAdj Privileged ReadonlyRootfs SecurityOpt Sysctls Tmpfs Memory MemorySwap "
    "NanoCpus PidsLimit Ulimits ShmSize LogConfig Binds Mounts OomKillDisable Links "
    "MemorySwappiness CpuShares ConsoleSize BlkioWeight Isolation DeviceRequests"
).split()


@pytest.fixture
def shown(engine: Engine, busybox: str) -> dict[str, Any]:
    """What `inspect` prints here of the four things."""
    engine.create(BOX)
    plain = {"image": busybox, "name": "plain", "network": "none"}
    engine.create(ContainerOptions(**plain, command=("true",)))
    engine.create_volume("labelled", {"x": "y"})
    return {
        "box": engine.inspect("box"),
        "plain": engine.inspect("plain"),
        "volume": engine.inspect("labelled"),
        "image": engine.inspect(busybox),
    }


def test_inspect_has_the_fields_of_docker_and_their_kinds(
    shown: dict[str, Any],
) -> None:
    found = {text for name in shown for text in different(DOCKER, shown, name)}
    assert {text: DIFFERENT.get(text) for text in found} == DIFFERENT


def test_what_was_asked_for_is_shown_in_docker_s_words(shown: dict[str, Any]) -> None:
    for name in ("box", "plain"):
        docker, ours = DOCKER[name]["HostConfig"], shown[name]["HostConfig"]
        assert {key: ours.get(key) for key in SAME_VALUES} == (
            {key: docker.get(key) for key in SAME_VALUES}
        )
    docker, ours = DOCKER["box"]["Config"], shown["box"]["Config"]
    for key in ("User", "OpenStdin", "Cmd", "Entrypoint", "WorkingDir", "StopTimeout"):
        assert ours[key] == docker[key]
    assert ours["Healthcheck"] == docker["Healthcheck"]
    assert ours["Labels"] == docker["Labels"]


def test_the_size_of_a_container_is_shown_when_it_is_asked_for(
    engine: Engine, shown: dict[str, Any]
) -> None:
    assert "SizeRw" not in shown["plain"]
    data = engine.inspect("plain", size=True)
    assert data["SizeRw"] == 0
    assert data["SizeRootFs"] == shown["image"]["Size"]


def different(docker: Any, ours: Any, name: str) -> Iterator[str]:
    return differences(docker[name], ours[name], name)


def differences(docker: Any, ours: Any, path: str) -> Iterator[str]:
    """The paths at which Docker has another kind of value, or we have none."""
    if isinstance(docker, dict) and isinstance(ours, dict):
        for key in docker:
            if key in ours:
                yield from differences(docker[key], ours[key], f"{path}.{key}")
            else:
                yield f"{path}.{key} is missing"
    elif isinstance(docker, list) and isinstance(ours, list):
        for number, (one, other) in enumerate(zip(docker, ours, strict=False)):
            yield from differences(one, other, f"{path}.{number}")
        if bool(docker) != bool(ours):
            yield f"{path} has {len(ours)} items, not {len(docker)}"
    elif type(docker) is not type(ours):
        yield f"{path} is {brief(ours)}, not {docker!r}"


def brief(value: Any) -> str:
    """A value; of variables only the names."""
    if isinstance(value, list):
        return repr([str(item).partition("=")[0] for item in value])
    return repr(value)
