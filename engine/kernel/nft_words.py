"""Requests to the firewall in the words of nft(8), as a person would type them.

    {"add": {"set": {"table": "t", "name": "bridges", "type": "ifname", …}}}
    add set inet t bridges { type ifname; }

Only what the engine asks for has words here; it is asked in JSON, which needs none.

man: nft(8), libnftables-json(5)
Try it: `lab network create --explain=firewall front`
"""

import json
from collections.abc import Mapping
from typing import Any


def of(ruleset: str) -> list[str]:
    """The commands that do what a request in JSON asks for."""
    found = []
    for request in json.loads(ruleset)["nftables"]:
        for verb, what in request.items():
            for kind, value in what.items():
                found.append(f"{verb} {_WORDS[kind](value)}")
    return found


def _place(kind: str, value: Mapping[str, Any], name: str) -> str:
    return f"{kind} {value['family']} {value['table']} {name}"


def _table(value: Mapping[str, Any]) -> str:
    return f"table {value['family']} {value['name']}"


def _set(value: Mapping[str, Any]) -> str:
    kinds = value["type"]
    told = kinds if isinstance(kinds, str) else " . ".join(kinds)
    flags = f"flags {','.join(value['flags'])}; " if "flags" in value else ""
    return f"{_place('set', value, value['name'])} {{ type {told}; {flags}}}"


def _chain(value: Mapping[str, Any]) -> str:
    place = _place("chain", value, value["name"])
    if "hook" not in value:
        return place
    hooked = f"type {value['type']} hook {value['hook']} priority {value['prio']}"
    return f"{place} {{ {hooked}; policy {value['policy']}; }}"


def _element(value: Mapping[str, Any]) -> str:
    members = ", ".join(map(_member, value["elem"]))
    return f"{_place('element', value, value['name'])} {{ {members} }}"


def _member(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if "prefix" in value:
        return f"{value['prefix']['addr']}/{value['prefix']['len']}"
    return " . ".join(f'"{part}"' for part in value["concat"])


def _rule(value: Mapping[str, Any]) -> str:
    if "handle" in value:  # that is all it takes to delete it
        return _place("rule", value, f"{value['chain']} handle {value['handle']}")
    words = " ".join(map(_expression, value["expr"]))
    return _place("rule", value, f"{value['chain']} {words}")


def _expression(value: Mapping[str, Any]) -> str:
    if "jump" in value:
        return f"jump {value['jump']['target']}"
    if "dnat" in value:
        target = value["dnat"]
        return f"dnat {target['family']} to {target['addr']}:{target['port']}"
    if "match" not in value:
        return next(iter(value))
    match = value["match"]
    operator = "" if match["op"] in _UNSAID else f"{match['op']} "
    return f"{_side(match['left'])} {operator}{_right(match['right'])}"


_UNSAID = ("==", "in")  # equal; one of several bits


def _side(value: Mapping[str, Any]) -> str:
    if "concat" in value:
        return " . ".join(map(_side, value["concat"]))
    if "meta" in value:
        return str(value["meta"]["key"])
    if "ct" in value:
        return f"ct {value['ct']['key']}"
    if "fib" in value:
        return f"fib {' . '.join(value['fib']['flags'])} {value['fib']['result']}"
    return f"{value['payload']['protocol']} {value['payload']['field']}"


def _right(value: Any) -> str:
    return _member(value) if isinstance(value, dict) else str(value)


_WORDS = {
    "table": _table,
    "set": _set,
    "chain": _chain,
    "element": _element,
    "rule": _rule,
}
