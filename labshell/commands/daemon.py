"""`lab daemon`: labd in the background, for Docker's own clients.

It is a process that nobody waits for: no shell is its parent, no login's end is its
own. Killing it harms no container, since it holds nothing that would be lost.

Try it: `lab daemon start; docker -H unix:///run/labshell/labd.sock ps; lab tree`
"""

from typing import TYPE_CHECKING

import click

from engine.engine import Engine
from labshell.commands.grammar import Option, Verb
from labshell.commands.listing import JSON, print_json
from labshell.commands.report import say

if TYPE_CHECKING:
    from engine.engine import Labd

_HOST = Option(
    ["-H", "--host"],
    metavar="ADDRESS",
    help="The socket at which it listens. Default: unix:///run/labshell/labd.sock; "
    "with another --root, a socket of that root's own.",
)
_WHICH = Option(
    ["-H", "--host"],
    metavar="ADDRESS",
    help="The socket at which it listens. Default: that of this root's labd.",
)


def _labd(engine: Engine, host: str | None) -> "Labd":
    from engine.engine import Labd

    return Labd.at(host) if host else Labd.of(engine.root)


@click.command(
    cls=Verb,
    params=[
        _HOST,
        Option(["--trace"], is_flag=True, help="Write each request into the log."),
        click.Argument(["options"], nargs=-1, metavar="[-- OPTION...]"),
    ],
    examples="""
        lab daemon start
        lab daemon start --trace                what clients ask: labd.log
        lab daemon start -- --label room=12     labd's own options: labd --help
    """,
)
@click.pass_obj
def start(
    engine: Engine, host: str | None, trace: bool, options: tuple[str, ...]
) -> None:
    """Start labd in the background; `lab daemon stop` ends it.

    It serves the containers and images that `lab` has, too: both may be used at once.
    """
    said = (*options, *(["--trace"] if trace else []))
    begun = _labd(engine, host).begin(engine.root, said)
    click.echo(f"labd (process {begun.running.pid}) listens at {begun.running.address}")
    click.echo(f"What it prints: {begun.log}")
    click.echo(f"export DOCKER_HOST={begun.running.address}")


@click.command(cls=Verb, params=[_WHICH, JSON], examples="lab daemon status")
@click.pass_obj
def status(engine: Engine, host: str | None, json: bool) -> int:
    """Show which labd listens, and how many clients it has; 3 if none does."""
    labd = _labd(engine, host)
    found = labd.find()
    if found is None:
        say(f"no labd listens at {labd.path}", "`lab daemon start` starts one.")
        return 3
    clients = labd.clients()
    if json:
        print_json({**found._asdict(), "clients": clients})
        return 0
    for name, value in (
        ("process", found.pid),
        ("listens at", found.address),
        ("root", found.root),
        ("version", found.version),
        ("clients", len(clients)),
    ):
        click.echo(f"{name:<11} {value}")
    return 0


@click.command(cls=Verb, params=[_WHICH], examples="lab daemon stop")
@click.pass_obj
def stop(engine: Engine, host: str | None) -> None:
    """End labd, and wait for its end. Containers live on."""
    click.echo(f"labd (process {_labd(engine, host).stop().pid}) has ended")
