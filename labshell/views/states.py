"""The states of a container as a picture, drawn from the engine's own table.

    created      start                        ──▶ running
                 rm                           ──▶ removing
  ▶ running      pause                        ──▶ paused
                 stop, kill                   ──▶ exited
                 by itself: the program ends

The mark shows where a container is now: only the arrows beside it can be taken.

Try it: `lab run -d --name box busybox sleep 99; lab states box`, then `lab pause box`
"""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

    from engine.engine import Arrow, Container

_COLOURS = {
    "created": "cyan",
    "running": "green",
    "paused": "yellow",
    "restarting": "magenta",
    "exited": "red",
    "removing": "dim",
    "dead": "dim",
}


def draw(arrows: "Sequence[Arrow]", current: "Container | None") -> "RenderableType":
    """A table: from each state, what leads where."""
    from rich.table import Table
    from rich.text import Text

    now = current.state.status if current else None
    table = Table.grid(padding=(0, 2))
    for before, group in groupby(sorted(arrows, key=_place), key=lambda a: a.before):
        mark, faint = ("▶" if before == now else ""), now not in (None, before)
        state: Text | str = Text(before, style=f"bold {_COLOURS[before]}")
        for arrow in group:
            after = Text(f"──▶ {arrow.after}", style=_COLOURS[arrow.after])
            style = "dim" if faint else ""
            table.add_row(mark, state, Text(_cause(arrow)), after, style=style)
            mark, state = "", ""
    return table


def sentences(arrows: "Sequence[Arrow]", current: "Container | None") -> list[str]:
    """The same, one sentence an arrow."""
    now = current.state.status if current else None
    found = [f"{current.name} is {now}."] if current else []
    found += [
        f"{arrow.before} becomes {arrow.after}: {_cause(arrow)}."
        for arrow in sorted(arrows, key=_place)
        if now in (None, arrow.before)
    ]
    return found


def as_json(arrows: "Sequence[Arrow]", current: "Container | None") -> dict[str, Any]:
    """The same for programs."""
    return {
        "state": current.state.status if current else None,
        "transitions": [
            {
                "from": arrow.before,
                "to": arrow.after,
                "commands": list(arrow.commands),
                "by_itself": arrow.by_itself,
            }
            for arrow in arrows
        ],
    }


def _place(arrow: "Arrow") -> int:
    return list(_COLOURS).index(arrow.before)


def _cause(arrow: "Arrow") -> str:
    """What leads from one state to the next: commands, or what happens."""
    commands = ", ".join(f"lab {command}" for command in arrow.commands)
    return ", or ".join(filter(None, [commands, arrow.by_itself]))
