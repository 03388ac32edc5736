"""What can be done with networks.

Try it: `lab network create front`, then `lab network inspect front`
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine import events
from engine.containers import networking
from engine.containers.options.networks import check_aliases
from engine.containers.record import Container
from engine.errors import Conflict, InvalidArgument, NotFound, told_as_engine_errors
from engine.filters import (
    NONE,
    Filters,
    Wanted,
    everything,
    fits,
    has_labels,
    refuse_unknown,
    truth,
)
from engine.network.membership import BRIDGE, Membership
from engine.runtime.sandbox import Sandbox
from engine.verbs.containers import ContainerVerbs

if TYPE_CHECKING:
    from engine.containers.looking.plugs import Switch
    from engine.network.networks import Network

_FILTERS = "dangling driver id label name scope type".split()


def _is(filters: Filters, key: str, value: str) -> bool:
    """Whether a filter is not used, or asks for this value."""
    return key not in filters or value in filters[key]


class NetworkVerbs(ContainerVerbs):
    """The verbs of networks."""

    @told_as_engine_errors()
    def create_network(
        self,
        name: str,
        *,
        subnet: str = "",
        gateway: str = "",
        ip_range: str = "",
        internal: bool = False,
        labels: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> "Network":
        """Make a network and its bridge; without `subnet` one that nobody uses."""
        from engine.network import making

        if (gateway or ip_range) and not subnet:
            raise InvalidArgument(
                "gateway and range need a subnet", "Say --subnet 10.10.0.0/24 too."
            )
        self._house.prepare()
        self._sweep()
        with self._swept_if_it_fails():
            network = making.create(
                networking.machine(self._house),
                name,
                subnet=subnet,
                gateway=gateway,
                ip_range=ip_range,
                internal=internal,
                labels=labels,
                options=options,
            )
        self._tell_of_network(network, "create")
        return network

    def _tell_of_network(self, network: "Network", action: str, **more: str) -> None:
        notes = {"name": network.name, "type": network.driver, **more}
        events.record(self._house.root, "network", action, network.id, notes)

    @told_as_engine_errors()
    def networks(self, filters: Filters = NONE) -> "list[Network]":
        """The networks that agree with the filters, by name."""
        refuse_unknown(filters, _FILTERS)
        dangling = truth(filters, "dangling")
        used = set() if dangling is None else self._used_networks()
        return [
            network
            for network in self._house.networks.all()
            if has_labels(filters.get("label", ()), network.labels)
            and ("name" not in filters or fits(filters["name"], network.name))
            and _is(filters, "driver", network.driver)
            and _is(filters, "scope", "local")
            and _is(filters, "type", "builtin" if network.predefined else "custom")
            and any(network.id.startswith(i) for i in filters.get("id", ("",)))
            and (dangling is None or dangling != (network.name in used))
        ]

    def _used_networks(self) -> set[str]:
        """The names of the networks that a container belongs to; and those kept."""
        from engine.network.networks import DRIVERS

        found = {o.network for c in self._house.records.all() for o in c.memberships}
        return found | DRIVERS.keys()

    @told_as_engine_errors()
    def network(self, name: str) -> "Network":
        """The network of this name or ID."""
        if name != BRIDGE:
            return self._house.networks.find(name)
        from engine import files
        from engine.network import making

        self._house.prepare()
        with files.locked(self._house.networks.lock):
            return making.default(networking.machine(self._house))

    def inspect_network(self, name: str) -> dict[str, Any]:
        """A network in Docker's shape, with the containers that are attached to it."""
        return self._shown(self.network(name), self.containers())

    def network_summaries(self, filters: Filters = NONE) -> list[dict[str, Any]]:
        """The networks that agree, in Docker's shape; without their containers."""
        return [self._shown(network, ()) for network in self.networks(filters)]

    def _shown(
        self, network: "Network", containers: Sequence[Container]
    ) -> dict[str, Any]:
        from engine.containers.looking import inspect_networks
        from engine.network.networks import bridge_name

        tag = self._house.place.tag
        bridge = bridge_name(tag, network) if network.subnet else ""
        return inspect_networks.network(network, bridge, containers)

    def switches(self) -> "list[Switch]":
        """Each network with its bridge, and the containers that are plugged in now."""
        from engine.containers.looking.plugs import switches

        return switches(self._house, self.containers())

    def hindrances(self) -> list[tuple[str, str]]:
        """Rules of others that keep containers from the outside, and what lets them."""
        from engine.network import hindrance

        tag = self._house.place.tag
        return [(one.told, one.admit(tag)) for one in hindrance.find(tag)]

    @told_as_engine_errors()
    def sandbox(self, name: str) -> Sandbox | None:
        """What there is of a container's network while it runs; None without one."""
        return Sandbox.read(self.container(name).directory)

    @told_as_engine_errors()
    def remove_network(self, name: str) -> None:
        """Remove a network to which no running container is connected."""
        from engine.network import making

        network = self.network(name)
        self.containers(all=True)  # what has been killed is not connected
        with self._swept_if_it_fails():
            making.remove(networking.machine(self._house), network)
        self._tell_of_network(network, "destroy")

    @told_as_engine_errors()
    def prune_networks(self, wanted: Wanted = everything) -> list[str]:
        """Remove the networks that no container belongs to; their names.

        With them goes what no record tells of, as after `rm -r` of the engine's root.
        """
        from engine.network import bridge, making

        used = self._used_networks()
        removed = []
        for network in self._house.networks.all():
            given = wanted(network.created, network.labels)
            if network.name not in used and given:
                try:
                    self.remove_network(network.name)
                except Conflict:
                    continue  # somebody was quicker
                removed.append(network.name)
        if bridge.of_root(self._house.place.tag):
            self._house.prepare()
            making.sweep(networking.machine(self._house))
        events.record(self._house.root, "network", "prune", "", {"reclaimed": "0"})
        return removed

    @told_as_engine_errors()
    def connect(self, network: str, name: str, wanted: Mapping[str, Any]) -> None:
        """Let a container belong to one more network; `wanted`: see Membership."""
        found = self.network(network)
        membership = Membership(network=found.name, **wanted)
        check_aliases(membership.aliases)
        with self._acting("connect", name) as container:
            networking.connect(self._house, container, found, membership)

    @told_as_engine_errors()
    def disconnect(self, network: str, name: str, *, force: bool = False) -> None:
        """Let a container belong to one network less; `force`: it need not do so."""
        belongs = [one.network for one in self.container(name).memberships]
        try:
            called = self.network(network).name
        except NotFound:  # it is removed, and a stopped container knows it still
            if network not in belongs:
                raise
            called = network
        if force and called not in belongs:
            return
        with self._acting("disconnect", name) as container:
            networking.disconnect(self._house, container, called)
