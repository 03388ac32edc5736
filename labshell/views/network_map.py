"""Networks as a picture: the machine, its bridges, and who is plugged in.

    the machine
    ├── bridge  lb0f3a9c11d29451  172.17.0.1  subnet 172.17.0.0/16
    │   └── web  lv0f3a9c11cf6e5 ═ eth0  172.17.0.2/16  ↑ 12 ↓ 9
    │       ├── 0.0.0.0:8080 → 80/tcp (dnat, 3 connections)
    │       └── :::8080 → 80/tcp (porter)
    └── back  lb0f3a9c11f00d1  172.18.0.1  subnet 172.18.0.0/16  internal

`═` is a veth pair: what goes in at one end comes out at the other. ↑ and ↓ are packets
that the container has sent and received.

man: veth(4), ip-link(8)
Try it: `lab net`, `lab watch net` in a pane and `ping` in a container
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from labshell.views.tables import printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from engine.engine import Plug, Switch

_NOTHING = "No network has a bridge yet: `lab run` or `lab network create` makes one."


def draw(switches: "Sequence[Switch]") -> "RenderableType":
    """The networks as one tree below the machine."""
    from rich.text import Text
    from rich.tree import Tree

    if not switches:
        return Text(_NOTHING, style="dim")
    tree = Tree(Text("the machine", style="bold cyan"), guide_style="dim")
    for switch in switches:
        branch = tree.add(_bridge(switch))
        for plug in switch.plugs:
            twig = branch.add(_plug(plug))
            for port in plug.ports:
                twig.add(Text(port, style="magenta"))
    return tree


def _bridge(switch: "Switch") -> "Text":
    from rich.text import Text

    label = Text(switch.network, style="bold", overflow="fold")
    label.append(f"  {switch.bridge}", style="yellow not bold")
    label.append(f"  {switch.gateway}  subnet {switch.subnet}", style="not bold")
    if switch.internal:
        label.append("  internal", style="red not bold")
    if not switch.on:
        label.append("  not made yet", style="dim not bold")
    return label


def _plug(plug: "Plug") -> "Text":
    from rich.text import Text

    label = Text(printable(plug.container), style="bold green", overflow="fold")
    label.append(f"  {plug.link} ═ {plug.interface}", style="yellow not bold")
    label.append(f"  {plug.address}", style="default not bold")
    label.append(f"  ↑ {plug.sent} ↓ {plug.received}", style="dim not bold")
    return label


def sentences(switches: "Sequence[Switch]") -> list[str]:
    """The networks in words, one line each."""
    if not switches:
        return [_NOTHING]
    return [line for switch in switches for line in _said(switch)]


def _said(switch: "Switch") -> list[str]:
    kind = "an internal network" if switch.internal else "a network"
    state = f"its bridge is {switch.bridge}" if switch.on else "its bridge is not made"
    said = [
        f"{switch.network} is {kind} with the addresses {switch.subnet}; {state}, "
        f"where the machine is {switch.gateway}."
    ]
    for plug in switch.plugs:
        said.append(
            f"{printable(plug.container)} is plugged into {switch.network}: "
            f"{plug.link} on the machine is {plug.interface} inside, address "
            f"{plug.address}; it has sent {plug.sent} packets and received "
            f"{plug.received}."
        )
        said += [f"{printable(plug.container)} is reached at {p}." for p in plug.ports]
    return said


def as_json(switches: "Iterable[Switch]") -> list[dict[str, Any]]:
    """The networks as data."""
    return [
        {**switch._asdict(), "plugs": [plug._asdict() for plug in switch.plugs]}
        for switch in switches
    ]
