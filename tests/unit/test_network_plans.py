"""Plans of networks, without root: what is asked for, and in which order."""

import json
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from engine.errors import Conflict, EngineBroken, EngineError, InvalidArgument
from engine.network import addresses, bridge, hindrance, pools, walls
from engine.network.networks import Network, bridge_name, link_name
from engine.network.pools import Pool

TAG = "0123abcd"
FRONT = Network(
    name="front",
    id="f00d1" + "0" * 59,
    created="2026-01-01T00:00:00Z",
    subnet="10.1.0.0/24",
    gateway="10.1.0.1",
)
ROUTES = """\
Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
"""


def test_the_bridge_of_a_network_is_switched_on_last() -> None:
    assert [step.describe() for step in bridge.plan(TAG, FRONT)] == [
        "ip link add lb0123abcdf00d1 type bridge",
        "ip address add 10.1.0.1/24 dev lb0123abcdf00d1",
        "nft add element inet labshell-0123abcd bridges { lb0123abcdf00d1 }; "
        "nft add element inet labshell-0123abcd subnets { 10.1.0.0/24 }",
        "sysctl -w net.ipv4.ip_forward=1",
        "sysctl -w net.ipv4.neigh.default.gc_thresh3=16384",
        "ip link set lb0123abcdf00d1 up",
    ]


def test_for_an_internal_network_nothing_is_passed_on() -> None:
    inner = FRONT._replace(internal=True)
    told = [step.describe() for step in bridge.plan(TAG, inner)]
    assert len(told) == 5
    assert "internal { lb0123abcdf00d1 }" in told[2]
    assert "subnets" not in told[2]


def test_names_of_interfaces_fit_the_kernel() -> None:
    assert len(bridge_name(TAG, FRONT)) == 15
    assert len(link_name(TAG)) == 15
    assert len({link_name(TAG) for _ in range(20)}) > 10


def test_only_a_table_of_our_own_is_ever_named() -> None:
    requests = [
        *walls.add(TAG, "lb", FRONT),
        *walls.remove(TAG, "lb", FRONT),
        *walls.remove_all(TAG),
    ]
    for request in requests:
        (what,) = request.values()
        (kind,) = what
        table = what[kind]["name" if kind == "table" else "table"]
        assert table == "labshell-0123abcd"
        assert what[kind]["family"] == "inet"


def test_to_add_a_network_leaves_those_that_are_there() -> None:
    """Nothing is flushed but chains whose rules are the same for all."""
    requests = walls.add(TAG, "lb", FRONT)
    assert [r for r in requests if "delete" in r] == []
    flushed = [r["flush"] for r in requests if "flush" in r]
    fixed = ["forward", "postrouting", "prerouting", "output"]
    assert [what["chain"]["name"] for what in flushed] == fixed


def test_the_first_subnet_that_nobody_uses_is_chosen() -> None:
    taken = [IPv4Network("172.17.0.0/16"), IPv4Network("172.18.4.0/24")]
    assert str(pools.choose(taken, pools.pools(Path("/nowhere")))) == "172.19.0.0/16"


def test_when_all_are_used_that_is_said() -> None:
    with pytest.raises(EngineError, match="non-overlapping IPv4 address pool") as error:
        pools.choose([IPv4Network("10.0.0.0/8")], (Pool(IPv4Network("10.0.0.0/8"), 9),))
    assert "--subnet" in error.value.hint


def test_pools_of_the_configuration_take_the_place_of_the_defaults(
    tmp_path: Path,
) -> None:
    file = tmp_path / "networks.json"
    file.write_text(
        json.dumps({"default-address-pools": [{"base": "10.9.0.0/16", "size": 24}]})
    )
    assert str(pools.choose([], pools.pools(file))) == "10.9.0.0/24"
    file.write_text('{"default-address-pools": [{"base": "10.9.0.1/16"}]}')
    with pytest.raises(EngineBroken, match=r"networks\.json is damaged"):
        pools.pools(file)


