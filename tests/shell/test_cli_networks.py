"""`lab network`: networks made, shown, joined, left and removed by commands."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.shell.lines import Lab

pytestmark = pytest.mark.require("root", "overlay", "nft")


@pytest.fixture(autouse=True)
def no_network_is_left(lab: Lab) -> Iterator[None]:
    yield
    lab("rm", "-f", *lab("ps", "-aq").lines)
    lab("network", "prune", "-f")


def test_a_network_is_made_listed_inspected_and_removed(lab: Lab) -> None:
    made = lab("network", "create", "-l", "tier=web", "front")
    assert len(made.lines[0]) == 64
    listed = lab("network", "ls").lines
    assert listed[0].split() == ["NETWORK", "ID", "NAME", "DRIVER", "SCOPE"]
    assert [line.split()[1] for line in listed[1:]] == [
        "bridge",
        "front",
        "host",
        "none",
    ]
    assert lab("network", "ls", "-q", "-f", "label=tier").lines == [made.lines[0][:12]]
    (shown,) = json.loads(lab("network", "inspect", "front").out)
    assert shown["Id"] == made.lines[0]
    assert shown["Labels"] == {"tier": "web"}
    assert lab("network", "rm", "front").lines == ["front"]
    assert "network front not found" in lab("network", "inspect", "front").error


def test_who_is_connected_is_shown_on_both_sides(lab: Lab) -> None:
    lab("network", "create", "--subnet", "10.214.0.0/24", "front")
    lab("create", "--name", "box", "--network", "bridge", "busybox", "sleep", "100")
    lab("network", "connect", "--ip", "10.214.0.9", "--alias", "db", "front", "box")
    lab("start", "box")
    (network,) = json.loads(lab("network", "inspect", "front").out)
    (there,) = network["Containers"].values()
    assert (there["Name"], there["IPv4Address"]) == ("box", "10.214.0.9/24")
    (box,) = json.loads(lab("inspect", "box").out)
    networks = box["NetworkSettings"]["Networks"]
    assert list(networks) == ["bridge", "front"]
    assert networks["front"]["IPAddress"] == "10.214.0.9"
    assert networks["front"]["Aliases"] == ["db", box["Id"][:12]]
    assert box["NetworkSettings"]["IPAddress"] == networks["bridge"]["IPAddress"]
    assert lab("ps", "-q", "--filter", "network=front").lines == [box["Id"][:12]]
    assert lab("network", "disconnect", "front", "box").code == 0
    again = lab("network", "disconnect", "front", "box")
    assert "is not connected to network front" in again.error
    assert lab("network", "disconnect", "-f", "front", "box").code == 0
    assert lab("ps", "-q", "--filter", "network=front").lines == []


def test_a_start_can_be_explained_down_to_its_interfaces(lab: Lab) -> None:
    done = lab(
        "run", "--rm", "--explain=links", "--network", "bridge", "busybox", "true"
    )
    assert done.code == 0
    assert "type veth peer name eth0 address 02:42:" in done.err
    assert "ip route add default via" in done.err


def test_the_end_of_a_network_can_be_explained(lab: Lab) -> None:
    lab("network", "create", "front")
    done = lab("network", "rm", "--explain", "front")
    assert done.lines == ["front"]
    assert "ip link delete lb" in done.err and "delete element inet" in done.err


def test_what_is_in_use_stays(lab: Lab) -> None:
    lab("network", "create", "front")
    lab("run", "-d", "--name", "box", "--network", "front", "busybox", "sleep", "100")
    refused = lab("network", "rm", "front")
    assert refused.code == 1
    assert "has active endpoints" in refused.error
    assert lab("network", "prune", "-f").out == ""


def test_a_network_that_is_not_there_is_the_engines_error(lab: Lab) -> None:
    done = lab("run", "--network", "nosuch", "busybox", "true")
    assert (done.code, done.error) == (125, "network nosuch not found")


def test_the_picture_shows_machine_bridge_pair_and_address(lab: Lab) -> None:
    block = f"10.215.{os.getpid() % 250}"  # others may run the same test
    lab("network", "create", "--internal", "--subnet", f"{block}.0/24", "back")
    lab("run", "-d", "--name", "box", "--network", "back", "busybox", "sleep", "100")
    switch = seen(lab, "back")
    assert (switch["internal"], switch["on"]) == (True, True)
    (plug,) = switch["plugs"]
    assert (plug["container"], plug["address"]) == ("box", f"{block}.2/24")
    before = plug["received"]
    lab("exec", "box", "ping", "-c2", switch["gateway"])
    drawn = lab("net").out
    for word in ("the machine", "back", "internal", f"{plug['link']} ═ eth0"):
        assert word in drawn
    assert seen(lab, "back")["plugs"][0]["received"] >= before + 2
    said = lab("net", "--plain").out
    assert "box is plugged into back" in said


def seen(lab: Lab, name: str) -> dict[str, Any]:
    """A network as `lab net` sees it."""
    return next(s for s in json.loads(lab("net", "--json").out) if s["network"] == name)


def test_several_networks_are_joined_and_ports_are_drawn_where_they_lead(
    lab: Lab,
) -> None:
    for name in ("one", "two"):
        lab("network", "create", name)
    several = ("--network", "two", "--network", "one", "--network", "default")
    line = ("run", "-d", "--name", "box", *several, "-p", "80", "busybox")
    assert lab(*line, "sleep", "100").code == 0
    plugs = {name: seen(lab, name)["plugs"][0] for name in ("one", "two", "bridge")}
    assert [plugs[name]["interface"] for name in ("two", "one", "bridge")] == [
        *("eth0", "eth1", "eth2"),
    ]
    assert plugs["one"]["ports"] == plugs["bridge"]["ports"] == []
    assert {port.partition(" → ")[2] for port in plugs["two"]["ports"]} >= {
        "80/tcp (porter)"
    }


@pytest.mark.parametrize("others", [("front",), ("none",), ("host",)])
def test_a_network_is_said_once_and_none_stands_alone(
    lab: Lab, others: tuple[str, ...]
) -> None:
    lab("network", "create", "front")
    words = [word for name in ("front", *others) for word in ("--network", name)]
    done = lab("run", "--rm", *words, "busybox", "true")
    assert (done.code, bool(done.error), bool(done.hint)) == (125, True, True)


@pytest.mark.parametrize(
    "asked",
    [("-o", "a=b"), ("--ipv6",), ("--attachable",), ("--driver", "macvlan")],
    ids=" ".join,
)
def test_what_docker_has_and_we_have_not_is_refused_with_what_to_do(
    lab: Lab, asked: tuple[str, ...]
) -> None:
    done = lab("network", "create", *asked, "front")
    assert done.code == 125
    assert (
        done.error
        == f"{DRIVER if 'macvlan' in asked else asked[0]} is not supported here"
    )
    assert "leave" in done.hint


DRIVER = "--driver macvlan"


def test_no_network_is_called_default(lab: Lab) -> None:
    done = lab("network", "create", "default")
    assert "word for the network bridge" in done.hint


def test_the_doctor_looks_for_rules_of_others(lab: Lab) -> None:
    findings = json.loads(lab("doctor", "--json").out)
    (found,) = [one for one in findings if one["topic"] == "forwarding"]
    assert found["verdict"] in ("works", "limited")
    assert found["verdict"] == "works" or "accept" in found["advice"].lower()
