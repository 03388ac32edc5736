"""Interfaces, addresses, routes and rules, asked of the kernel by our own messages.

Each is done in a fresh child, in a network namespace of its own: the machine's is not
touched. `ip` and `nft` are the judges.
"""

import json
import os
import subprocess
from typing import Any

import pytest

from engine.errors import SyscallError
from engine.kernel import (
    addresses,
    firewall,
    libc,
    links,
    namespaces,
    netlink,
    nft_words,
)
from engine.network import bridge, hindrance, walls
from engine.network.networks import Network, bridge_name
from engine.runtime import translation
from tests.kernel.children import in_child

pytestmark = pytest.mark.require("root", "ip")
MAC = "02:42:0a:00:00:02"


def shown(*words: str) -> Any:
    done = subprocess.run(["ip", "-j", "-d", *words], capture_output=True, check=True)
    return json.loads(done.stdout or b"[]")


def alone(work: Any) -> Any:
    """Do it in a child that is alone in a network namespace."""

    def inside() -> Any:
        libc.call("unshare", 0x40000000)
        return work(netlink.open_socket())

    return in_child(inside)


def test_a_bridge_has_its_address_and_is_on() -> None:
    def work(channel: int) -> Any:
        links.add_bridge(channel, "lb0")
        number = links.number("lb0")
        addresses.add_address(channel, "", "lb0", number, "10.0.0.1", 24)
        assert links.exists("lb0")
        assert not links.is_on("lb0")
        links.switch_on(channel, "", "lb0", number)
        assert links.is_on("lb0")
        return shown("address", "show", "lb0")

    (bridge,) = alone(work)
    assert bridge["linkinfo"]["info_kind"] == "bridge"
    (address,) = [one for one in bridge["addr_info"] if one["family"] == "inet"]
    assert (address["local"], address["prefixlen"]) == ("10.0.0.1", 24)
    assert address["broadcast"] == "10.0.0.255"


def test_a_pair_has_one_end_at_the_bridge_and_one_in_another_namespace() -> None:
    def work(channel: int) -> Any:
        links.add_bridge(channel, "lb0")
        bridge = links.number("lb0")
        here = namespaces.hold("network")
        libc.call("unshare", 0x40000000)
        there, inside = namespaces.hold("network"), netlink.open_socket()
        namespaces.enter(here, "network", "here")
        port = links.Port(name="lv0", bridge="lb0", number=bridge)
        end = links.End(name="eth0", mac=MAC, namespace=there, pin="there")
        links.add_pair(channel, port, end)
        number = netlink.index_of(inside, "eth0")
        addresses.add_address(inside, "there", "eth0", number, "10.0.0.2", 24)
        links.switch_on(inside, "there", "eth0", number)
        addresses.add_default_route(inside, "there", "10.0.0.1")
        outer = shown("link", "show", "lv0")
        namespaces.enter(there, "network", "there")
        inner = shown("link", "show", "eth0")
        return [*outer, *inner, *shown("route")]

    outer, inner, default, near = alone(work)
    assert outer["master"] == "lb0"
    assert "UP" in outer["flags"]
    assert inner["address"] == MAC
    assert "UP" in inner["flags"]
    assert default["gateway"] == "10.0.0.1"
    assert near["dst"] == "10.0.0.0/24"


def test_what_the_kernel_refuses_names_the_interface() -> None:
    def work(channel: int) -> Any:
        links.add_bridge(channel, "lb0")
        found = []
        for ask in (
            lambda: links.add_bridge(channel, "lb0"),
            lambda: links.delete(channel, "lb1"),
            lambda: netlink.index_of(channel, "lb2"),
            lambda: links.number("lb3"),
        ):
            try:
                ask()
            except SyscallError as error:
                found.append([error.name, error.target])
        links.delete(channel, "lb0")
        return [*found, links.exists("lb0")]

    assert alone(work) == [
        ["EEXIST", "lb0"],
        ["ENODEV", "lb1"],
        ["ENODEV", "lb2"],
        ["ENODEV", "lb3"],
        False,
    ]


def test_without_the_power_to_do_so_the_advice_is_another_network() -> None:
    def work() -> Any:
        channel = netlink.open_socket()
        os.setuid(65534)
        try:
            links.add_bridge(channel, "lb0")
        except SyscallError as error:
            return [error.name, error.hint]
        return []

    name, hint = in_child(work)
    assert name == "EPERM"
    assert "--network none" in hint


@pytest.mark.require("nft")
def test_the_rules_of_networks_come_and_go_and_others_stay() -> None:
    one = Network(name="a", id="a" * 64, created="", subnet="10.0.0.0/24", gateway="")
    two = one._replace(name="b", subnet="10.0.1.0/24", internal=True)

    def work(channel: int) -> Any:
        subprocess.run(["nft", "add", "table", "inet", "somebody"], check=True)
        firewall.apply(walls.add("tag", "lb0", one))
        firewall.apply(walls.add("tag", "lb0", one))
        firewall.apply(walls.add("tag", "lb1", two))
        both = firewall.listed("labshell-tag")
        firewall.apply(walls.remove("tag", "lb0", one))
        firewall.apply(walls.remove("tag", "lb0", one))
        left = firewall.listed("labshell-tag")
        firewall.apply(walls.remove_all("tag"))
        firewall.apply(walls.remove_all("tag"))
        return [both, left, firewall.ruleset()]

    both, left, after = alone(work)
    assert elements(both, "bridges") == ["lb0", "lb1"]
    assert elements(both, "internal") == ["lb1"]
    assert len([each for each in both if "rule" in each]) == 9
    assert elements(left, "bridges") == ["lb1"]
    assert elements(left, "subnets") == []
    tables = [each["table"]["name"] for each in after if "table" in each]
    assert tables == ["somebody"]


