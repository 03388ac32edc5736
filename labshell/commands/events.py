"""`lab events`: what happens to containers, images and volumes, as it happens.

Whoever does something writes a line into `events.jsonl`: the command that makes a
container, the shim that sees it die. This verb reads that file, and waits for more.

Try it: `lab events` in one terminal, `lab run --rm busybox true` in another
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from engine.engine import Engine
from engine.moments import moment
from labshell.commands.grammar import Option, Verb
from labshell.commands.listing import as_filters, filter_option
from labshell.commands.options.kinds import Value

if TYPE_CHECKING:
    from engine.engine import Event

MOMENT = Value("time", lambda text: moment(text, time.time()))


@click.command(
    cls=Verb,
    params=[
        Option(
            ["--since"],
            type=MOMENT,
            metavar="TIME",
            help="Begin at TIME: 10m (ago), or 2023-11-14T22:13:20Z.",
        ),
        Option(
            ["--until"],
            type=MOMENT,
            metavar="TIME",
            help="End at TIME; 0s is now. Without it, at Ctrl-C.",
        ),
        filter_option(
            "type (container, image, volume) event container image volume label"
        ),
        Option(
            ["--format"],
            metavar="TEMPLATE",
            help="Print this for each: '{{.Action}} {{.Actor.ID}}'; or json.",
        ),
    ],
    examples="""
        lab events
        lab events --since 10m --until 0s
        lab events --filter event=die --filter event=oom --format '{{json .}}'
    """,
)
@click.pass_obj
def events(
    engine: Engine,
    since: float | None,
    until: float | None,
    filters: tuple[tuple[str, str], ...],
    format: str | None,
) -> None:
    """Print what happens to containers, images and volumes, as it happens.

    A container's life: create, attach, start, die, stop, destroy; between them pause,
    unpause, kill, oom, exec_start, rename, commit. What is in parentheses says more:
    exitCode, signal, image, name and all labels.
    """
    as_line = _printer(format)
    for event in engine.events(since, until, as_filters(filters)):
        print(as_line(event), flush=True)


def _printer(format: str | None) -> "Callable[[Event], str]":
    """How an event is made a line."""
    from labshell.templates import render
    from labshell.templates.listing import as_typed
    from labshell.templates.printing import as_json
    from labshell.views.events import event_fields, event_json, event_line

    if not format:
        return event_line
    if format == "json":
        return lambda event: as_json(event_json(event))
    form = as_typed(format)
    return lambda event: render(form, event_fields(event))
