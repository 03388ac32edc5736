"""The published ports of the script: the rules by which the kernel leads them in.

Each rule of the original is made once more, with the script's own address. The kernel
takes the first that matches: while the original runs, that is the original's, and the
script's comes into its own when that has gone. It is deleted by its handle, the number
that nft gives it.

What no rule does, the porter's work, is missing: 127.0.0.1 does not lead in.

man: nft(8) on dnat, --echo and --handle
Try it: `lab run --name box -p 8080:80 busybox true; lab acts box --sh | grep dnat`
"""

import re
from collections.abc import Sequence

from engine.by_hand import words
from engine.by_hand.cables import Cable
from engine.by_hand.words import Act
from engine.notes import quote

_ABOUT = """
Published ports: the kernel leads in what comes to them. While the original runs, it has
them: of two rules the first is taken. The engine also holds each port with a socket, by
which 127.0.0.1 is served; that is the work of its porter. Originally:
engine.runtime.translation:lead
"""
_LEADING = "engine.runtime.translation:lead"
_TAKING = "engine.runtime.porter.listening:"
_RULE = re.compile(r"add rule inet (\S+) published ip saddr != (\S+) (.*)")


def lines(acts: Sequence[Act], cables: tuple[Cable, ...]) -> list[str]:
    """The rules of the last start, to the address that the script has; or nothing."""
    outward = [cable for cable in cables if not cable.network.internal]
    rules = _last(acts) if outward else []
    if not rules:
        return []
    own, (table, *_) = outward[0].address, rules[0]
    found = ["", *words.comment(_ABOUT), f"table={quote(table)}"]
    for _, address, rest in rules:
        rule = rest.replace(f"to {address}:", f"to {own}:")
        command = quote(f"add rule inet {table} published ip saddr != {own} {rule}")
        found.append(f"made=$(nft --echo --handle {command})")
        found.append("made=${made#*# handle }")
        found.append('rules="$rules ${made%%[!0-9]*}"')
    return found


def _last(acts: Sequence[Act]) -> list[tuple[str, str, str]]:
    """Of each rule for the ports that were taken last: table, address, the rest."""
    found: list[tuple[str, str, str]] = []
    for act in acts:
        if act["symbol"].startswith(_TAKING):
            found = []
        elif act["symbol"] == _LEADING and words.succeeded(act):
            commands = words.of(act)[1].split("; ")
            matches = [_RULE.match(command) for command in commands]
            found = [(m[1], m[2], m[3]) for m in matches if m]
    return found
