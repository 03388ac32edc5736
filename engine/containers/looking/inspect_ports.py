"""Ports as Docker's tools describe them: what was asked, and what is.

    HostConfig.PortBindings    {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}
    NetworkSettings.Ports      {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"},
                                           {"HostIp": "::", "HostPort": "8080"}],
                                "90/tcp": null}          exposed, but not published

Of a container that does not run nothing can be reached: its Ports are empty.

Source: Docker Engine API 1.41, PortMap
Try it: `lab inspect -f '{{json .NetworkSettings.Ports}}' NAME`
"""

from typing import Any

from engine.containers.options.asked import ContainerOptions
from engine.containers.record import Container


def asked(options: ContainerOptions) -> dict[str, Any]:
    """What follows -p, by the container's port."""
    if not options.ports:
        return {}
    from engine.network import ports  # few containers have any

    found: dict[str, list[dict[str, str]]] = {}
    for one in ports.published(options.ports):
        several = f"{one.first}-{one.last}" if one.last > one.first else f"{one.first}"
        place = {"HostIp": one.address, "HostPort": several if one.last else ""}
        found.setdefault(f"{one.inside}/{one.protocol}", []).append(place)
    return found


def opened(container: Container) -> dict[str, Any]:
    """Where each port of the container can be reached now."""
    if not container.active:
        return {}
    found: dict[str, list[dict[str, str]] | None] = dict.fromkeys(container.exposed)
    for one in container.state.ports:
        place = {"HostIp": one.address, "HostPort": str(one.port)}
        known = found.get(f"{one.inside}/{one.protocol}") or []
        found[f"{one.inside}/{one.protocol}"] = [*known, place]
    return found
