"""Hindrances: rules of others that drop what our table accepts.

Docker and ufw let nothing pass through the machine but what they know: the policy of
their chain at the hook "forward" is drop. Every table at a hook is asked, and one drop
is enough, so no rule of ours can help: only one in that table, by whoever answers for
the machine. What can be done here is to find it, and to say which rule that would be.

What iptables-legacy has set is in no table of nft's: it is asked for by itself.

man: nft(8) on base chains, iptables(8), ufw(8)
Try it: `lab doctor`
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from engine.kernel import firewall
from engine.network.walls import table

_FAMILIES = ("ip", "inet")
_BEFORE_ALL = "DOCKER-USER"  # where Docker's own rules leave room for others'
_PREFIX = "lb"  # of all our bridges

Listed = dict[str, Any]


class Hindrance(NamedTuple):
    """A chain that drops what passes through the machine.

    `place` is where a rule must be put so that it is asked first.
    """

    family: str
    table: str
    chain: str
    place: str
    legacy: bool = False

    @property
    def told(self) -> str:
        """Which one it is, in words."""
        where = "iptables-legacy" if self.legacy else f"{self.family} {self.table}"
        return f"chain {self.chain} of table {where} drops what nobody admits"

    def admit(self, tag: str) -> str:
        """The command that lets the bridges of an engine root pass."""
        if self.legacy:
            rule, bridges = f"iptables-legacy -I {self.place}", f"{_PREFIX}{tag}+"
            return f"{rule} -i {bridges} -j ACCEPT; {rule} -o {bridges} -j ACCEPT"
        rule = f"nft insert rule {self.family} {self.table} {self.place}"
        bridges = f"'\"{_PREFIX}{tag}*\"'"
        return f"{rule} iifname {bridges} accept; {rule} oifname {bridges} accept"


def find(tag: str, ruleset: Sequence[Listed] | None = None) -> list[Hindrance]:
    """Those of this machine, for the bridges of an engine root.

    `ruleset`: what nft lists, if it has been asked already.
    """
    found = in_tables(firewall.ruleset() if ruleset is None else ruleset, tag)
    legacy = firewall.legacy_forward()
    if "-P FORWARD DROP" in legacy and not _admits_legacy(legacy, tag):
        chain = "FORWARD"
        found.append(Hindrance("ip", "filter", chain, chain, legacy=True))
    return found


def in_tables(ruleset: Sequence[Listed], tag: str) -> list[Hindrance]:
    """Those among what nft lists: chains at "forward" whose policy is drop."""
    chains = [one["chain"] for one in ruleset if "chain" in one]
    rules = [one["rule"] for one in ruleset if "rule" in one]
    found = []
    for chain in chains:
        ours = chain["table"].startswith(table(""))
        closed = chain.get("hook") == "forward" and chain.get("policy") == "drop"
        if ours or not closed or chain["family"] not in _FAMILIES:
            continue
        same = [r for r in rules if _in_table(r, chain)]
        if not any(_admits(rule, f"{_PREFIX}{tag}") for rule in same):
            names = [c["name"] for c in chains if _in_table(c, chain)]
            place = _BEFORE_ALL if _BEFORE_ALL in names else chain["name"]
            found.append(
                Hindrance(chain["family"], chain["table"], chain["name"], place)
            )
    return found


def _in_table(one: Listed, chain: Listed) -> bool:
    return (one["family"], one["table"]) == (chain["family"], chain["table"])


def _admits(rule: Listed, prefix: str) -> bool:
    """Whether a rule lets pass what comes from bridges that begin like this."""
    expressions: Iterable[Listed] = rule.get("expr", ())
    names = [
        str(one["match"].get("right"))
        for one in expressions
        if one.get("match", {}).get("left") == {"meta": {"key": "iifname"}}
    ]
    accepts = any("accept" in one for one in expressions)
    return accepts and any(
        prefix.startswith(name.rstrip("*")) or name.startswith(prefix)
        for name in names
        if name.startswith(_PREFIX)
    )


def _admits_legacy(said: str, tag: str) -> bool:
    return f"-i {_PREFIX}{tag}" in said
