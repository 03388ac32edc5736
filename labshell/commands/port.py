"""`lab port`: which ports of a container can be reached from the machine, and where.

    80/tcp -> 0.0.0.0:8080      8080 of the machine leads to 80 in the container

A port that is published at every address is listed once for IPv4 and once for IPv6.
Asking for one that is not published is an error, as in Docker.

Try it: `lab port CONTAINER`
"""

import click

from engine.engine import Engine
from engine.errors import NotFound
from labshell.commands import suggest
from labshell.commands.grammar import Verb
from labshell.commands.listing import print_lines


@click.command(
    cls=Verb,
    params=[
        suggest.argument(suggest.containers),
        click.Argument(["port"], required=False, metavar="[PORT[/PROTOCOL]]"),
    ],
    examples="""
        lab port web
        lab port web 80/tcp
    """,
)
@click.pass_obj
def port(engine: Engine, name: str, port: str | None) -> None:
    """List the ports of a container that the machine passes on to it.

    With a PORT of the container: where on the machine that one is.
    """
    ports = engine.inspect(name, "container")["NetworkSettings"]["Ports"]
    if port is None:
        print_lines(
            f"{inside} -> {_at(place)}"
            for inside, places in sorted(ports.items())
            for place in places or ()
        )
        return
    places = ports.get(port if "/" in port else f"{port}/tcp")
    if not places:
        raise NotFound(
            f"No public port '{port}' published for {name}",
            f"`lab port {name}` lists those that are.",
        )
    print_lines(map(_at, places))


def _at(place: dict[str, str]) -> str:
    """An address and a port; an IPv6 address as Docker prints it, `:::8080`."""
    return f"{place['HostIp']}:{place['HostPort']}"
