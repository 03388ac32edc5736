"""Endpoints: a container is attached to its networks, and detached from them.

    attach   before each start, by the command that starts it; nothing happens if all is
             still there from before, as after a restart by policy
    join     one more network, while it runs
    leave    one network less, while it runs
    (end)    runtime/sandbox.py: whoever sees the container end takes all away

For each network of a container, in this order:

    1  its bridge is there                                          making.py
    2  an address is chosen, network.json written, the lease taken  addresses.py

and then, when all of them have a place:

    3  the namespace                                                pins.py
    4  a pair of interfaces: one end at the bridge, one inside
    5  inside: the interface on, its address, the way out

What a start asks of the kernel is four messages, a millisecond or two. Killed at any
point, it has left network.json, which tells whoever comes next what to take away.

Whoever steps through a start stands still from 3 on, and as long as they like. So no
lock is held from there on: the state `stepped` keeps others away, and what is wanted is
written down by then. What is done before, a bridge too, others wait for: it goes by.

man: veth(4), rtnetlink(7)
Try it: `lab run --rm --explain=links --network bridge busybox ip address`
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine import files
from engine.errors import InvalidState, NotFound
from engine.kernel import addresses as inner
from engine.kernel import links, netlink
from engine.network import addresses, making, pins
from engine.network.machine import Machine
from engine.network.membership import Membership
from engine.network.networks import Network, link_name
from engine.network.pins import Pinned
from engine.oci.spec import Identities
from engine.runtime import bundle, sandbox, state
from engine.runtime.sandbox import Endpoint, Sandbox

if TYPE_CHECKING:
    from engine.gatekeeper import Decide


class Plug(NamedTuple):
    """An endpoint, and the bridge that it is to be plugged into."""

    endpoint: Endpoint
    bridge: str


def attach(
    machine: Machine,
    directory: Path,
    memberships: Sequence[Membership],
    decide: "Decide | None" = None,
    *,
    publishing: bool,
    identities: Identities | None = None,
) -> tuple[Sandbox, bool]:
    """Give the container in `directory` its network, and whether it is new.

    `decide` is asked before each act that nobody else waits for; the container is
    `stepped` then. `publishing`: it has published ports. `identities`: it has a user
    namespace, to which its network shall belong. EngineError: nothing is left.
    """
    with contextlib.ExitStack() as alone:
        alone.enter_context(bundle.held(directory / "bundle"))
        there = Sandbox.read(directory)
        if there and sandbox.is_pinned(Path(there.namespace)):
            return there, False
        if state.read(directory).stepped and not decide:
            raise InvalidState(f"somebody steps through the start of {directory.name}")
        sandbox.take_away(directory)  # the machine has restarted since
        pin = machine.place.pin(directory.name)
        sandbox.unpin(pin)
        planned = Sandbox(namespace=str(pin), identities=identities)
        try:
            planned.write(directory)
            plugs = []
            for each in memberships:
                planned, plug = _planned(machine, directory, planned, each, publishing)
                plugs.append(plug)
            if decide:
                alone.close()
            _make(machine, directory, planned, plugs, decide)
        except BaseException:
            if Sandbox.read(directory) == planned:  # not if it has been ended meanwhile
                sandbox.take_away(directory)
            raise
        return planned, True


def _make(
    machine: Machine,
    directory: Path,
    planned: Sandbox,
    plugs: Sequence[Plug],
    decide: "Decide | None",
) -> None:
    """The namespace, and what is plugged into it; `decide` is asked before each act."""
    with _held(machine, directory, planned, decide) as held:
        if decide and not sandbox.exists(directory):  # ended meanwhile: see pinning.py
            sandbox.unpin(Path(planned.namespace))
        with _asking(decide):
            for plug in plugs:
                _plug_in(planned, plug, held)


def _asking(decide: "Decide | None") -> contextlib.AbstractContextManager[None]:
    if decide is None:
        return contextlib.nullcontext()
    from engine.gatekeeper import asking

    return asking(decide)


def join(
    machine: Machine, directory: Path, membership: Membership, *, publishing: bool
) -> tuple[Sandbox, Endpoint]:
    """Connect a running container to one more network; if that fails all is as before.

    InvalidState if it has no network namespace of its own.
    """
    with bundle.held(directory / "bundle"):
        before = _there(directory)
        try:
            planned, plug = _planned(machine, directory, before, membership, publishing)
            with _held(machine, directory, planned) as held:
                _plug_in(planned, plug, held)
        except BaseException:
            for endpoint in (Sandbox.read(directory) or before).endpoints:
                if endpoint not in before.endpoints:
                    sandbox.unplug(directory.name, endpoint)
            before.write(directory)
            raise
        return planned, plug.endpoint


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


def _held(
    machine: Machine, directory: Path, held: Sandbox, decide: "Decide | None" = None
) -> Pinned:
    record, pin = directory / "acts.jsonl", Path(held.namespace)
    return pins.hold(
        pin,
        machine.place,
        record,
        at_once=machine.at_once,
        decide=decide,
        identities=held.identities,
    )


def _way_out(held: Sandbox) -> Endpoint | None:
    """The endpoint through which the default route leads."""
    return next((one for one in held.endpoints if one.gateway), None)


def _planned(
    machine: Machine,
    directory: Path,
    before: Sandbox,
    membership: Membership,
    publishing: bool,
) -> tuple[Sandbox, Plug]:
    """Find a place in one more network, and write down that it is the container's."""
    with (
        files.closing(netlink.open_socket()) as channel,
        files.locked(machine.networks.lock),
    ):
        network, name = making.ready(machine, membership.network, channel)
        endpoint = _endpoint(machine, before, network, membership)
        if publishing and endpoint.gateway:
            from engine.network import publication  # few containers publish ports

            endpoint = endpoint._replace(table=publication.table(machine))
        after = before._replace(endpoints=(*before.endpoints, endpoint))
        after.write(directory)
        addresses.take(Path(endpoint.lease), directory.name)
    return after, Plug(endpoint=endpoint, bridge=name)


def _plug_in(planned: Sandbox, plug: Plug, held: Pinned) -> None:
    """Connect an open namespace to one more network."""
    endpoint, pin = plug.endpoint, planned.namespace
    port = links.Port(
        name=endpoint.link, bridge=plug.bridge, number=links.number(plug.bridge)
    )
    end = links.End(
        name=endpoint.interface, mac=endpoint.mac, namespace=held.namespace, pin=pin
    )
    with files.closing(netlink.open_socket()) as channel:
        links.add_pair(channel, port, end)
    _set_up(held.channel, pin, endpoint)
    if _way_out(planned) == endpoint:
        inner.add_default_route(held.channel, pin, endpoint.gateway)


def _endpoint(
    machine: Machine, before: Sandbox, network: Network, membership: Membership
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
