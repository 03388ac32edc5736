"""Links: network interfaces.

A new network namespace holds one interface, the loopback `lo`, and it is down: not
even 127.0.0.1 answers. Switching it on is all that `--network none` needs.

man: netdevice(7), network_namespaces(7)
Try it: `lab run busybox ip addr`
"""

import errno
import fcntl
import socket
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.acts import act, os_error
from engine.errors import SyscallError
from engine.kernel import netlink

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1


# What linux/if.h calls the flags of an interface, from the lowest bit.
_FLAGS = (
    "IFF_UP IFF_BROADCAST IFF_DEBUG IFF_LOOPBACK IFF_POINTOPOINT IFF_NOTRAILERS "
    "IFF_RUNNING IFF_NOARP IFF_PROMISC IFF_ALLMULTI IFF_MASTER IFF_SLAVE IFF_MULTICAST "
    "IFF_PORTSEL IFF_AUTOMEDIA IFF_DYNAMIC"
).split()


def _names(flags: int) -> str:
    return "|".join(name for bit, name in enumerate(_FLAGS) if flags >> bit & 1)


def set_up(name: str) -> None:
    """Switch the interface `name` of this network namespace on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", name.encode(), 0)
        try:
            answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request)
            flags = struct.unpack("16sH14x", answer)[1] | _IFF_UP
            _set_flags(any_socket.fileno(), name, flags)
        except OSError as error:
            raise SyscallError("ioctl", error.errno or errno.ENODEV, name) from error


@act(
    "ioctl(2)",
    lambda any_socket, name, flags: f"ip link set {name} up",
    lambda any_socket, name, flags: (
        f'{any_socket}, SIOCSIFFLAGS, {{ifr_name="{name}", ifr_flags={_names(flags)}}}'
    ),
    refusal=os_error,
)
def _set_flags(any_socket: int, name: str, flags: int) -> None:
    request = struct.pack("16sH14x", name.encode(), flags)
    fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)


# Interfaces that are made. What follows is asked by netlink: see netlink.py. `channel`
# is a netlink socket, and decides in which network namespace it happens.

_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_MASTER = 1, 3, 4, 10
_IFLA_LINKINFO, _IFLA_NET_NS_FD = 18, 28
_INFO_KIND, _INFO_DATA, _VETH_INFO_PEER = 1, 2, 1


def _about(index: int = 0, flags: int = 0) -> bytes:
    """struct ifinfomsg: which interface, and which flags to switch on."""
    return struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, flags, flags)


def hardware(mac: str) -> bytes:
    """The six bytes of an address like 02:42:ac:11:00:02."""
    return bytes.fromhex(mac.replace(":", ""))


def _bridge(name: str) -> bytes:
    kind = netlink.attribute(_INFO_KIND, "bridge")
    body = _about() + netlink.attribute(_IFLA_IFNAME, name)
    body += netlink.attribute(_IFLA_LINKINFO, kind)
    return netlink.message(netlink.NEW_LINK, netlink.MAKE, body)


@act(
    "sendto(2)",
    lambda channel, name: f"ip link add {name} type bridge",
    lambda channel, name: netlink.told(channel, _bridge(name)),
)
def add_bridge(channel: int, name: str) -> int:
    """Make a bridge: a switch in the kernel, and an interface of the machine at it."""
    return netlink.ask(channel, _bridge(name), name)


class Port(NamedTuple):
    """The end of a pair that is a port of `bridge`, whose number is `number`."""

    name: str
    bridge: str
    number: int


class End(NamedTuple):
    """The other end, made straight in the open `namespace`, which is pinned at `pin`.

    `mac` is its hardware address, as in 02:42:ac:11:00:02.
    """

    name: str
    mac: str
    namespace: int
    pin: str


def _pair(port: Port, end: End) -> bytes:
    other = _about() + netlink.attribute(_IFLA_IFNAME, end.name)
    other += netlink.attribute(_IFLA_ADDRESS, hardware(end.mac))
    other += netlink.attribute(_IFLA_NET_NS_FD, end.namespace)
    info = netlink.attribute(_INFO_KIND, "veth")
    info += netlink.attribute(_INFO_DATA, netlink.attribute(_VETH_INFO_PEER, other))
    body = _about(flags=_IFF_UP) + netlink.attribute(_IFLA_IFNAME, port.name)
    body += netlink.attribute(_IFLA_MASTER, port.number)
    body += netlink.attribute(_IFLA_LINKINFO, info)
    return netlink.message(netlink.NEW_LINK, netlink.MAKE, body)


def _pair_in_words(channel: int, port: Sequence[Any], end: Sequence[Any]) -> str:
    name, bridge, _ = port
    peer, mac, _, pin = end
    return (
        f"ip link add {name} up master {bridge} type veth peer name {peer} "
        f"address {mac} netns {pin}"
    )


@act(
    "sendto(2)",
    _pair_in_words,
    lambda channel, port, end: netlink.told(channel, _pair(Port(*port), End(*end))),
)
def add_pair(channel: int, port: Port, end: End) -> int:
    """Make a pair of interfaces: what goes into one comes out of the other.

    The one inside is still off: an end cannot be on before there is another.
    """
    return netlink.ask(channel, _pair(port, end), port.name)


def _on(index: int) -> bytes:
    return netlink.message(netlink.NEW_LINK, 0, _about(index, _IFF_UP))


@act(
    "sendto(2)",
    lambda channel, pin, name, index: f"{netlink.at(pin)}ip link set {name} up",
    lambda channel, pin, name, index: netlink.told(channel, _on(index)),
)
def switch_on(channel: int, pin: str, name: str, index: int) -> int:
    """Switch an interface on, by its number in the namespace of the socket.

    That namespace is pinned at `pin`; "" for our own.
    """
    return netlink.ask(channel, _on(index), name)


def _without(name: str) -> bytes:
    body = _about() + netlink.attribute(_IFLA_IFNAME, name)
    return netlink.message(netlink.DELETE_LINK, 0, body)


@act(
    "sendto(2)",
    lambda channel, name: f"ip link delete {name}",
    lambda channel, name: netlink.told(channel, _without(name)),
)
def delete(channel: int, name: str) -> int:
    """Take an interface away; of a pair the other end goes with it."""
    return netlink.ask(channel, _without(name), name)


def number(name: str) -> int:
    """The number of an interface of this network namespace."""
    try:
        return socket.if_nametoindex(name)
    except OSError as error:
        raise SyscallError("ioctl", error.errno or errno.ENODEV, name) from error


def exists(name: str) -> bool:
    """Whether this network namespace has an interface of this name."""
    return _flags_of(name) is not None


def is_on(name: str) -> bool:
    """Whether it has one, and it is switched on."""
    return bool((_flags_of(name) or 0) & _IFF_UP)


def _flags_of(name: str) -> int | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", name.encode(), 0)
        try:
            answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request)
        except OSError:  # there is none
            return None
        return int(struct.unpack("16sH14x", answer)[1])
