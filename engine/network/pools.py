"""Pools: which subnet a new network gets.

    configuration   /etc/labshell/networks.json, in the words of Docker's daemon.json:
                    {"default-address-pools": [{"base": "10.10.0.0/16", "size": 24}]}
    default         Docker's: 172.17.0.0/16 to 172.31.0.0/16, then 192.168.0.0/16 by /20

The first block that nobody uses is taken. Somebody may be the machine itself: an
address that it reaches by a route of its own must not come to mean a container. So its
routes are read first. Other engines on the machine show in them too, by their bridges.

man: proc(5) on /proc/net/route, ip-route(8)
Try it: `ip route; lab network create front; lab network inspect front`
"""

import contextlib
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any, NamedTuple

from engine import files
from engine.errors import EngineError, InvalidArgument
from engine.network.networks import Network

CONFIGURATION = Path("/etc/labshell/networks.json")
_LONGEST_PREFIX = 30  # a network, a gateway, a container, a broadcast address


class Pool(NamedTuple):
    """A block of addresses, cut into subnets of `size` bits of prefix."""

    base: IPv4Network
    size: int

    def subnets(self) -> Iterator[IPv4Network]:
        """Its subnets, in order."""
        return self.base.subnets(new_prefix=self.size)


_DEFAULTS = (
    *(Pool(IPv4Network(f"172.{number}.0.0/16"), 16) for number in range(17, 32)),
    Pool(IPv4Network("192.168.0.0/16"), 20),
)


def pools(path: Path = CONFIGURATION) -> tuple[Pool, ...]:
    """Those of the configuration, or the defaults. EngineBroken if it is damaged."""

    def parse(data: Any) -> tuple[Pool, ...]:
        return tuple(
            Pool(IPv4Network(one["base"]), max(int(one["size"]), 1))
            for one in data.get("default-address-pools", ())
        )

    with contextlib.suppress(FileNotFoundError):
        return files.read_record(path, parse) or _DEFAULTS
    return _DEFAULTS


def routes(path: Path = Path("/proc/net/route")) -> dict[IPv4Network, str]:
    """What this machine reaches by routes of its own, and through which interface."""
    found: dict[IPv4Network, str] = {}
    with contextlib.suppress(FileNotFoundError):  # a kernel without IPv4
        for line in path.read_text().splitlines()[1:]:
            interface, destination, *_ = words = line.split()
            address = IPv4Address(int(destination, 16).to_bytes(4, "little"))
            mask = IPv4Address(int(words[7], 16).to_bytes(4, "little"))
            if int(mask):  # 0 is the default route, and would be everything
                found[IPv4Network(f"{address}/{mask}", strict=False)] = interface
    return found


def choose(taken: Iterable[IPv4Network], offered: tuple[Pool, ...]) -> IPv4Network:
    """The first subnet of the pools that overlaps with nothing `taken`.

    EngineError, in Docker's words, if there is none left.
    """
    used = tuple(taken)
    for pool in offered:
        for subnet in pool.subnets():
            if not any(subnet.overlaps(other) for other in used):
                return subnet
    raise EngineError(
        "could not find an available, non-overlapping IPv4 address pool among the "
        "defaults to assign to the network",
        f"`lab network prune`, or --subnet, or more pools in {CONFIGURATION}.",
    )


def used_by(networks: Iterable[Network]) -> list[IPv4Network]:
    """The subnets of these networks."""
    return [network.block for network in networks if network.subnet]


def parse(subnet: str) -> IPv4Network:
    """The subnet that was asked for. InvalidArgument if it is none."""
    if ":" in subnet:
        raise InvalidArgument(
            f"invalid subnet {subnet}: networks of IPv6 are not supported here",
            "As in --subnet 10.10.0.0/24.",
        )
    try:
        block = IPv4Network(subnet)
    except ValueError as error:
        raise InvalidArgument(
            f"invalid subnet {subnet} : {error}", "As in --subnet 10.10.0.0/24."
        ) from error
    if block.prefixlen > _LONGEST_PREFIX or block.prefixlen < 8:
        raise InvalidArgument(
            f"invalid subnet {subnet}: it has no room for a gateway and a container"
            if block.prefixlen > _LONGEST_PREFIX
            else f"invalid subnet {subnet}: that is much of the whole Internet",
            "As in --subnet 10.10.0.0/24, which has 253 addresses for containers.",
        )
    return block