def test_routes_of_the_machine_are_read_and_the_default_is_none(tmp_path: Path) -> None:
    file = tmp_path / "route"
    file.write_text(ROUTES)
    assert pools.routes(file) == {IPv4Network("192.0.2.0/24"): "eth0"}


@pytest.mark.parametrize(
    "subnet", ["10.0.0.0/31", "0.0.0.0/0", "10.1.2.3/8", "x", "::/64"]
)
def test_what_is_no_subnet_is_refused(subnet: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid subnet") as error:
        pools.parse(subnet)
    assert error.value.hint


def test_addresses_are_given_from_the_lowest() -> None:
    assert addresses.choose(FRONT, {}) == "10.1.0.2"
    assert addresses.choose(FRONT, {"10.1.0.2": "a", "10.1.0.4": "b"}) == "10.1.0.3"
    assert addresses.choose(FRONT, {}, "10.1.0.77") == "10.1.0.77"


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ("10.1.0.1", Conflict),
        ("10.1.0.9", Conflict),
        ("10.1.0.0", InvalidArgument),
        ("10.1.0.255", InvalidArgument),
        ("10.2.0.2", InvalidArgument),
        ("ten", InvalidArgument),
    ],
)
def test_an_address_that_cannot_be_had_is_refused(
    wanted: str, error: type[EngineError]
) -> None:
    with pytest.raises(error) as caught:
        addresses.choose(FRONT, {"10.1.0.9": "a"}, wanted)
    assert caught.value.hint


def test_a_hardware_address_follows_from_the_address() -> None:
    assert addresses.hardware_address("172.17.0.2") == "02:42:ac:11:00:02"


def test_a_record_that_contradicts_itself_is_damaged(tmp_path: Path) -> None:
    file = tmp_path / "front.json"
    file.write_text(json.dumps(FRONT.to_json()))
    assert Network.read(file) == FRONT
    for change in ({"gateway": "10.9.0.1"}, {"subnet": "x"}, {"name": "../back"}):
        file.write_text(json.dumps({**FRONT.to_json(), **change}))
        with pytest.raises(EngineBroken, match="is damaged"):
            Network.read(file)


def chain(
    table: str, name: str, family: str = "ip", **hooked: str
) -> dict[str, object]:
    return {"chain": {"family": family, "table": table, "name": name, **hooked}}


CLOSED = {"hook": "forward", "policy": "drop"}


def test_a_chain_that_drops_what_it_does_not_know_is_found_with_what_opens_it() -> None:
    ruleset = [
        chain("filter", "FORWARD", **CLOSED),
        chain("filter", "INPUT", hook="input", policy="drop"),
        chain("open", "forward", family="inet", hook="forward", policy="accept"),
        chain("labshell-0123abcd", "forward", family="inet", **CLOSED),
    ]
    (found,) = hindrance.in_tables(ruleset, TAG)
    assert found.told == "chain FORWARD of table ip filter drops what nobody admits"
    assert found.admit(TAG) == (
        "nft insert rule ip filter FORWARD iifname '\"lb0123abcd*\"' accept; "
        "nft insert rule ip filter FORWARD oifname '\"lb0123abcd*\"' accept"
    )


def test_dockers_own_place_for_rules_of_others_is_used() -> None:
    ruleset = [chain("filter", "FORWARD", **CLOSED), chain("filter", "DOCKER-USER")]
    (found,) = hindrance.in_tables(ruleset, TAG)
    assert found.place == "DOCKER-USER"


@pytest.mark.parametrize("name", ["lb0123abcd*", "lb*", "lb0123abcdf00d1"])
def test_who_lets_our_bridges_pass_is_no_hindrance(name: str) -> None:
    left = {"meta": {"key": "iifname"}}
    admits = {"match": {"op": "==", "left": left, "right": name}}
    rule = {"family": "ip", "table": "filter", "expr": [admits, {"accept": None}]}
    ruleset = [chain("filter", "FORWARD", **CLOSED), {"rule": rule}]
    assert hindrance.in_tables(ruleset, TAG) == []
