"""Plugs: who is plugged in where, for the picture that `lab net` draws.

The kernel counts what passes each interface. Of a pair the two ends count the same, the
other way round: what the machine's end has received the container has sent.

man: veth(4), sysfs(5) on /sys/class/net
Try it: `lab net`, `cat /sys/class/net/lv*/statistics/rx_packets`
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from engine.containers.house import House
from engine.containers.looking import inspect_networks
from engine.containers.record import Container
from engine.kernel import links
from engine.network.networks import Network, bridge_name
from engine.runtime.sandbox import Endpoint, Sandbox

_COUNTERS = Path("/sys/class/net")


class Plug(NamedTuple):
    """A container at a network: a pair of interfaces, and what has passed through it.

    `link` is the end on the machine, `interface` the one inside. `sent` and `received`
    are packets, as the container sees them. `ports` are those published at the machine:
    "0.0.0.0:8080 → 80/tcp".
    """

    container: str
    link: str
    interface: str
    address: str
    mac: str
    sent: int
    received: int
    aliases: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()


class Switch(NamedTuple):
    """A network, its bridge on the machine, and who is plugged in.

    `on`: the bridge is there and switched on, which it is once somebody needed it.
    """

    network: str
    bridge: str
    subnet: str
    gateway: str
    internal: bool
    on: bool
    plugs: tuple[Plug, ...]


def switches(house: House, containers: Sequence[Container]) -> list[Switch]:
    """Every network that is a bridge, with those of the containers that run."""
    found = [one for one in house.networks.all() if one.subnet]
    return [_switch(house.place.tag, network, containers) for network in found]


def _switch(tag: str, network: Network, containers: Sequence[Container]) -> Switch:
    bridge = bridge_name(tag, network)
    return Switch(
        network=network.name,
        bridge=bridge,
        subnet=network.subnet,
        gateway=network.gateway,
        internal=network.internal,
        on=links.is_on(bridge),
        plugs=tuple(
            _plug(container, endpoint)
            for container in reversed(containers)
            for endpoint in _endpoints(container)
            if endpoint.network_id == network.id
        ),
    )


def _endpoints(container: Container) -> tuple[Endpoint, ...]:
    sandbox = Sandbox.read(container.directory)
    return sandbox.endpoints if sandbox else ()


def _plug(container: Container, endpoint: Endpoint) -> Plug:
    return Plug(
        container=container.name,
        link=endpoint.link,
        interface=endpoint.interface,
        address=f"{endpoint.address}/{endpoint.prefix}",
        mac=endpoint.mac,
        sent=_count(endpoint.link, "rx_packets"),
        received=_count(endpoint.link, "tx_packets"),
        aliases=endpoint.aliases,
        ports=tuple(_ports(container)),
    )


def _count(link: str, name: str) -> int:
    try:
        return int((_COUNTERS / link / "statistics" / name).read_text())
    except (OSError, ValueError):  # it has just gone
        return 0


def _ports(container: Container) -> list[str]:
    """Where the ports of a container are published, each in a few words."""
    opened = inspect_networks.settings(container)["Ports"]
    return [
        f"{place['HostIp']}:{place['HostPort']} → {inside}"
        for inside, places in opened.items()
        for place in places or ()
    ]
