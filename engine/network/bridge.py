"""The bridge: a switch in the kernel, to which the containers of a network are plugged.

            machine                        lvTAG…  ═══ veth ═══  eth0  container
    eth0 ── routing ── lbTAG… (bridge) ──┤
              172.17.0.1, the gateway      lvTAG…  ═══ veth ═══  eth0  container

What has to be done is first made as a list of steps, and then done:

    1  the bridge
    2  its address: the gateway of all containers
    3  walls: isolation from other networks, masquerade         walls.py, by nft
    4  packets for others are passed on                         net.ipv4.ip_forward
    5  room for who is next to whom       net.ipv4.neigh.default.gc_thresh3
    6  the bridge is switched on

The last step is the mark that all others were done. So a start looks at one flag, and
does nothing more; and who finds a bridge that is off goes on where somebody was killed.

man: ip-link(8) on bridge, nft(8), arp(7) on gc_thresh3
Try it: `lab network create front; ip -d link; sudo nft list ruleset`
"""

import contextlib
import socket
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network
from typing import NamedTuple

from engine import files
from engine.errors import Conflict, SyscallError
from engine.kernel import addresses, firewall, links, netlink, parameters
from engine.network import hindrance, pools, walls
from engine.network.networks import Network, bridge_name

FORWARDING = "net.ipv4.ip_forward"
NEIGHBOURS, ROOM = "net.ipv4.neigh.default.gc_thresh3", 16_384


class MakeBridge(NamedTuple):
    """Make a bridge that has no ports yet."""

    name: str

    def describe(self) -> str:
        """As a command of the shell."""
        return f"ip link add {self.name} type bridge"

    def apply(self, channel: int) -> None:
        """Do it through a netlink socket."""
        with _unless_there():
            links.add_bridge(channel, self.name)


class GiveAddress(NamedTuple):
    """Give the bridge an address: the machine is then in that network."""

    name: str
    address: str
    prefix: int

    def describe(self) -> str:
        """As a command of the shell."""
        return f"ip address add {self.address}/{self.prefix} dev {self.name}"

    def apply(self, channel: int) -> None:
        """Do it through a netlink socket."""
        number = links.number(self.name)
        with _unless_there():
            addresses.add_address(
                channel, "", self.name, number, self.address, self.prefix
            )


class BuildWalls(NamedTuple):
    """Enter the network in the table of the firewall."""

    tag: str
    name: str
    network: Network

    def describe(self) -> str:
        """As commands of the shell, in short."""
        table = f"{firewall.FAMILY} {walls.table(self.tag)}"
        found = f"nft add element {table} bridges {{ {self.name} }}"
        if self.network.internal:
            return f"{found}; nft add element {table} internal {{ {self.name} }}"
        return f"{found}; nft add element {table} subnets {{ {self.network.subnet} }}"

    def apply(self, channel: int) -> None:
        """Do it by nft."""
        firewall.apply(walls.add(self.tag, self.name, self.network))


class PassOn(NamedTuple):
    """Let the machine pass packets on that are not for itself."""

    def describe(self) -> str:
        """As a command of the shell."""
        return f"sysctl -w {FORWARDING}=1"

    def apply(self, channel: int) -> None:
        """Do it, unless it does so already."""
        if parameters.value(FORWARDING) == "0":
            parameters.set_for_machine(FORWARDING, "1")


class MakeRoom(NamedTuple):
    """Let the kernel remember the hardware addresses of more neighbours.

    All namespaces of a machine share one table of them, and n containers that all talk
    to each other fill n * (n - 1) places: the kernel's own limit of 1,024 is met by 33,
    and who comes then is not reached. A place is taken, 400 bytes, when it is needed.
    """

    def describe(self) -> str:
        """As a command of the shell."""
        return f"sysctl -w {NEIGHBOURS}={ROOM}"

    def apply(self, channel: int) -> None:
        """Do it, unless there is as much; only the machine's own namespace is asked."""
        there = parameters.value(NEIGHBOURS)
        if there and int(there) < ROOM:
            parameters.set_for_machine(NEIGHBOURS, str(ROOM))


