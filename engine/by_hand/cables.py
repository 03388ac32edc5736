"""The cables of the script: a pair of interfaces for each network of the container.

The network namespace comes with the others (unshare --net), and not before them as the
engine's: a script needs no pin, it makes its container once. While the shell inside
waits, the pair is made from outside, straight into its namespace.

The address is the last one of the subnet, and not the container's: that one may be in
use. Two scripts at once on one network would take the same.

man: ip-link(8), veth(4), nsenter(1)
Try it: `lab run --name box --network bridge busybox true; lab acts box --sh`
"""

from typing import NamedTuple

from engine.by_hand import words
from engine.network import addresses
from engine.network.networks import Network
from engine.notes import quote

_ABOUT = """
The loopback is switched on, and for each network there is a pair of interfaces: one end
at the bridge of the network, the other one inside, with an address and a way out. The
address is the last one of the subnet: the original may have its own. Originally:
engine.network.endpoints:attach
"""
_INSIDE = 'nsenter --target "$pid" --net'
_NO_IPV6 = "/proc/sys/net/ipv6/conf/default/disable_ipv6"


class Cable(NamedTuple):
    """A network, and its bridge; `mac` is "" where the container asked for none."""

    network: Network
    bridge: str
    mac: str

    @property
    def address(self) -> str:
        """The one that the script gives its container."""
        return str(self.network.block[-2])


def lines(cables: tuple[Cable, ...]) -> list[str]:
    """What is done from outside for the network of the shell that waits."""
    off = f"[ ! -e {_NO_IPV6} ] || echo 1 > {_NO_IPV6}"
    found = ["", *words.comment(_ABOUT), f"{_INSIDE} ip link set lo up"]
    found.append(f"{_INSIDE} sh -c {quote(off)}")
    gateways = [c.network.gateway for c in cables if not c.network.internal]
    for number, cable in enumerate(cables):
        found += _plugged_in(cable, number)
    if gateways:
        found.append(f"{_INSIDE} ip route add default via {gateways[0]}")
    return found


def _plugged_in(cable: Cable, number: int) -> list[str]:
    network, bridge = cable.network, cable.bridge
    address = cable.address
    mac = cable.mac or addresses.hardware_address(address)
    missing = f"the network {network.name} has no bridge: start a container on it"
    prefix = network.prefix
    return [
        f"ip link show {bridge} >/dev/null 2>&1 || fail {quote(missing)}",
        f'ip link add "lh{number}.$pid" up master {bridge} type veth '
        f'peer name eth{number} address {mac} netns "$pid"',
        f"{_INSIDE} ip address add {address}/{prefix} broadcast + dev eth{number}",
        f"{_INSIDE} ip link set eth{number} up",
    ]
