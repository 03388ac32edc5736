"""Addresses and routes: where packets go from, and where to.

    address   10.0.0.2/24 on eth0    the interface answers to it; and the kernel learns
                                     that 10.0.0.0/24 is reached through eth0
    route     default via 10.0.0.1   all else goes to that neighbour, who passes it on

man: rtnetlink(7), ip-address(8), ip-route(8)
Try it: `lab run --rm --network bridge busybox ip route`
"""

import socket
import struct

from engine.acts import act
from engine.kernel import netlink

_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST = 1, 2, 4
_RTA_GATEWAY, _RTA_OIF = 5, 4
_MAIN_TABLE, _BY_BOOT, _UNIVERSE, _UNICAST = 254, 3, 0, 1


def _address(index: int, address: str, prefix: int) -> bytes:
    number = socket.inet_aton(address)
    host = (1 << (32 - prefix)) - 1
    last = (int.from_bytes(number) | host).to_bytes(4)
    body = struct.pack("=BBBBI", socket.AF_INET, prefix, 0, 0, index)
    body += netlink.attribute(_IFA_LOCAL, number)
    body += netlink.attribute(_IFA_ADDRESS, number)
    body += netlink.attribute(_IFA_BROADCAST, last)
    return netlink.message(netlink.NEW_ADDRESS, netlink.MAKE, body)


@act(
    "sendto(2)",
    lambda channel, pin, name, index, address, prefix: (
        f"{netlink.at(pin)}ip address add {address}/{prefix} broadcast + dev {name}"
    ),
    lambda channel, pin, name, index, address, prefix: netlink.told(
        channel, _address(index, address, prefix)
    ),
    concept="links",
)
def add_address(
    channel: int, pin: str, name: str, index: int, address: str, prefix: int
) -> int:
    """Give an address to an interface, by its number in the namespace of the socket.

    That namespace is pinned at `pin`; "" for our own.
    """
    return netlink.ask(channel, _address(index, address, prefix), name)


def _default(gateway: str) -> bytes:
    body = struct.pack(
        "=BBBBBBBBI",
        *(socket.AF_INET, 0, 0, 0, _MAIN_TABLE, _BY_BOOT, _UNIVERSE, _UNICAST, 0),
    )
    body += netlink.attribute(_RTA_GATEWAY, socket.inet_aton(gateway))
    return netlink.message(netlink.NEW_ROUTE, netlink.MAKE, body)


@act(
    "sendto(2)",
    lambda channel, pin, gateway: (
        f"{netlink.at(pin)}ip route add default via {gateway}"
    ),
    lambda channel, pin, gateway: netlink.told(channel, _default(gateway)),
    concept="links",
)
def add_default_route(channel: int, pin: str, gateway: str) -> int:
    """Send what is for nobody near to `gateway`."""
    return netlink.ask(channel, _default(gateway), gateway)
