"""Walls between networks: the table of our own, as data.

    set bridges     the interfaces of all our networks
    set pairs       (in, out): the same interface twice, once for each network
    set internal    those from which nobody gets out
    set subnets     whose addresses are of no use outside

    chain forward        in and out are one bridge             → go on
                         from one of our bridges to another    → drop
                         in or out is internal                 → drop
    chain postrouting    from a subnet, not to one of our bridges → masquerade

The rules never change; a network is an entry in the sets. So to add or to remove one is
one small transaction, and a start of a container needs none.

*Masquerade*: a packet leaves the machine with the machine's own address as its sender,
and the kernel remembers whom to give the answer. Outside, nobody knows how to reach
172.17.0.2.

man: nft(8) on sets and masquerade
Try it: `sudo nft list ruleset | grep -A30 labshell`
"""

from collections.abc import Collection, Sequence
from typing import Any

from engine.kernel.firewall import FAMILY
from engine.network.networks import Network

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
        *(_add_named("chain", chain) for chain in chains),
        *({"flush": {"chain": {**ours, "name": c["name"]}}} for c in chains),
        *(_add_named("rule", rule) for rule in _rules(ours)),
    ]


def _rules(ours: Request) -> list[Request]:
    coming, going = {"meta": {"key": "iifname"}}, {"meta": {"key": "oifname"}}
    both: Request = {"concat": [coming, going]}
    sender = {"payload": {"protocol": "ip", "field": "saddr"}}

    def rule(chain: str, *matches: Request, verdict: str) -> Request:
        return {**ours, "chain": chain, "expr": [*matches, {verdict: None}]}

    return [
        rule("forward", _in(both, "pairs"), verdict="accept"),
        rule("forward", _in(coming, "bridges"), _in(going, "bridges"), verdict="drop"),
        rule("forward", _in(coming, "internal"), verdict="drop"),
        rule("forward", _in(going, "internal"), verdict="drop"),
        rule(
            "postrouting",
            _in(sender, "subnets"),
            _in(going, "bridges", "!="),
            verdict="masquerade",
        ),
    ]


def _in(left: Request, name: str, operator: str = "==") -> Request:
    return {"match": {"op": operator, "left": left, "right": f"@{name}"}}


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
