"""Walls between networks: the table of our own, as data.

    set bridges     the interfaces of all our networks
    set pairs       (in, out): the same interface twice, once for each network
    set internal    those from which nobody gets out
    set subnets     whose addresses are of no use outside

    chain forward        in and out are one bridge             → go on
                         in or out is internal                 → drop
                         to a published port                   → go on
                         from one of our bridges to another    → drop
    chain postrouting    from a subnet, not to one of our bridges → masquerade
                         to a published port, back to the bridge  → masquerade
    chain prerouting     what comes to an address of the machine  → look at `published`
    chain output         what the machine sends to one, too       → look at `published`
    chain published      a rule for each port: runtime/translation.py

The rules never change; a network is an entry in the sets. So to add or to remove one is
one small transaction, and a start of a container needs none, unless it publishes ports.

*Masquerade*: a packet leaves the machine with the machine's own address as its sender,
and the kernel remembers whom to give the answer. Outside, nobody knows how to reach
172.17.0.2. The second rule is for a *hairpin*: a container asks the machine for a port
that leads back to the bridge it came from. The answer must take the same way back, and
not the short one across the bridge, on which nobody would translate it.

From 127.0.0.1 nothing is led into a container: the kernel lets no packet with such an
address leave the machine (route_localnet). There the porter passes on.

man: nft(8) on sets, masquerade and dnat
Try it: `sudo nft list ruleset | grep -A30 labshell`
"""

from collections.abc import Collection, Iterable, Sequence
from ipaddress import IPv4Address
from typing import Any

from engine.kernel.firewall import FAMILY
from engine.network.networks import Network
from engine.runtime import translation

Request = dict[str, Any]


def table(tag: str) -> str:
    """What the table of an engine root is called."""
    return f"labshell-{tag}"


def add(tag: str, bridge: str, network: Network) -> list[Request]:
    """What to ask for a network whose interface is `bridge`; again does no harm."""
    return [*_whole_table(tag), *(_add(one) for one in _elements(tag, bridge, network))]


def remove(tag: str, bridge: str, network: Network) -> list[Request]:
    """The reverse. The sets must have what is removed: so it is added first."""
    elements = _elements(tag, bridge, network)
    return [*add(tag, bridge, network), *({"delete": {"element": e}} for e in elements)]


def remove_all(tag: str) -> list[Request]:
    """Take the whole table away, whether it is there or not."""
    whole = {"table": {"family": FAMILY, "name": table(tag)}}
    return [{"add": whole}, {"delete": whole}]


def leads_to_ports(listed: Sequence[Request], tag: str) -> bool:
    """Whether what nft lists has our table, with its chain for published ports."""
    chains = [each["chain"] for each in listed if "chain" in each]
    wanted = (FAMILY, table(tag), translation.CHAIN)
    return any((c["family"], c["table"], c["name"]) == wanted for c in chains)


def ports_of(
    listed: Sequence[Request], tag: str, kept: Iterable[Network]
) -> list[Request]:
    """What enters the published ports anew that lead into one of the networks kept."""
    blocks = [network.block for network in kept]
    return [
        translation.added(table(tag), rule)
        for rule in translation.found(listed)
        if any(IPv4Address(rule.to) in block for block in blocks)
    ]


def strangers(listed: Sequence[Request], kept: Collection[str], /) -> bool:
    """Whether what nft lists of the table is of other bridges than those kept.

    A table that is of none at all is of no use, either.
    """
    sets = [each["set"] for each in listed if "set" in each]
    found = {name for one in sets if one["name"] == "bridges" for name in _names(one)}
    return bool(listed) and (not kept or not found <= set(kept))


def _names(one: Request) -> list[str]:
    return [str(name) for name in one.get("elem", [])]


