"""A check sees the network of a process: addresses, routes, and whom it reaches."""

from ipaddress import IPv4Network

import pytest

from engine.engine import ContainerOptions
from labshell.lessons.checks import Lab
from labshell.lessons.lines import run_hidden
from labshell.lessons.network_view import NetworkView
from labshell.lessons.record import Made

pytestmark = pytest.mark.require("root", "overlay")


@pytest.fixture
def started(engine, busybox):
    """Starts a container that may change its network; returns what a check sees."""

    def start(name: str, network: str) -> NetworkView:
        options = ContainerOptions(
            image=busybox,
            name=name,
            command=("sleep", "1000000"),
            network=network,
            capabilities_add=("NET_ADMIN",),
        )
        engine.start(engine.create(options).id)
        lab = Lab(engine, values={}, maximum=1, began=Made())
        return lab.container(name).process.network

    return start


def test_addresses_and_the_way_out_are_seen_as_inspect_has_them(engine, started):
    found = started("cabin", "bridge")
    said = engine.inspect("cabin")["NetworkSettings"]["Networks"]["bridge"]
    assert found.addresses == {said["IPAddress"]}
    assert found.gateway == said["Gateway"]
    inside = IPv4Network((said["IPAddress"], said["IPPrefixLen"]), strict=False)
    assert found.neighbours == [inside]


def test_a_neighbour_is_reached_and_one_who_is_not_there_is_not(started):
    one, other = started("cabin", "bridge"), started("shed", "bridge")
    (there,) = other.addresses
    assert one.reaches(there)
    assert not started("cave", "none").reaches(there)


def test_without_a_network_there_is_nothing_to_be_seen(started):
    found = started("cave", "none")
    assert (found.addresses, found.gateway, found.neighbours) == (set(), None, [])


def test_an_interface_that_is_off_has_an_address_and_no_route(engine, started):
    found = started("cabin", "bridge")
    before = found.addresses
    run_hidden(engine, "lab exec cabin ip link set eth0 down")
    assert found.addresses == before
    assert (found.gateway, found.neighbours) == (None, [])


def test_a_process_that_has_ended_has_no_network(engine, started):
    found = started("cabin", "bridge")
    engine.remove("cabin", force=True)
    assert (found.addresses, found.gateway, found.neighbours) == (set(), None, [])


def test_a_name_is_asked_of_the_networks_that_a_process_is_on(engine, started):
    engine.create_network("moor")
    one, other = started("cabin", "moor"), started("shed", "moor")
    assert one.addresses_of("shed") == other.addresses
    assert one.addresses_of("nobody-of-this-name.invalid") == set()
    assert started("hut", "bridge").addresses_of("shed") == set()
