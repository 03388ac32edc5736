"""Plugs: who is plugged in where, for the picture that `lab net` draws.

A published port leads to the first network with a way out, and is drawn there: by a
rule of the firewall, which counts connections, or by the porter, who does not.

The kernel counts what passes each interface. Of a pair the two ends count the same, the
other way round: what the machine's end has received the container has sent.

man: veth(4), sysfs(5) on /sys/class/net
Try it: `lab net`, `cat /sys/class/net/lv*/statistics/rx_packets`
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.containers.house import House
from engine.containers.looking import inspect_networks
from engine.containers.record import Container
from engine.kernel import links
from engine.network.networks import Network, bridge_name
from engine.runtime.sandbox import Endpoint, Sandbox

_COUNTERS = Path("/sys/class/net")
Door = tuple[str, str, str]  # address, port and protocol at the machine


class Plug(NamedTuple):
    """A container at a network: a pair of interfaces, and what has passed through it.

    `link` is the end on the machine, `interface` the one inside. `sent` and `received`
    are packets, as the container sees them. `ports` are those published at the machine
    that lead here, and who leads: "0.0.0.0:8080 → 80/tcp (dnat, 3 connections)".
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
    tag, found = house.place.tag, [n for n in house.networks.all() if n.subnet]
    plugged = [(one, _endpoints(one)) for one in reversed(containers)]
    led = _led(tag, [each for _, endpoints in plugged for each in endpoints])
    return [_switch(tag, network, plugged, led) for network in found]


def _switch(
    tag: str,
    network: Network,
    plugged: Sequence[tuple[Container, tuple[Endpoint, ...]]],
    led: Mapping[Door, int],
) -> Switch:
    bridge = bridge_name(tag, network)
    return Switch(
        network=network.name,
        bridge=bridge,
        subnet=network.subnet,
        gateway=network.gateway,
        internal=network.internal,
        on=links.is_on(bridge),
        plugs=tuple(
            _plug(container, endpoint, _ports(container, led) if leads else ())
            for container, endpoints in plugged
            for endpoint, leads in _leading(endpoints)
            if endpoint.network_id == network.id
        ),
    )


def _endpoints(container: Container) -> tuple[Endpoint, ...]:
    sandbox = Sandbox.read(container.directory)
    return sandbox.endpoints if sandbox else ()


def _leading(endpoints: tuple[Endpoint, ...]) -> list[tuple[Endpoint, bool]]:
    """Each endpoint, and whether published ports lead there: to the first way out."""
    way = next((one for one in endpoints if one.gateway), None)
    return [(one, one == way) for one in endpoints]


def _led(tag: str, endpoints: Sequence[Endpoint]) -> dict[Door, int]:
    """The ports that the kernel leads in, and how many connections it has led."""
    if not any(one.table for one in endpoints):
        return {}
    from engine.network import walls
    from engine.runtime import translation

    found = translation.rules(walls.table(tag))
    return {(r.address, str(r.port), r.protocol): r.connections for r in found}


def _plug(container: Container, endpoint: Endpoint, ports: Iterable[str]) -> Plug:
    return Plug(
        container=container.name,
        link=endpoint.link,
        interface=endpoint.interface,
        address=f"{endpoint.address}/{endpoint.prefix}",
        mac=endpoint.mac,
        sent=_count(endpoint.link, "rx_packets"),
        received=_count(endpoint.link, "tx_packets"),
        aliases=endpoint.aliases,
        ports=tuple(ports),
    )


def _count(link: str, name: str) -> int:
    try:
        return int((_COUNTERS / link / "statistics" / name).read_text())
    except (OSError, ValueError):  # it has just gone
        return 0


def _ports(container: Container, led: Mapping[Door, int]) -> list[str]:
    """Where the ports of a container are published, each in a few words."""
    opened = inspect_networks.settings(container)["Ports"]
    found = []
    for inside, places in opened.items():
        for address, port in ((p["HostIp"], p["HostPort"]) for p in places or ()):
            count = led.get((address, port, inside.partition("/")[2]))
            times = "1 connection" if count == 1 else f"{count} connections"
            who = "porter" if count is None else f"dnat, {times}"
            found.append(f"{address}:{port} → {inside} ({who})")
    return found
