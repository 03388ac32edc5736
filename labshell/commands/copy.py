"""`lab cp`: files from a container to this machine, and back.

    lab cp box:/etc/hosts .        from the container box
    lab cp page.html box:/srv/     into it
    lab cp box:/etc - | tar tv     as a tar, on standard output or input

No program of the container runs for this: its files are the machine's files too, seen
through the mounts that make up its root. So it works on containers that do not run,
and on images without `cp` or `tar`.

Try it: `lab create --name box busybox; lab cp box:/etc/passwd - | tar x -O`
"""

import sys
from typing import NamedTuple

import click

from engine.engine import Engine
from labshell.commands import suggest
from labshell.commands.explaining import ExplainedVerb
from labshell.commands.grammar import Option
from labshell.commands.report import say
from labshell.views.amounts import size

PIPE = "-"


class End(NamedTuple):
    """CONTAINER:PATH, or a path of this machine: then the container is ""."""

    container: str
    path: str

    def __str__(self) -> str:
        return f"{self.container}:{self.path}" if self.container else self.path


def read_end(text: str) -> End:
    """What was typed for one end. A path with a colon in it begins with / or ."""
    before, colon, after = text.partition(":")
    if not colon or text.startswith(("/", ".")):
        return End("", text)
    return End(before, after)


@click.command(
    cls=ExplainedVerb,
    params=[
        Option(
            ["-a", "--archive"],
            is_flag=True,
            help="""Keep users and groups, as numbers, on the way out of a container; on
            the way in they are kept always.""",
        ),
        Option(
            ["-L", "--follow-link"],
            is_flag=True,
            help="If the source is a link, copy what it leads to.",
        ),
        Option(["-q", "--quiet"], is_flag=True, help="Do not say how much was copied."),
        click.Argument(
            ["source"], metavar="SOURCE", shell_complete=suggest.container_paths
        ),
        click.Argument(
            ["destination"],
            metavar="DESTINATION",
            shell_complete=suggest.container_paths,
        ),
    ],
    examples="""
        lab cp web:/etc/nginx .         the directory, as ./nginx
        lab cp web:/etc/nginx/. conf    what is in it, into conf
        lab cp page.html web:/srv/      one file
        lab cp web:/srv - | tar tv      a tar on standard output
        tar c . | lab cp - web:/srv     a tar from standard input
    """,
)
@click.pass_obj
def cp(
    engine: Engine,
    archive: bool,
    follow_link: bool,
    quiet: bool,
    source: str,
    destination: str,
) -> int:
    """Copy files out of a container, or into it.

    One end is CONTAINER:PATH, the other a path of this machine, or - for a tar. A
    directory goes as a whole; DIR/. means what is in it. What is there already is
    replaced.
    """
    origin, goal = read_end(source), read_end(destination)
    if refusal := _refusal(origin, goal):
        say(*refusal)
        return 1
    if goal == ("", PIPE):
        engine.pack_files(*origin, sys.stdout.fileno(), follow=follow_link)
        return 0
    if origin == ("", PIPE):
        engine.unpack_files(*goal, sys.stdin.buffer)
        return 0
    if origin.container:
        copied = engine.copy_out(*origin, goal.path, follow=follow_link, owners=archive)
    else:
        copied = engine.copy_in(
            goal.container, origin.path, goal.path, follow=follow_link
        )
    if sys.stdout.isatty() and not quiet:
        print(f"Successfully copied {size(copied)} to {goal}", file=sys.stderr)
    return 0


def _refusal(origin: End, goal: End) -> tuple[str, str] | None:
    """Why nothing can be copied between these two, and what to do; None if it can."""
    for end, what in ((origin, "source"), (goal, "destination")):
        if end == ("", ""):
            return f"{what} can not be empty", "`lab cp --help` has examples."
    if origin.container and goal.container:
        return (
            "copying between containers is not supported",
            f"Through a pipe: `lab cp {origin} - | lab cp - {goal}`.",
        )
    if not origin.container and not goal.container:
        return (
            "must specify at least one container source",
            "One end is CONTAINER:PATH; between two paths of the machine use `cp`.",
        )
    if goal.path == PIPE and not goal.container and sys.stdout.isatty():
        return (
            "refusing to write a tar to the terminal",
            f"Send it somewhere: `lab cp {origin} - | tar tv`.",
        )
    return None
