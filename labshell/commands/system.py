"""`lab system`: the engine as a whole.

Try it: `lab system df`, `lab system df -v`
"""

from typing import TYPE_CHECKING

import click

from engine.engine import Engine
from labshell.commands.grammar import Option, Verb
from labshell.commands.listing import FORMAT, print_lines, terminal_width

if TYPE_CHECKING:
    from engine.engine import DiskUsage


@click.command(
    cls=Verb,
    params=[
        Option(["-v", "--verbose"], is_flag=True, help="Each thing in a line."),
        FORMAT,
    ],
    examples="""
        lab system df
        lab system df -v
        lab system df --format '{{.Type}}: {{.Reclaimable}}'
    """,
)
@click.pass_obj
def df(engine: Engine, verbose: bool, format: str | None) -> None:
    """Show what images, containers and volumes take on the disk.

    A layer that many images stand on counts once. RECLAIMABLE is what `lab system
    prune -a --volumes` would free. ACTIVE: an image with a container, a container that
    runs, a volume that a container uses.
    """
    from labshell.views import disk

    found = engine.disk_usage()
    if verbose:
        _print_details(found, format)
        return
    print_lines(disk.KINDS.show(format, disk.kind_rows(found), terminal_width()))
    if format is None:
        print(f"\n{disk.on_the_disk(found)}")


def _print_details(found: "DiskUsage", format: str | None) -> None:
    """A table for each kind; or all of it in one template, or as one object."""
    from labshell.templates import render
    from labshell.views import disk

    if format is not None and format != "table":
        rows = disk.detailed_rows(found, whole=True)
        print(render("{{json .}}" if format == "json" else format, rows))
        return
    rows = disk.detailed_rows(found)
    for title, listing, lines in (
        ("Images", disk.SHARED_IMAGES, rows["Images"]),
        ("Containers", disk.SIZED_CONTAINERS, rows["Containers"]),
        ("Local Volumes", disk.SIZED_VOLUMES, rows["Volumes"]),
    ):
        print(f"{title} space usage:\n")
        print_lines(listing.show(None, lines, terminal_width()))
        print()
    print("Build cache usage: 0B\n")
    print(disk.on_the_disk(found))