def _whole_table(tag: str) -> list[Request]:
    """Table, sets, chains and their rules: the same for every network."""
    ours = {"family": FAMILY, "table": table(tag)}
    chains = [
        _chain(ours, "forward", "filter", "forward", 0),
        _chain(ours, "postrouting", "nat", "postrouting", 100),
        _chain(ours, "prerouting", "nat", "prerouting", -100),
        _chain(ours, "output", "nat", "output", -100),
    ]
    return [
        _add_named("table", {"family": FAMILY, "name": table(tag)}),
        _add_named("set", {**ours, "name": "bridges", "type": "ifname"}),
        _add_named("set", {**ours, "name": "pairs", "type": ["ifname", "ifname"]}),
        _add_named("set", {**ours, "name": "internal", "type": "ifname"}),
        _add_named(
            "set",
            {**ours, "name": "subnets", "type": "ipv4_addr", "flags": ["interval"]},
        ),
        _add_named("chain", {**ours, "name": translation.CHAIN}),
        *(_add_named("chain", chain) for chain in chains),
        *({"flush": {"chain": {**ours, "name": c["name"]}}} for c in chains),
        *(_add_named("rule", rule) for rule in _rules(ours)),
    ]


def _rules(ours: Request) -> list[Request]:
    """The rules, chain by chain: the first that matches has the say."""
    coming, going = {"meta": {"key": "iifname"}}, {"meta": {"key": "oifname"}}
    both: Request = {"concat": [coming, going]}
    translated = _match({"ct": {"key": "status"}}, "dnat", "in")
    loopback = {"prefix": {"addr": "127.0.0.0", "len": 8}}
    to_machine: list[Request] = [
        _match(_address("daddr"), loopback, "!="),
        _match({"fib": {"result": "type", "flags": ["daddr"]}}, "local"),
        {"jump": {"target": translation.CHAIN}},
    ]

    def rule(chain: str, *expressions: Request) -> Request:
        return {**ours, "chain": chain, "expr": [*expressions]}

    return [
        rule("forward", _in(both, "pairs"), {"accept": None}),
        rule("forward", _in(coming, "internal"), {"drop": None}),
        rule("forward", _in(going, "internal"), {"drop": None}),
        rule("forward", translated, {"accept": None}),
        rule("forward", _in(coming, "bridges"), _in(going, "bridges"), {"drop": None}),
        rule(
            "postrouting",
            _in(_address("saddr"), "subnets"),
            _in(going, "bridges", "!="),
            {"masquerade": None},
        ),
        rule("postrouting", translated, _in(both, "pairs"), {"masquerade": None}),
        rule("prerouting", _in(coming, "internal", "!="), *to_machine),
        rule("output", *to_machine),
    ]


def _address(which: str) -> Request:
    return {"payload": {"protocol": "ip", "field": which}}


def _in(left: Request, name: str, operator: str = "==") -> Request:
    return _match(left, f"@{name}", operator)


def _match(left: Request, right: str | Request, operator: str = "==") -> Request:
    return {"match": {"op": operator, "left": left, "right": right}}


def _elements(tag: str, bridge: str, network: Network) -> list[Request]:
    """What stands for a network in the sets."""
    ours = {"family": FAMILY, "table": table(tag)}
    block = network.block
    subnet = {"prefix": {"addr": str(block.network_address), "len": block.prefixlen}}
    inner = {"name": "internal", "elem": [bridge]}
    outward = {"name": "subnets", "elem": [subnet]}
    return [
        {**ours, "name": "bridges", "elem": [bridge]},
        {**ours, "name": "pairs", "elem": [{"concat": [bridge, bridge]}]},
        {**ours, **(inner if network.internal else outward)},
    ]


def _chain(ours: Request, name: str, kind: str, hook: str, priority: int) -> Request:
    hooked = {"type": kind, "hook": hook, "prio": priority, "policy": "accept"}
    return {**ours, "name": name, **hooked}


def _add_named(kind: str, value: Request) -> Request:
    return {"add": {kind: value}}


def _add(element: Request) -> Request:
    return {"add": {"element": element}}
