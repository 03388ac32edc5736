"""Options about the container's network: which one, how it is called and reached."""

from collections.abc import Sequence
from typing import Any

import click

from labshell.commands import suggest
from labshell.commands.options.kinds import Heading

NETWORK = Heading("Network")


def named(networks: Sequence[str]) -> dict[str, Any]:
    """The networks that were typed: the first is where the way out leads.

    `default` is what Docker calls that nothing was said.
    """
    said = ["bridge" if name == "default" else name for name in networks]
    return {"network": said[0], "more_networks": tuple(said[1:])} if said else {}


OPTIONS: list[click.Parameter] = [
    NETWORK.several(
        "--network",
        "--net",
        "network",
        metavar="NAME|MODE",
        shell_complete=suggest.modes,
        help="""A network: bridge, which is always there, or one that `lab network
        create` has made; given again, one more, and the first is the way out. Or none:
        only loopback; host: the machine's own; container:NAME: that of another
        container. bridge unless given.""",
    ),
    NETWORK.value(
        "--ip",
        metavar="ADDRESS",
        help="Have this address, on a network that you have made: 10.10.0.7.",
    ),
    NETWORK.several(
        "--network-alias",
        "--net-alias",
        "network_aliases",
        metavar="NAME",
        help="Be found by this name too, on a network that you have made.",
    ),
    NETWORK.value(
        "--mac-address",
        metavar="ADDRESS",
        help="The hardware address of its interface: 02:42:ac:11:00:02.",
    ),
    NETWORK.several(
        "-p",
        "--publish",
        "ports",
        metavar="[[ADDRESS:]PORT:]PORT[/udp]",
        help="""Pass what comes to a port of the machine on to one of the container:
        8080:80, 127.0.0.1:8080:80, 53:53/udp, 80 (any that is free).""",
    ),
    NETWORK.flag(
        "-P",
        "--publish-all",
        help="The same for each port that the image or --expose names.",
    ),
    NETWORK.several(
        "--expose",
        "exposed",
        metavar="PORT[/udp]",
        help="Note that it listens at this port; nothing is passed on to it.",
    ),
]
