"""Networking: a container gets its network before it starts, or when it is asked for.

    start       attach: namespace, addresses, /etc/hosts; then its shim starts it
    connect     one more network, also while it runs
    disconnect  one network less
    the end     its shim takes all away: see runtime/sandbox.py

That a container belongs to a network is in its config.json; what comes of it while it
runs is in network.json.

Source: Docker Engine API 1.41, /networks/{id}/connect
Try it: `lab network create front; lab network connect front box`
"""

import contextlib
from typing import TYPE_CHECKING

from engine import events
from engine.containers import network_files
from engine.containers.house import House
from engine.containers.record import Container
from engine.errors import Conflict, InvalidState, NotFound
from engine.network.membership import BRIDGE, HOST, NONE, Membership, has_own_namespace
from engine.runtime.sandbox import Endpoint, Sandbox

if TYPE_CHECKING:
    from engine.gatekeeper import Decide
    from engine.network.machine import Machine
    from engine.network.networks import Network


def machine(house: House) -> "Machine":
    """What the verbs of networks are given."""
    from engine.network.machine import Machine

    return Machine(place=house.place, networks=house.networks, at_once=house.watched)


def name_of(house: House, network: str) -> str:
    """The name of the network that --network means. NotFound if there is none."""
    if network == BRIDGE or not has_own_namespace(network):
        return network
    return house.networks.find(network).name


def attach(house: House, container: Container, decide: "Decide | None" = None) -> None:
    """Give a container its network, unless it has it, as after a restart by policy.

    Its shim lives by now; if `decide` is to be asked before each act, it has been told.
    EngineError if it cannot be; then nothing is left.
    """
    if not has_own_namespace(container.options.network):
        return
    from engine.network import endpoints

    sandbox, anew = endpoints.attach(
        machine(house),
        container.directory,
        container.memberships,
        decide,
        publishing=_publishes(container),
        identities=container.identities,
    )
    if anew:
        network_files.settle(container, sandbox)
        for endpoint in sandbox.endpoints:
            _tell(house, "connect", endpoint, container)


def _publishes(container: Container) -> bool:
    return bool(container.options.ports or container.options.publish_all)


def _changed(house: House, container: Container, sandbox: Sandbox) -> None:
    """What else follows when the networks of a running container are others."""
    from engine.runtime import client

    network_files.settle(container, sandbox)
    with (
        contextlib.suppress(*client.GONE),  # it has just ended
        client.connect(house.place, container.directory) as connection,
    ):
        connection.ask("networks")


def connect(
    house: House, container: Container, network: "Network", wanted: Membership
) -> None:
    """Let a container belong to one more network; at once, if it runs."""
    _check(container, network, wanted)
    if not container.active:
        _remember(house, container, wanted)
        return
    from engine.network import endpoints

    sandbox, endpoint = endpoints.join(
        machine(house), container.directory, wanted, publishing=_publishes(container)
    )
    _remember(house, container, wanted)
    _changed(house, container, sandbox)
    _tell(house, "connect", endpoint, container)


def _remember(house: House, container: Container, wanted: Membership) -> None:
    house.records.change(
        container, lambda now: now._replace(memberships=(*now.memberships, wanted))
    )


def _check(container: Container, network: "Network", wanted: Membership) -> None:
    mode = container.options.network
    if not has_own_namespace(mode) or network.name in (HOST, NONE):
        if HOST in (mode, network.name):
            raise Conflict(
                "container cannot be disconnected from host network or connected to "
                "host network",
                "It shares the machine's network: make it anew with another --network.",
            )
        raise Conflict(
            "container cannot be connected to multiple networks with one of the "
            "networks in private (none) mode",
            "Make it anew with another --network.",
        )
    if any(one.network == network.name for one in container.memberships):
        raise Conflict(
            f"endpoint with name {container.name} already exists in network "
            f"{network.name}",
            "It is connected already.",
        )
    if network.predefined and (wanted.address or wanted.aliases):
        raise InvalidState(
            "user specified IP address is supported on user defined networks only"
            if wanted.address
            else "network-scoped alias is supported only for containers in user "
            "defined networks",
            "`lab network create` makes one.",
        )
    if wanted.address:
        from engine.network import addresses

        addresses.check_wanted(network, wanted.address)


def disconnect(house: House, container: Container, network: str) -> None:
    """Let a container belong to one network less; at once, if it runs."""
    if not any(one.network == network for one in container.memberships):
        raise NotFound(
            f"container {container.id} is not connected to network {network}",
            f"`lab inspect {container.name}` shows its networks.",
        )
    if container.active:
        from engine.network import endpoints

        sandbox, endpoint = endpoints.leave(
            machine(house), container.directory, house.networks.find(network)
        )
        _changed(house, container, sandbox)
        _tell(house, "disconnect", endpoint, container)
    house.records.change(
        container,
        lambda now: now._replace(
            memberships=tuple(m for m in now.memberships if m.network != network)
        ),
    )


def _tell(house: House, action: str, endpoint: Endpoint, container: Container) -> None:
    notes = {"container": container.id, "name": endpoint.network, "type": BRIDGE}
    events.record(house.root, "network", action, endpoint.network_id, notes)
