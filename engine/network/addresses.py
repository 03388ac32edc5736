"""Addresses: which container has which.

    networks/front.leases/172.18.0.2  ─▶  ../../containers/ID      a link is a lease

The lowest address that is free is given. A lease holds from the start of a container to
its end, over restarts by its policy. Whoever takes one holds the lock of all networks,
and has written it into the container's network.json *before*: a lease that no
network.json tells of was left by somebody who was killed, and is free.

Source: what Docker calls IPAM, IP address management
Try it: `lab run -d --network bridge busybox sleep 60`, then
`ls -l /var/lib/labshell/networks/*.leases`
"""

import contextlib
import os
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from engine import entries
from engine.errors import Conflict, EngineError, InvalidArgument
from engine.network.networks import Network
from engine.runtime import sandbox


def leased(leases: Path, containers: Path) -> dict[str, str]:
    """Address -> ID of the container that has it; what nobody has is left out."""
    try:
        names = os.listdir(leases)
    except FileNotFoundError:
        return {}
    found = {}
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            identity = os.path.basename(os.readlink(leases / name))
            if sandbox.exists(containers / identity):
                found[name] = identity
    return found


def choose(network: Network, taken: dict[str, str], wanted: str = "") -> str:
    """An address of `network` that is not `taken`: the one that is `wanted`, if any.

    Conflict if it is taken, InvalidArgument if it is of another network.
    """
    if wanted:
        check_wanted(network, wanted)
        if wanted in taken:
            raise Conflict(
                "Address already in use",
                f"{wanted} is that of container {taken[wanted][:12]}.",
            )
        return wanted
    for address in _candidates(network):
        if address not in taken:
            return address
    raise EngineError(
        f"no available IPv4 addresses on network {network.name}: all are in use",
        "`lab network create --subnet` with a shorter prefix has more.",
    )


def _candidates(network: Network) -> Iterator[str]:
    """The addresses for containers, in order: not the gateway's, nor everybody's."""
    block = network.block
    inner = IPv4Network(network.ip_range) if network.ip_range else block
    never = {block.network_address, block.broadcast_address}
    never.add(IPv4Address(network.gateway))
    return (str(address) for address in inner if address not in never)


def check_wanted(network: Network, wanted: str) -> None:
    """Raise InvalidArgument unless a container may have the address in `network`."""
    block = network.block
    try:
        address = IPv4Address(wanted)
    except ValueError as error:
        raise InvalidArgument(
            f"invalid IPv4 address: {wanted}", f"As in {block[2]}."
        ) from error
    if address not in block:
        raise InvalidArgument(
            f"Invalid address {wanted}: It does not belong to any of this network's "
            "subnets",
            f"{network.name} is {network.subnet}.",
        )
    if address in (block.network_address, block.broadcast_address):
        raise InvalidArgument(
            f"Invalid address {wanted}: the first and the last of a subnet are for all",
            f"As in {block[2]}.",
        )
    if wanted == network.gateway:
        raise Conflict("Address already in use", f"{wanted} is the gateway's.")


def take(lease: Path, identity: str) -> None:
    """Enter a lease. The caller holds the lock, and has seen that it is free."""
    lease.parent.mkdir(mode=0o711, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        entries.link(f"../../containers/{identity}", lease)
        return
    entries.unlink(lease)  # left by somebody who was killed
    entries.link(f"../../containers/{identity}", lease)


def hardware_address(address: str) -> str:
    """The one of an interface with `address`, as Docker makes it: 02:42, then it.

    Who gets the address of one that has gone is then no stranger to the neighbours.
    """
    return ":".join(f"{byte:02x}" for byte in b"\x02\x42" + IPv4Address(address).packed)