@pytest.mark.require("nft")
def test_what_is_said_to_let_our_bridges_pass_does_so() -> None:
    """The command is run as it is printed, and then there is nothing to say."""
    closed = (
        "add table ip filter; add chain ip filter FORWARD "
        "{ type filter hook forward priority 0; policy drop; }"
    )

    def work(channel: int) -> Any:
        subprocess.run(["nft", closed], check=True)
        (found,) = hindrance.in_tables(firewall.ruleset(), "0123abcd")
        subprocess.run(["sh", "-c", found.admit("0123abcd")], check=True)
        return [found.told, hindrance.in_tables(firewall.ruleset(), "0123abcd")]

    told, left = alone(work)
    assert "FORWARD" in told
    assert left == []


def elements(listed: list[Any], name: str) -> list[Any]:
    (found,) = [x["set"] for x in listed if x.get("set", {}).get("name") == name]
    return sorted(found.get("elem", []))


@pytest.mark.require("nft")
def test_a_rule_that_nft_does_not_take_is_an_error_that_quotes_it() -> None:
    def work(channel: int) -> Any:
        try:
            firewall.apply([{"add": {"table": {"family": "nosuch", "name": "x"}}}])
        except Exception as error:
            return [type(error).__name__, str(error)]
        return []

    kind, words = alone(work)
    assert kind == "EngineError"
    assert words.startswith("nft: ")


@pytest.mark.require("nft")
def test_the_words_for_a_request_make_the_same_table_as_the_request() -> None:
    one = Network(name="a", id="a" * 64, created="", subnet="10.0.0.0/24", gateway="")
    led = [
        translation.Rule("0.0.0.0", "tcp", 8080, "10.0.0.2", 80),
        translation.Rule("10.9.0.1", "udp", 53, "10.0.0.3", 53),
    ]
    requests = [
        *walls.add("tag", "lb0", one),
        *(translation.added("labshell-tag", rule) for rule in led),
    ]

    def work(channel: int) -> Any:
        firewall.apply(requests)
        asked = subprocess.check_output(["nft", "list", "ruleset"], text=True)
        firewall.apply(walls.remove_all("tag"))
        words = nft_words.of(json.dumps({"nftables": requests}))
        subprocess.run(["nft", "; ".join(words)], check=True)
        typed = subprocess.check_output(["nft", "list", "ruleset"], text=True)
        return [asked, typed]

    asked, typed = alone(work)
    assert "masquerade" in asked
    assert asked.count("dnat ip to") == 2
    assert typed == asked


@pytest.mark.require("nft")
def test_published_ports_come_and_go_by_their_container() -> None:
    one = Network(name="a", id="a" * 64, created="", subnet="10.0.0.0/24", gateway="")
    everywhere = translation.Rule("0.0.0.0", "tcp", 8080, "10.0.0.2", 80)
    only = translation.Rule("10.9.0.1", "udp", 53, "10.0.0.2", 53)
    at_home = [everywhere._replace(address=one) for one in ("::", "127.0.0.1")]

    def work(channel: int) -> Any:
        firewall.apply(walls.add("tag", "lb0", one))
        translation.lead("labshell-tag", [everywhere, only, *at_home])
        first = _seen()
        # The port is another container's now: who had it was killed.
        here = everywhere._replace(address="10.9.0.7", to="10.0.0.3")
        translation.lead("labshell-tag", [here])
        second = _seen()
        translation.withdraw("labshell-tag", "10.0.0.2")
        translation.withdraw("labshell-tag", "10.0.0.2")
        third = _seen()
        translation.withdraw("labshell-tag", "10.0.0.3")
        return [first, second, third, _seen()]

    assert alone(work) == [
        [["0.0.0.0", 8080, "10.0.0.2"], ["10.9.0.1", 53, "10.0.0.2"]],
        [["10.9.0.1", 53, "10.0.0.2"], ["10.9.0.7", 8080, "10.0.0.3"]],
        [["10.9.0.7", 8080, "10.0.0.3"]],
        [],
    ]


def _seen() -> list[Any]:
    found = translation.rules("labshell-tag")
    return [[rule.address, rule.port, rule.to] for rule in found]


@pytest.mark.require("nft")
def test_a_table_made_anew_keeps_the_ports_of_networks_that_stay() -> None:
    one = Network(name="a", id="a" * 64, created="", subnet="10.0.0.0/24", gateway="")
    two = one._replace(name="b", id="b" * 64, subnet="10.0.1.0/24")

    def work(channel: int) -> Any:
        for network in (one, two):
            links.add_bridge(channel, bridge_name("tag", network))
            firewall.apply(walls.add("tag", bridge_name("tag", network), network))
        rule = translation.Rule("0.0.0.0", "tcp", 8080, "10.0.0.2", 80)
        other = rule._replace(port=8081, to="10.0.1.2")
        translation.lead("labshell-tag", [rule, other])
        bridge.keep_only("tag", [one])
        return _seen()

    assert alone(work) == [["0.0.0.0", 8080, "10.0.0.2"]]
