"""`lab volume`: directories that outlive the containers that write to them.

Try it: `lab volume create data; lab run --rm -v data:/d busybox touch /d/x`, then
look into the directory that `lab volume inspect data` names.
"""

import click

from engine.engine import Engine
from labshell.commands import suggest
from labshell.commands.grammar import Option, Verb
from labshell.commands.lifecycle import for_each
from labshell.commands.listing import (
    FORMAT,
    JSON,
    as_filters,
    filter_option,
    print_json,
    print_lines,
    terminal_width,
)
from labshell.commands.options.kinds import LABEL


@click.command(
    cls=Verb,
    params=[
        Option(
            ["-l", "--label"],
            multiple=True,
            type=LABEL,
            metavar="KEY[=VALUE]",
            help="A note kept with the volume; nothing acts on it.",
        ),
        Option(
            ["-d", "--driver"],
            type=click.Choice(["local"]),
            default="local",
            metavar="DRIVER",
            help="Where the files are kept: there is only local, this machine.",
        ),
        Option(
            ["-o", "--opt"],
            multiple=True,
            type=LABEL,
            metavar="KEY=VALUE",
            help="""For a volume that is a directory of the host under a name:
            type=none, o=bind, device=/DIRECTORY.""",
        ),
        click.Argument(["name"], required=False, metavar="[NAME]"),
    ],
    examples="""
        lab volume create data
        lab run --rm -v data:/d busybox touch /d/x
        lab volume create -o type=none -o o=bind -o device=/srv/www pages
    """,
)
@click.pass_obj
def create(
    engine: Engine,
    label: tuple[tuple[str, str], ...],
    driver: str,
    opt: tuple[tuple[str, str], ...],
    name: str | None,
) -> None:
    """Make a volume, and print its name; a long number if none is given."""
    print(engine.create_volume(name, dict(label), dict(opt)).name)


@click.command(
    cls=Verb,
    params=[
        Option(["-q", "--quiet"], is_flag=True, help="Print only names, one a line."),
        filter_option("dangling name label driver"),
        FORMAT,
        JSON,
    ],
    examples="""
        lab volume ls
        lab volume ls --filter dangling=true
    """,
)
@click.pass_obj
def ls(
    engine: Engine,
    quiet: bool,
    filters: tuple[tuple[str, str], ...],
    format: str | None,
    json: bool,
) -> None:
    """List the volumes; `dangling` are those that no container uses."""
    from labshell.views.listing import VOLUMES, volume_json, volume_row

    found = engine.volumes(as_filters(filters))
    if json:
        print_json([volume_json(volume) for volume in found])
    elif quiet:
        print_lines([volume.name for volume in found])
    else:
        print_lines(VOLUMES.show(format, map(volume_row, found), terminal_width()))


@click.command(
    cls=Verb,
    params=[
        Option(["-f", "--force"], is_flag=True, help="Do not mind if it is not there."),
        suggest.argument(suggest.volumes, many=True, what="VOLUME"),
    ],
    examples="""
        lab volume rm data
    """,
)
@click.pass_obj
def rm(engine: Engine, force: bool, names: tuple[str, ...]) -> int:
    """Remove volumes, and the files in them.

    A volume that a container uses, even a stopped one, is not removed.
    """
    return for_each(names, lambda name: engine.remove_volume(name, force=force))