class SwitchOn(NamedTuple):
    """Switch the bridge on: it is ready."""

    name: str

    def describe(self) -> str:
        """As a command of the shell."""
        return f"ip link set {self.name} up"

    def apply(self, channel: int) -> None:
        """Do it through a netlink socket."""
        links.switch_on(channel, "", self.name, links.number(self.name))


Step = MakeBridge | GiveAddress | BuildWalls | PassOn | MakeRoom | SwitchOn


def plan(tag: str, network: Network) -> tuple[Step, ...]:
    """What makes the bridge of a network, in this order."""
    name = bridge_name(tag, network)
    return (
        MakeBridge(name),
        GiveAddress(name, network.gateway, network.prefix),
        BuildWalls(tag, name, network),
        *(() if network.internal else (PassOn(),)),
        MakeRoom(),
        SwitchOn(name),
    )


def provide(tag: str, network: Network, channel: int, notices: list[str]) -> None:
    """Make the bridge of a network, or what is missing of it.

    Conflict if the machine uses the addresses itself. The caller holds the lock.
    """
    _refuse_taken(bridge_name(tag, network), network.block)
    for step in plan(tag, network):
        try:
            step.apply(channel)
        except firewall.NoFirewall as error:
            notices.append(
                f"{error.message}: containers of network {network.name} do not reach "
                f"the outside, and other networks reach them. {error.hint}"
            )
    if not network.internal:
        notices.extend(
            f"containers of network {network.name} do not reach the outside: "
            f"{one.told}. This lets them: {one.admit(tag)}"
            for one in hindrance.find(tag)
        )


def is_taken(tag: str, network: Network) -> bool:
    """Whether the machine reaches the addresses of a network by other interfaces."""
    return bool(_others(bridge_name(tag, network), network.block))


def _others(name: str, block: IPv4Network) -> list[tuple[IPv4Network, str]]:
    found = pools.routes().items()
    return [(r, via) for r, via in found if via != name and r.overlaps(block)]


def _refuse_taken(name: str, block: IPv4Network) -> None:
    for route, interface in _others(name, block):
        raise Conflict(
            f"Pool overlaps with other one on this address space: {block} with "
            f"{route}, which this machine reaches through {interface}",
            "Choose another --subnet; `ip route` shows what is taken.",
        )


def remove(tag: str, network: Network, channel: int) -> None:
    """Take the bridge of a network away, and its walls, as far as they are there."""
    name = bridge_name(tag, network)
    if links.exists(name):
        _delete(channel, name)
    if firewall.listed(walls.table(tag)):
        firewall.apply(walls.remove(tag, name, network))


def of_root(tag: str) -> list[str]:
    """Every bridge that there is of an engine root, whether a record tells of it."""
    return [name for _, name in socket.if_nameindex() if name.startswith(f"lb{tag}")]


def keep_only(tag: str, networks: Sequence[Network]) -> None:
    """Take all bridges and walls of an engine root away but those of `networks`."""
    kept = {bridge_name(tag, one): one for one in networks if one.subnet}
    there = of_root(tag)
    with files.closing(netlink.open_socket()) as channel:
        for name in there:
            if name not in kept:
                _delete(channel, name)
    listed = firewall.listed(walls.table(tag))
    if walls.strangers(listed, kept):
        again = [walls.add(tag, n, kept[n]) for n in kept if n in there]
        ports = walls.ports_of(listed, tag, kept.values()) if again else []
        firewall.apply(
            [*walls.remove_all(tag), *(r for one in again for r in one), *ports]
        )


@contextlib.contextmanager
def _unless_there() -> Iterator[None]:
    """Ask for something that somebody who was killed may have made already."""
    try:
        yield
    except SyscallError as error:
        if error.name != "EEXIST":
            raise


def _delete(channel: int, name: str) -> None:
    try:
        links.delete(channel, name)
    except SyscallError as error:
        if error.name != "ENODEV":
            raise
