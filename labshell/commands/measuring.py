"""`lab stats` and `lab top`: what containers use of the machine, and who uses it.

Both ask the kernel: `stats` the counters of a container's control group, `top` /proc
for the processes that are in it.

Try it: `lab run -d --name busy busybox sh -c 'while :; do :; done'; lab stats`
"""

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from engine.engine import Engine
from labshell.commands import suggest
from labshell.commands.grammar import Option, Verb
from labshell.commands.listing import (
    FORMAT,
    JSON,
    WHOLE,
    print_json,
    print_lines,
    terminal_width,
)
from labshell.templates.listing import Row
from labshell.views import live
from labshell.views.tables import table

if TYPE_CHECKING:
    from engine.engine import Stats

INTERVAL = 1.0  # seconds between two looks


@click.command(
    cls=Verb,
    params=[
        Option(["-a", "--all"], is_flag=True, help="Also those that do not run."),
        Option(["--no-stream"], is_flag=True, help="Measure once and end."),
        FORMAT,
        WHOLE,
        JSON,
        click.Argument(
            ["names"],
            nargs=-1,
            metavar="[CONTAINER...]",
            shell_complete=suggest.containers,
        ),
    ],
    examples="""
        lab stats
        lab stats --no-stream web db
        lab stats --no-stream --format '{{.Name}}: {{.MemUsage}}'
    """,
)
@click.pass_obj
def stats(
    engine: Engine,
    all: bool,
    no_stream: bool,
    format: str | None,
    no_trunc: bool,
    json: bool,
    names: tuple[str, ...],
) -> None:
    """Show what containers use, second by second, until Ctrl-C.

    CPU %: 100 is one busy processor. REMARKS appear when the kernel holds something
    back: "throttled" by --cpus, "under OOM" with --oom-kill-disable. --json has all
    that the kernel counts, in the shape of Docker's API.
    """
    looks = _every_second(engine.stats(names, all=all))
    if json:
        print_json([measured.to_json() for measured in next(looks)])
        return
    shown = (_shown(found, names, format, no_trunc) for found in looks)
    if no_stream:
        print_lines([next(shown)])
    else:
        live.redraw(shown)


def _every_second(looks: "Iterator[list[Stats]]") -> "Iterator[list[Stats]]":
    """The looks after the first, which has nothing to compare with."""
    next(looks)
    while True:
        time.sleep(INTERVAL)
        yield next(looks)


def _shown(
    found: "Sequence[Stats]", names: Sequence[str], form: str | None, whole: bool
) -> str:
    """One look as it is printed."""
    from labshell.views.measures import STATS, stats_row

    asked: Sequence[str | None] = names or [None] * len(found)
    rows: list[Row] = [
        stats_row(one, name, whole=whole)
        for one, name in zip(found, asked, strict=True)
    ]
    remarkable = any(row["Remarks"] for row in rows)
    listing = STATS.with_columns("Remarks") if remarkable else STATS
    return "\n".join(listing.show(form, rows, None if whole else terminal_width()))


@click.command(
    cls=Verb,
    params=[
        suggest.argument(suggest.running),
        click.Argument(["options"], nargs=-1, metavar="[PS OPTIONS]"),
    ],
    context_settings={
        "allow_interspersed_args": False,
        "ignore_unknown_options": True,
    },
    examples="""
        lab top web
        lab top web aux
        lab top web -o pid,user,comm
    """,
)
@click.pass_obj
def top(engine: Engine, name: str, options: tuple[str, ...]) -> None:
    """List the processes of a container, with the machine's own numbers.

    They are processes of the machine like all others: `ps` shows them, too. Inside,
    the same ones have other numbers; compare `lab exec CONTAINER ps`.
    """
    found = engine.top(name, options)
    print(table(found.titles, found.rows))
