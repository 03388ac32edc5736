"""Making networks, and taking them away.

    create    a name, a subnet that nobody uses, a gateway in it; the record, the bridge
    ready     before a container is attached: the bridge is there, also after a restart
    remove    unless a container is attached

The subnet is chosen, and the bridge made, while a lock of the whole machine is held:
the bridge's route is what keeps others away from the subnet, other engines, too.

Source: Docker Engine API 1.41, /networks/create
Try it: `lab network create --subnet 10.20.0.0/24 front; lab network rm front`
"""

import contextlib
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network

from engine import files
from engine.errors import Conflict, InvalidArgument
from engine.kernel import links, netlink
from engine.network import addresses
from engine.network.machine import Machine
from engine.network.membership import BRIDGE, DEFAULT
from engine.network.networks import (
    DRIVERS,
    Network,
    bridge_name,
    check_name,
    check_options,
)
from engine.storage import unfinished
from engine.times import now


def create(
    machine: Machine,
    name: str,
    *,
    subnet: str = "",
    gateway: str = "",
    ip_range: str = "",
    internal: bool = False,
    labels: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
) -> Network:
    """Make a network, and its bridge. Conflict if the name or the subnet is taken."""
    from engine.network import bridge, pools

    _check_own(name)
    check_options(options or {})
    networks = machine.networks
    block = pools.parse(subnet) if subnet else None
    with _working(machine), files.locked(machine.lock):
        block = _free(machine, block)
        network = networks.new(
            name,
            subnet=str(block),
            gateway=_gateway(block, gateway),
            ip_range=_range(block, ip_range),
            internal=internal,
            labels=dict(labels or {}),
            options=dict(options or {}),
        )
        networks.write(network)
        try:
            with files.closing(netlink.open_socket()) as channel:
                bridge.provide(machine.place.tag, network, channel, networks.notices)
        except BaseException:
            _take_away(machine, network)
            raise
    return network


def _check_own(name: str) -> None:
    """Raise EngineError unless a network of one's own may be called so."""
    check_name(name)
    if name in (*DRIVERS, DEFAULT):
        raise Conflict(
            f"operation is not permitted on predefined {name} network",
            "That is a word for the network bridge: choose another name."
            if name == DEFAULT
            else "It is always there: choose another name.",
        )


@contextlib.contextmanager
def _working(machine: Machine) -> Iterator[None]:
    """Hold the lock of all networks, and leave a mark meanwhile: see `sweep`."""
    lock = machine.networks.lock
    with unfinished.marked(lock.parent), files.locked(lock):
        yield


def _free(machine: Machine, wanted: IPv4Network | None) -> IPv4Network:
    """The subnet that was asked for, or one that nobody uses."""
    from engine.network import pools

    taken = pools.used_by(machine.networks.all())
    if wanted is None:
        return pools.choose((*taken, *pools.routes()), pools.pools())
    if any(wanted.overlaps(block) for block in taken):
        raise Conflict(
            "Pool overlaps with other one on this address space",
            "Choose another --subnet; `lab network inspect` shows which are in use.",
        )
    return wanted


def _gateway(block: IPv4Network, asked: str) -> str:
    """The gateway: the first address, unless another one was asked for."""
    if not asked:
        return str(block[1])
    try:
        inside = IPv4Address(asked) in block and IPv4Address(asked) not in (
            block.network_address,
            block.broadcast_address,
        )
    except ValueError as error:
        raise InvalidArgument(
            f"invalid gateway address: {asked}", f"As in --gateway {block[1]}."
        ) from error
    if not inside:
        raise InvalidArgument(
            f"no matching subnet for gateway {asked}",
            f"It must be in {block}, and be neither its first nor its last address.",
        )
    return asked


def _range(block: IPv4Network, asked: str) -> str:
    """The part of the subnet from which addresses are given; "" for all of it."""
    if not asked:
        return ""
    try:
        inner = IPv4Network(asked)
    except ValueError as error:
        raise InvalidArgument(
            f"invalid --ip-range {asked}: {error}", f"A part of {block}."
        ) from error
    if not inner.subnet_of(block):
        raise InvalidArgument(
            f"no matching subnet for range {asked}", f"It must be a part of {block}."
        )
    return str(inner)


def default(machine: Machine) -> Network:
    """The network `bridge`: made at its first use. The caller holds the lock."""
    networks = machine.networks
    try:
        return Network.read(networks.path(BRIDGE))
    except FileNotFoundError:
        with unfinished.marked(networks.lock.parent), files.locked(machine.lock):
            network = _new_default(machine)
            networks.write(network)
            return network


def _new_default(machine: Machine) -> Network:
    block = _free(machine, None)
    return machine.networks.predefined(BRIDGE)._replace(
        created=now(), subnet=str(block), gateway=str(block[1])
    )


def ready(machine: Machine, name: str, channel: int) -> tuple[Network, str]:
    """A network whose bridge is there, and the bridge. The caller holds the lock."""
    networks = machine.networks
    network = default(machine) if name == BRIDGE else networks.find(name)
    tag = machine.place.tag
    if not links.is_on(bridge_name(tag, network)):
        from engine.network import bridge  # few starts have to make one

        with files.locked(machine.lock):
            if name == BRIDGE and bridge.is_taken(tag, network):
                network = _moved(machine, network)
            bridge.provide(tag, network, channel, networks.notices)
    return network, bridge_name(tag, network)


def _moved(machine: Machine, network: Network) -> Network:
    """The default network with another subnet: somebody else uses the old one now."""
    from engine.network import pools

    taken = pools.used_by(one for one in machine.networks.all() if one != network)
    block = pools.choose((*taken, *pools.routes()), pools.pools())
    moved = network._replace(subnet=str(block), gateway=str(block[1]))
    files.write_json(machine.networks.path(network.name), moved.to_json())
    return moved


def remove(machine: Machine, network: Network) -> None:
    """Remove a network. EngineError if it is always there, or in use."""
    if network.predefined:
        raise Conflict(
            f"{network.name} is a pre-defined network and cannot be removed",
            "It costs nothing while nobody uses it.",
        )
    with _working(machine):
        if attached := users(machine, network):
            first = next(iter(attached.values()))
            raise Conflict(
                f"error while removing network: network {network.name} id {network.id} "
                "has active endpoints",
                f"`lab network disconnect {network.name} {first[:12]}`, or stop it.",
            )
        _take_away(machine, network)


def _take_away(machine: Machine, network: Network) -> None:
    """First what is in the kernel, then what tells of it."""
    from engine.network import bridge

    with files.closing(netlink.open_socket()) as channel:
        bridge.remove(machine.place.tag, network, channel)
    machine.networks.forget(network)


def users(machine: Machine, network: Network) -> dict[str, str]:
    """Address -> ID of the containers that are attached to a network now."""
    leases = machine.networks.leases(network.name)
    return addresses.leased(leases, machine.networks.containers)


def clear(machine: Machine) -> None:
    """Take all bridges and rules of an engine root away, unless somebody is attached.

    The records stay: what they tell of is made anew when it is needed.
    """
    from engine.network import bridge

    with files.locked(machine.networks.lock):
        found = machine.networks.all()
        if not any(users(machine, network) for network in found):
            bridge.keep_only(machine.place.tag, [])
            with contextlib.suppress(OSError):  # there is none, or somebody starts one
                machine.place.pin("").rmdir()


def sweep(machine: Machine) -> None:
    """Remove what killed commands have left, and no record tells of."""
    from engine.network import bridge

    with files.locked(machine.networks.lock):
        machine.networks.drop_remains()
        bridge.keep_only(machine.place.tag, machine.networks.all())
