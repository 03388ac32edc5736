"""A new container: everything that POST /containers/create is sent.

    {Image, Cmd, Env, …  HostConfig: {…}  NetworkingConfig: {EndpointsConfig: {…}}}
     └── the program      └── the machine   └── the network

Source: Docker Engine API 1.41, ContainerCreate
Try it: `docker --debug create busybox true`; `lab inspect NAME`
"""

from collections.abc import Mapping
from typing import Any

from engine.api.asked import files, life, limits, network, program, walls
from engine.engine import ContainerOptions
from engine.errors import InvalidArgument
from engine.fields import Fields


def container_options(data: Mapping[str, Any], name: str = "") -> ContainerOptions:
    """What is asked of a new container called `name`, "" for any name.

    InvalidArgument where a field has the wrong type, or asks for what is not here.
    """
    config = Fields(data)
    image, host = config.text("Image"), config.object("HostConfig")
    if not image:
        raise InvalidArgument("no image is named", 'As in {"Image": "busybox"}.')
    return ContainerOptions(
        **{
            "image": image,
            "name": name.removeprefix("/") or None,
            **program.asked(config),
            **life.asked(config, host),
            **files.asked(config, host),
            **network.asked(config, host),
            **walls.asked(host),
            **limits.of_container(host),
        }
    )
