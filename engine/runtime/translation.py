"""Translation: a published port as a rule of the firewall: the kernel leads in.

    outside ──▶ machine:8080 ─── dnat ───▶ 172.17.0.2:80
                                 the sender stays who it was

*Destination NAT*: the first packet of a connection gets another destination, the kernel
remembers it, and translates all that follow, and the answers. So a program inside sees
who asks, and no process copies any byte. Each port is one rule, in a chain of the table
that walls.py (in network/) describes:

    ip saddr != 172.17.0.2 tcp dport 8080 counter dnat ip to 172.17.0.2:80

The porter holds the port meanwhile, and takes what no rule can: IPv6, 127.0.0.1, what
the container asks of itself, since a bridge sends nothing back to where it came from;
and all of it where there is no nft, or where others' rules let nothing pass.

Who has an address has the rules that lead to it, and gives them back with it, before
anybody else can get it. Who has a port of the machine, and so its socket, may remove
what a dead container has left of it.

man: nft(8) on dnat and counter, ip(7)
Try it: `lab run -d -p 8080:80 busybox httpd -f; sudo nft list ruleset | grep dnat`
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from engine.errors import EngineError
from engine.kernel import firewall

CHAIN = "published"
_EVERY = "0.0.0.0"

Request = dict[str, Any]


class Rule(NamedTuple):
    """What comes to a port of the machine goes to a port of the container at `to`.

    `address` is "0.0.0.0" for all of the machine's; `connections` is how many there
    have been, since a rule sees the first packet of each; `handle` is nft's number.
    """

    address: str
    protocol: str
    port: int
    to: str
    inside: int
    connections: int = 0
    handle: int = 0

    def meets(self, other: "Rule") -> bool:
        """Whether both are of one port: only one container can have it."""
        if (self.protocol, self.port) != (other.protocol, other.port):
            return False
        return self.address == other.address or _EVERY in (self.address, other.address)


def rules(table: str) -> list[Rule]:
    """Those in the chain of the table; none if it is not there."""
    return found(firewall.listed_chain(table, CHAIN))


def found(listed: Iterable[Request]) -> list[Rule]:
    """Those of the chain among what nft lists of a table."""
    listed_rules = [each["rule"] for each in listed if "rule" in each]
    return [_read(rule) for rule in listed_rules if rule["chain"] == CHAIN]


def lead(table: str, wanted: Iterable[Rule]) -> None:
    """Enter the rules of ports that the caller holds, as far as the kernel can lead."""
    new = [rule for rule in wanted if _can_be_led(rule.address)]
    if new:
        left = [r for r in rules(table) if any(r.meets(one) for one in new)]
        firewall.apply([*_removed(table, left), *(added(table, one) for one in new)])


def withdraw(table: str, address: str) -> None:
    """Let no port lead to a container any more; again does no harm."""
    leading = _leading_to(table, address)
    if leading:
        try:
            firewall.apply(_removed(table, leading))
        except EngineError:
            if _leading_to(table, address):  # else somebody else was quicker
                raise


def _leading_to(table: str, address: str) -> list[Rule]:
    return [rule for rule in rules(table) if rule.to == address]


def _can_be_led(address: str) -> bool:
    """Whether the kernel can: containers have IPv4 only, and loopback stays at home."""
    return ":" not in address and not address.startswith("127.")


def added(table: str, rule: Rule) -> Request:
    """The request that enters a rule."""
    only = [] if rule.address == _EVERY else [_match("ip", "daddr", rule.address)]
    expressions = [
        _match("ip", "saddr", rule.to, "!="),
        *only,
        _match(rule.protocol, "dport", rule.port),
        {"counter": {"packets": rule.connections, "bytes": 0}},
        {"dnat": {"family": "ip", "addr": rule.to, "port": rule.inside}},
    ]
    return {"add": {"rule": {**_place(table), "expr": expressions}}}


def _removed(table: str, left: Sequence[Rule]) -> list[Request]:
    return [
        {"delete": {"rule": {**_place(table), "handle": one.handle}}} for one in left
    ]


def _place(table: str) -> Request:
    return {"family": firewall.FAMILY, "table": table, "chain": CHAIN}


def _match(
    protocol: str, field: str, right: str | int, operator: str = "=="
) -> Request:
    left = {"payload": {"protocol": protocol, "field": field}}
    return {"match": {"op": operator, "left": left, "right": right}}


def _read(listed: Request) -> Rule:
    """A rule as nft lists it."""
    what: Request = {key: one[key] for one in listed["expr"] for key in one}
    matches = [one["match"] for one in listed["expr"] if "match" in one]
    said = {one["left"]["payload"]["field"]: one for one in matches}
    return Rule(
        address=said["daddr"]["right"] if "daddr" in said else _EVERY,
        protocol=said["dport"]["left"]["payload"]["protocol"],
        port=said["dport"]["right"],
        to=what["dnat"]["addr"],
        inside=what["dnat"]["port"],
        connections=what["counter"]["packets"],
        handle=listed["handle"],
    )
