"""Endpoints: a container is attached to its networks, and detached from them.

    attach   before each start, by the command that starts it; nothing happens if all is
             still there from before, as after a restart by policy
    join     one more network, while it runs
    leave    one network less, while it runs
    (end)    runtime/sandbox.py: whoever sees the container end takes all away

For each network of a container, in this order:

    1  its bridge is there                                          making.py
    2  an address is chosen, network.json written, the lease taken  addresses.py
    3  a pair of interfaces: one end at the bridge, one inside
    4  inside: the interface on, its address, the way out

What a start asks of the kernel is four messages, a millisecond or two. Killed at any
point, it has left network.json, which tells whoever comes next what to take away.

man: veth(4), rtnetlink(7)
Try it: `lab run --rm --explain=links --network bridge busybox ip address`
"""

import os
from collections.abc import Sequence
from pathlib import Path

from engine import files
from engine.errors import InvalidState, NotFound
from engine.kernel import addresses as inner
from engine.kernel import links, netlink
from engine.network import addresses, making, pins
from engine.network.machine import Machine
from engine.network.membership import Membership
from engine.network.networks import Network, link_name
from engine.network.pins import Pinned
from engine.runtime import bundle, sandbox
from engine.runtime.sandbox import Endpoint, Sandbox


def attach(
    machine: Machine, directory: Path, memberships: Sequence[Membership]
) -> tuple[Sandbox, bool]:
    """Give the container in `directory` its network, and whether it is new.

    EngineError if it cannot be; then nothing is left.
    """
    with bundle.held(directory / "bundle"):
        there = Sandbox.read(directory)
        if there and sandbox.is_pinned(Path(there.namespace)):
            return there, False
        sandbox.take_away(directory)  # the machine has restarted since
        pin = machine.place.pin(directory.name)
        sandbox.unpin(pin)
        try:
            made = Sandbox(namespace=str(pin))
            made.write(directory)
            with _held(machine, directory, made) as held:
                for membership in memberships:
                    made = _plug_in(machine, directory, made, membership, held)
        except BaseException:
            sandbox.take_away(directory)
            raise
        return made, True


def join(
    machine: Machine, directory: Path, membership: Membership
) -> tuple[Sandbox, Endpoint]:
    """Connect a running container to one more network; if that fails all is as before.

    InvalidState if it has no network namespace of its own.
    """
    with bundle.held(directory / "bundle"):
        before = _there(directory)
        try:
            with _held(machine, directory, before) as held:
                made = _plug_in(machine, directory, before, membership, held)
        except BaseException:
            for endpoint in (Sandbox.read(directory) or before).endpoints:
                if endpoint not in before.endpoints:
                    sandbox.unplug(directory.name, endpoint)
            before.write(directory)
            raise
        return made, made.endpoints[-1]


def leave(
    machine: Machine, directory: Path, network: Network
) -> tuple[Sandbox, Endpoint]:
    """Disconnect a running container from a network: what is left, and what was.

    If the way out led through it, it leads through another network now.
    """
    with bundle.held(directory / "bundle"):
        before = _there(directory)
        found = [one for one in before.endpoints if one.network == network.name]
        if not found:
            raise NotFound(
                f"container {directory.name} is not connected to network "
                f"{network.name}",
                "`lab inspect` shows its networks.",
            )
        others = tuple(one for one in before.endpoints if one not in found)
        after = before._replace(endpoints=others)
        sandbox.unplug(directory.name, found[0])
        after.write(directory)
        if (
            found[0].gateway
            and _way_out(before) == found[0]
            and (way := _way_out(after))
        ):
            with _held(machine, directory, after) as held:
                inner.add_default_route(held.channel, after.namespace, way.gateway)
        return after, found[0]


def _there(directory: Path) -> Sandbox:
    found = Sandbox.read(directory)
    if found is None or not sandbox.is_pinned(Path(found.namespace)):
        raise InvalidState(
            f"container {directory.name} has no network namespace of its own",
            "It ends at this moment, or was not started with a network.",
        )
    return found


def _held(machine: Machine, directory: Path, held: Sandbox) -> Pinned:
    record, pin = directory / "acts.jsonl", Path(held.namespace)
    return pins.hold(pin, machine.place, record, at_once=machine.at_once)


def _way_out(held: Sandbox) -> Endpoint | None:
    """The endpoint through which the default route leads."""
    return next((one for one in held.endpoints if one.gateway), None)


def _plug_in(
    machine: Machine,
    directory: Path,
    before: Sandbox,
    membership: Membership,
    held: Pinned,
) -> Sandbox:
    """Connect an open namespace to one more network: the sandbox as it is then."""
    with files.closing(netlink.open_socket()) as channel:
        with files.locked(machine.networks.lock):
            network, name = making.ready(machine, membership.network, channel)
            endpoint = _planned(machine, directory, before, network, membership)
            after = before._replace(endpoints=(*before.endpoints, endpoint))
            after.write(directory)
            addresses.take(Path(endpoint.lease), directory.name)
        port = links.Port(name=endpoint.link, bridge=name, number=links.number(name))
        end = links.End(
            name=endpoint.interface,
            mac=endpoint.mac,
            namespace=held.namespace,
            pin=before.namespace,
        )
        links.add_pair(channel, port, end)
    _set_up(held.channel, before.namespace, endpoint)
    if _way_out(after) == endpoint:
        inner.add_default_route(held.channel, before.namespace, endpoint.gateway)
    return after


def _planned(
    machine: Machine,
    directory: Path,
    before: Sandbox,
    network: Network,
    membership: Membership,
) -> Endpoint:
    """What the endpoint will be. The caller holds the lock of all networks."""
    networks = machine.networks
    leases = networks.leases(network.name)
    taken = addresses.leased(leases, networks.containers)
    address = addresses.choose(network, taken, membership.address)
    used = {one.interface for one in before.endpoints}
    free = (f"eth{number}" for number in range(len(used) + 1))
    return Endpoint(
        network=network.name,
        network_id=network.id,
        id=os.urandom(32).hex(),
        link=link_name(machine.place.tag),
        interface=next(name for name in free if name not in used),
        address=address,
        prefix=network.prefix,
        gateway="" if network.internal else network.gateway,
        mac=membership.mac or addresses.hardware_address(address),
        lease=str(leases / address),
        aliases=membership.aliases,
    )


def _set_up(channel: int, pin: str, endpoint: Endpoint) -> None:
    """Inside the namespace: the interface on, and its address."""
    name = endpoint.interface
    number = netlink.index_of(channel, name)
    inner.add_address(channel, pin, name, number, endpoint.address, endpoint.prefix)
    links.switch_on(channel, pin, name, number)
