"""The firewall: what becomes of packets that pass through the machine.

The kernel's packet filter, nftables, holds *tables* of *chains* of *rules*; a chain is
hooked in where packets come by: before routing, on the way through, after routing.
Every table that is hooked in at a place is asked, and **one "drop" is enough**: what
one table accepts another may still drop.

We have one table, of our own, and touch no other. It is named after the engine's root.
What is asked for is written as JSON and given to nft(8): all of one request is done at
once, or nothing.

man: nft(8), libnftables-json(5)
Try it: `sudo nft list ruleset | grep -A20 labshell`
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.acts import act
from engine.errors import EngineError
from engine.kernel import nft_words
from engine.notes import quote

FAMILY = "inet"  # IPv4 and IPv6
_SECONDS = 120  # the first rule since the boot loads modules, slowly if emulated


class NoFirewall(EngineError):
    """There is no nft on this machine."""


def missing() -> bool:
    """Whether there is no nft on this machine."""
    from shutil import which

    return which("nft", path=_PATH) is None


_PATH = "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin"


def apply(requests: Sequence[dict[str, Any]]) -> None:
    """Do all of these requests at once. NoFirewall without nft, EngineError if not.

    A request is one command in JSON: {"add": {"rule": …}}.
    """
    _tell(json.dumps({"nftables": list(requests)}))


@act(
    "nft(8)",
    lambda ruleset: f"nft {quote('; '.join(nft_words.of(ruleset)))}",
    lambda ruleset: f"nft -j -f -, {len(ruleset)} bytes of JSON",
    refusal=lambda call, number, target: EngineError(f"nft: errno {number}"),
)
def _tell(ruleset: str) -> None:
    code, said = _nft(["-j", "-f", "-"], ruleset)
    if code:
        raise EngineError(
            f"nft: {_first_line(said) or f'status {code}, and nothing said'}",
            "Is nf_tables in this kernel? `lab doctor`; --network none needs no rules.",
        )


def listed(name: str) -> list[dict[str, Any]]:
    """What is in the table `name`; nothing if it is not there, or no nft."""
    return _listed(["list", "table", FAMILY, name])


def listed_chain(table: str, name: str) -> list[dict[str, Any]]:
    """What is in one chain of a table; nothing if it is not there, or no nft."""
    return _listed(["list", "chain", FAMILY, table, name])


def ruleset() -> list[dict[str, Any]]:
    """What is in all tables of the machine: for `lab doctor`, and to find a drop."""
    return _listed(["list", "ruleset"])


def legacy_forward(known: Path = Path("/proc/net/ip_tables_names")) -> str:
    """What the older iptables has to say of packets that pass through; "" if nothing.

    Only a table that is there is asked for: to ask for one makes it.
    """
    try:
        if "filter" not in known.read_text().split():
            return ""
        return _run(["iptables-legacy", "-S", "FORWARD"], "")[1]
    except (OSError, NoFirewall):
        return ""


def _listed(words: list[str]) -> list[dict[str, Any]]:
    try:
        code, said = _nft(["-j", *words], "")
        return list(json.loads(said)["nftables"]) if code == 0 else []
    except (NoFirewall, ValueError, KeyError):
        return []


def _nft(words: list[str], given: str) -> tuple[int, str]:
    """Run nft(8): its exit status, and what it said."""
    return _run(["nft", *words], given)


def _run(command: list[str], given: str) -> tuple[int, str]:
    """Run a program of the machine's: its exit status, and what it said."""
    import subprocess  # few starts make a rule

    try:
        done = subprocess.run(
            command,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            env={"PATH": _PATH, "LC_ALL": "C"},
        )
    except (FileNotFoundError, PermissionError) as error:
        raise NoFirewall(
            f"there is no {command[0]} on this machine",
            "Install the package nftables.",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise EngineError(
            "nft did not come to an end", "Is the machine busy?"
        ) from error
    return done.returncode, done.stdout


def _first_line(said: str) -> str:
    return next((line for line in said.splitlines() if line.strip()), "")
