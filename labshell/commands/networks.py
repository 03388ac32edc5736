"""`lab network`: which containers can reach each other.

Try it: `lab network create front`, `lab run -d --network front busybox sleep 1d`, then
`lab network inspect front`, and `ip link` on the machine.
"""

import click

from engine.engine import Engine
from labshell.commands import suggest
from labshell.commands.explaining import ExplainedVerb
from labshell.commands.grammar import NotHere, Option, Verb
from labshell.commands.lifecycle import for_each
from labshell.commands.listing import (
    FORMAT,
    JSON,
    QUIET,
    WHOLE,
    as_filters,
    filter_option,
    print_json,
    print_lines,
    terminal_width,
)
from labshell.commands.options.elsewhere import not_here
from labshell.commands.options.kinds import LABEL

_INSTEAD = {
    "-o": "Bridges have no options here: leave it out. `ip link set` knows them.",
    "--opt": "Bridges have no options here: leave it out. `ip link set` knows them.",
    "--ipv6": "Networks have addresses of IPv4 only here: leave it out.",
    "--attachable": "That is of swarms: here any container can join, leave it out.",
    "--ingress": "That is of swarms: `lab run -p` publishes a port.",
    "--scope": "There is one machine here: leave it out.",
    "--ipam-driver": "There is one way to give addresses: --subnet, --ip-range.",
    "--ipam-opt": "There is one way to give addresses: --subnet, --ip-range.",
    "--aux-address": "Keep addresses free by --ip-range.",
    "--config-from": "Say it with --subnet, --gateway and --internal.",
    "--config-only": "Say it with --subnet, --gateway and --internal.",
}


def _only_bridge(context: click.Context, _: click.Parameter, value: str) -> str:
    if value != "bridge":
        instead = "There is only bridge: leave --driver out. --network host needs none."
        message = f"--driver {value} is not supported here"
        raise NotHere(message, instead, context, 125)
    return value


@click.command(
    cls=ExplainedVerb,
    params=[
        Option(
            ["--subnet"],
            metavar="BLOCK",
            default="",
            help="Its addresses: 10.10.0.0/24. Else a block that nobody uses.",
        ),
        Option(
            ["--gateway"],
            metavar="ADDRESS",
            default="",
            help="The machine's address in it: the first of the subnet unless given.",
        ),
        Option(
            ["--ip-range"],
            metavar="BLOCK",
            default="",
            help="Give addresses of this part of the subnet only.",
        ),
        Option(
            ["--internal"],
            is_flag=True,
            help="Nobody gets out of it, and nobody in from outside.",
        ),
        Option(
            ["-l", "--label"],
            multiple=True,
            type=LABEL,
            metavar="KEY[=VALUE]",
            help="A note kept with the network; nothing acts on it.",
        ),
        Option(
            ["-d", "--driver"],
            default="bridge",
            callback=_only_bridge,
            metavar="DRIVER",
            help="How it is made: there is only bridge, a switch in the kernel.",
        ),
        *not_here(_INSTEAD, ("--ipv6", "--attachable", "--ingress", "--config-only")),
        click.Argument(["name"], metavar="NAME"),
    ],
    examples="""
        lab network create front
        lab network create --subnet 10.10.0.0/24 --internal back
        lab network create --explain front
    """,
)
@click.pass_obj
def create(
    engine: Engine,
    subnet: str,
    gateway: str,
    ip_range: str,
    internal: bool,
    label: tuple[tuple[str, str], ...],
    driver: str,
    name: str,
) -> None:
    """Make a network, and print its ID.

    Containers on it find each other by name, get out through the machine, and are out
    of reach of those on other networks.
    """
    network = engine.create_network(
        name,
        subnet=subnet,
        gateway=gateway,
        ip_range=ip_range,
        internal=internal,
        labels=dict(label),
    )
    print(network.id)


@click.command(
    cls=Verb,
    params=[
        QUIET,
        WHOLE,
        filter_option("driver id label name type(builtin custom) dangling scope"),
        FORMAT,
        JSON,
    ],
    examples="""
        lab network ls
        lab network ls --filter type=custom
    """,
)
@click.pass_obj
def ls(
    engine: Engine,
    quiet: bool,
    no_trunc: bool,
    filters: tuple[tuple[str, str], ...],
    format: str | None,
    json: bool,
) -> None:
    """List the networks; three are always there."""
    from labshell.views.networks import NETWORKS, network_json, network_row

    found = engine.networks(as_filters(filters))
    if json:
        print_json([network_json(network) for network in found])
    elif quiet:
        print_lines([one.id if no_trunc else one.id[:12] for one in found])
    else:
        rows = [network_row(network, whole=no_trunc) for network in found]
        print_lines(NETWORKS.show(format, rows, terminal_width()))


@click.command(
    cls=ExplainedVerb,
    params=[suggest.argument(suggest.networks, many=True, what="NETWORK")],
    examples="""
        lab network rm front
        lab network rm --explain front
    """,
)
@click.pass_obj
def rm(engine: Engine, names: tuple[str, ...]) -> int:
    """Remove networks, with their bridges.

    One to which a running container is connected is not removed.
    """
    return for_each(names, engine.remove_network)


_NETWORK = click.Argument(
    ["network"], metavar="NETWORK", shell_complete=suggest.networks
)


@click.command(
    cls=ExplainedVerb,
    params=[
        Option(["--ip"], metavar="ADDRESS", default="", help="Have this address."),
        Option(
            ["--alias", "aliases"],
            multiple=True,
            metavar="NAME",
            help="Be found by this name too.",
        ),
        _NETWORK,
        suggest.argument(suggest.containers),
    ],
    examples="""
        lab network connect front web
        lab network connect --alias db --ip 10.10.0.9 back postgres
    """,
)
@click.pass_obj
def connect(
    engine: Engine, ip: str, aliases: tuple[str, ...], network: str, name: str
) -> None:
    """Connect a container to one more network, also while it runs."""
    engine.connect(network, name, {"address": ip, "aliases": aliases})


@click.command(
    cls=ExplainedVerb,
    params=[
        Option(
            ["-f", "--force"],
            is_flag=True,
            help="Do not mind if it is not connected.",
        ),
        _NETWORK,
        suggest.argument(suggest.containers),
    ],
    examples="""
        lab network disconnect front web
    """,
)
@click.pass_obj
def disconnect(engine: Engine, force: bool, network: str, name: str) -> None:
    """Disconnect a container from a network, also while it runs."""
    engine.disconnect(network, name, force=force)
