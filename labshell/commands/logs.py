"""`lab logs`: what a container has printed.

The shim writes each line that the program prints to `log.jsonl`, with the time and
whether it came from stdout or stderr. So it is there later, after the container has
ended, and for any number of readers.

Try it: `lab run --name box busybox sh -c 'echo out; echo err >&2'; lab logs -t box`
"""

import os
import sys
import time
from typing import TYPE_CHECKING

import click

from engine.engine import Engine
from engine.moments import moment
from labshell.commands import suggest
from labshell.commands.grammar import Option, Verb
from labshell.commands.options.kinds import Value

if TYPE_CHECKING:
    pass

_MOMENT = Value("time", lambda text: moment(text, time.time()))


@click.command(
    cls=Verb,
    params=[
        Option(
            ["-f", "--follow"],
            is_flag=True,
            help="Go on until the container ends (or Ctrl-C, which only ends this).",
        ),
        Option(
            ["-n", "--tail"],
            default="all",
            metavar="NUMBER",
            help="Only the last NUMBER lines.",
        ),
        Option(
            ["-t", "--timestamps"],
            is_flag=True,
            help="Begin each line with the time at which it was printed.",
        ),
        Option(
            ["--since"],
            type=_MOMENT,
            metavar="TIME",
            help="Only what came after TIME: 10m (ago), or 2023-11-14T22:13:20Z.",
        ),
        Option(
            ["--until"],
            type=_MOMENT,
            metavar="TIME",
            help="Only what came before TIME.",
        ),
        Option(
            ["--details"],
            is_flag=True,
            help="Begin each line with the labels and variables that --log-opt chose.",
        ),
        suggest.argument(suggest.containers),
    ],
    examples="""
        lab logs web
        lab logs -f --tail 5 web
        lab logs web 2>/dev/null         only what it wrote to stdout
    """,
)
@click.pass_obj
def logs(
    engine: Engine,
    follow: bool,
    tail: str,
    timestamps: bool,
    since: float | None,
    until: float | None,
    details: bool,
    name: str,
) -> None:
    """Print what a container has printed.

    What it wrote to stdout comes out on stdout, what it wrote to stderr on stderr. A
    container with a terminal (-t) has only one stream.
    """
    entries = engine.logs(
        name,
        follow=follow,
        since=since,
        until=until,
        # What is no number means all, as in Docker.
        tail=int(tail) if tail.isascii() and tail.isdecimal() else None,
    )
    for entry in entries:
        line = entry.shown(timestamps, details)
        _write(1 if entry.stream == "stdout" else 2, line)


def _write(descriptor: int, data: bytes) -> None:
    """Write all of a line to where the program wrote it."""
    (sys.stdout if descriptor == 1 else sys.stderr).flush()
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
