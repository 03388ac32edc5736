"""`lab logs`: what a container has printed.

The shim writes each line that the program prints to `log.jsonl`, with the time and
whether it came from stdout or stderr. So it is there later, after the container has
ended, and for any number of readers.

Try it: `lab run --name box busybox sh -c 'echo out; echo err >&2'; lab logs -t box`
"""

import os
import sys
import time
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import click

from engine.engine import Engine
from labshell.commands import suggest, values
from labshell.commands.grammar import Option, Verb
from labshell.commands.options.kinds import Value

if TYPE_CHECKING:
    from engine.engine import LogEntry

_MOMENT = Value("time", lambda text: values.moment(text, time.time()))


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
    name: str,
) -> None:
    """Print what a container has printed.

    What it wrote to stdout comes out on stdout, what it wrote to stderr on stderr. A
    container with a terminal (-t) has only one stream.
    """
    for entry in _from_tail(engine, name, tail, follow):
        if not _within(entry, since, until):
            continue
        stamp = f"{entry.time} ".encode() if timestamps else b""
        _write(1 if entry.stream == "stdout" else 2, stamp + entry.data)


def _from_tail(
    engine: Engine, name: str, tail: str, follow: bool
) -> "Iterator[LogEntry]":
    """The log, without what comes before its last `tail` lines.

    The number is counted first and the log read again: whatever its size, only one
    line of it is in memory. A `tail` that is no number means all, as in Docker.
    """
    skipped = 0
    if tail.isdecimal():
        there = sum(1 for _ in engine.logs(name))
        skipped = max(0, there - int(tail))
    return islice(engine.logs(name, follow=follow), skipped, None)


def _within(entry: "LogEntry", since: float | None, until: float | None) -> bool:
    """Whether the line was printed in the stretch of time that was asked for."""
    if since is None and until is None:
        return True
    from labshell.views.amounts import seconds_since_epoch

    moment = seconds_since_epoch(entry.time)
    after = since is None or moment >= since
    return after and (until is None or moment <= until)


def _write(descriptor: int, data: bytes) -> None:
    """Write all of a line to where the program wrote it."""
    (sys.stdout if descriptor == 1 else sys.stderr).flush()
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
