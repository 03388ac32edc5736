"""The network: which one, under which names, at which address, with which ports.

    "NetworkMode": "default"                  the network `bridge`
    "EndpointsConfig": {"front": {"Aliases": ["web"], "IPAMConfig": {"IPv4Address": …}}}
    "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}

What is said of an endpoint holds for the network that `NetworkMode` names; one network
more is a call of its own (connect).

Source: Docker Engine API 1.41, HostConfig, PortMap and EndpointSettings
Try it: `docker create -p 127.0.0.1:8080:80 --network-alias web --network front busybox`
"""

from collections.abc import Iterator
from typing import Any

from engine.errors import InvalidArgument
from engine.fields import Fields

_BRIDGE = "bridge"
_NOTHING_SAID = ("", "default")


def asked(config: Fields, host: Fields) -> dict[str, Any]:
    """The options about the network."""
    if host.texts("Links"):
        raise InvalidArgument(
            "links are not supported here: use a network, where names are looked up"
        )
    mode = "none" if config.truth("NetworkDisabled") else host.text("NetworkMode")
    return {
        **_membership(mode, config),
        "ports": tuple(_published(host.object("PortBindings"))),
        "publish_all": host.truth("PublishAllPorts"),
        "exposed": config.keys("ExposedPorts"),
        "extra_hosts": host.texts("ExtraHosts"),
        "dns": host.texts("Dns"),
        "dns_search": host.texts("DnsSearch"),
        "dns_options": host.texts("DnsOptions"),
    }


def _membership(mode: str, config: Fields) -> dict[str, Any]:
    """The network, and what the container wants there."""
    endpoints = config.object("NetworkingConfig").object("EndpointsConfig")
    named = tuple(endpoints.data)
    if len(named) > 1:
        raise InvalidArgument(
            "Container cannot be connected to network endpoints: "
            + ", ".join(sorted(named))
        )
    if mode in _NOTHING_SAID:
        mode = next((name for name in named if name not in _NOTHING_SAID), _BRIDGE)
    wanted = endpoints.object(named[0]) if named else Fields({})
    return {
        "network": mode,
        "network_aliases": wanted.texts("Aliases"),
        "ip": wanted.object("IPAMConfig").text("IPv4Address") or None,
        "mac_address": wanted.text("MacAddress") or config.text("MacAddress") or None,
    }


def _published(bindings: Fields) -> Iterator[str]:
    """What follows -p, for each place at which a port shall be reached."""
    for port in bindings.data:
        for place in bindings.objects(port):
            address, number = place.text("HostIp"), place.text("HostPort")
            if ":" in address:
                address = f"[{address}]"
            before = f"{address}:{number}:" if address else f"{number}:"
            yield f"{before}{port}" if address or number else port
