"""Summary: one container as an entry of Docker's list, from which `docker ps` is made.

    Names     ["/box"]                      Image    what its image is called now
    Command   "sh -c 'echo hi'"             Created  seconds since 1970
    Ports     [{"PrivatePort": 80, "Type": "tcp", "IP": "0.0.0.0", "PublicPort": 8080}]

It says less than `inspect`, and is read from the records alone: a list of hundreds has
to be quick.

Source: Docker Engine API 1.41, ContainerSummary and Port
Try it: `curl --unix-socket /run/labshell/labd.sock http://labd/containers/json`
"""

from typing import Any

from engine.containers.looking import inspect_mounts, inspect_networks
from engine.containers.record import Container
from engine.moments import seconds_since_epoch


def summary(container: Container, image: str) -> dict[str, Any]:
    """The container in Docker's shape; `image` is what its image is called now."""
    return {
        "Id": container.id,
        "Names": [f"/{container.name}"],
        "Image": image,
        "ImageID": container.image_id,
        "Command": container.command_line,
        "Created": int(seconds_since_epoch(container.created)),
        "Ports": _ports(container),
        "Labels": dict(container.labels),
        "State": container.state.status,
        "Status": container.status,
        "HostConfig": {"NetworkMode": container.options.network},
        "NetworkSettings": {"Networks": inspect_networks.of_container(container)},
        "Mounts": inspect_mounts.mounts(container),
    }


def _ports(container: Container) -> list[dict[str, Any]]:
    """Where its ports are reached; those that are only exposed have no IP."""
    if not container.active:
        return []
    opened = [
        {"IP": one.address, **_inside(one.inside, one.protocol), "PublicPort": one.port}
        for one in container.state.ports
    ]
    known = {(one["PrivatePort"], one["Type"]) for one in opened}
    noted = (text.partition("/") for text in container.exposed)
    return opened + [
        _inside(int(number), protocol)
        for number, _, protocol in noted
        if (int(number), protocol) not in known
    ]


def _inside(number: int, protocol: str) -> dict[str, Any]:
    return {"PrivatePort": number, "Type": protocol}
