"""`lab ps` and `lab diff`: which containers there are, and what one has changed.

Both only read: `ps` the records in `containers/`, `diff` the read-write layer, which
holds what the container has written and nothing else.

Try it: `lab ps -a`, `lab diff CONTAINER`
"""

import json
import re
from collections.abc import Sequence
from typing import Any

import click

from engine.engine import Engine
from labshell.commands import suggest
from labshell.commands.grammar import Option, Verb
from labshell.views.tables import printable, table

_UNPRINTABLE = re.compile("[\x7f-\x9f\ud800-\udfff]")
JSON = Option(["--json"], is_flag=True, help="Print JSON, for programs.")
QUIET = Option(["-q", "--quiet"], is_flag=True, help="Print only IDs, one a line.")
WHOLE = Option(["--no-trunc"], is_flag=True, help="Cut nothing short.")


def print_json(data: Any) -> None:
    """Print data as JSON that a person can read, too.

    JSON may hold any character but 0 to 31. Those that could act on a terminal, and
    the halves that stand for bytes that are no UTF-8, are escaped as well.
    """
    text = json.dumps(data, indent=4, ensure_ascii=False)
    print(_UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def print_lines(lines: Sequence[str]) -> None:
    """Print lines, if there are any."""
    if lines:
        print("\n".join(lines))


@click.command(
    cls=Verb,
    params=[
        Option(["-a", "--all"], is_flag=True, help="Also those that do not run."),
        Option(["-l", "--latest"], is_flag=True, help="Only the newest, run or not."),
        Option(
            ["-n", "--last"],
            type=int,
            default=-1,
            metavar="NUMBER",
            help="Only the newest NUMBER, run or not.",
        ),
        QUIET,
        WHOLE,
        JSON,
    ],
    examples="""
        lab ps -a
        for c in $(lab ps -q); do lab logs --tail 1 $c; done
    """,
)
@click.pass_obj
def ps(
    engine: Engine,
    all: bool,
    latest: bool,
    last: int,
    quiet: bool,
    no_trunc: bool,
    json: bool,
) -> None:
    """List containers: the running ones, unless told otherwise.

    Newest first. `Exited (3)` is the exit code of the program; 128 + n means that
    signal n ended it.
    """
    from labshell.views.listing import CONTAINERS, container_json, container_row

    most = 1 if latest else last
    found = engine.containers(all=all or most >= 0)
    if most >= 0:
        found = found[:most]
    if json:
        print_json([container_json(container) for container in found])
    elif quiet:
        print_lines([c.id if no_trunc else c.id[:12] for c in found])
    else:
        print(table(CONTAINERS, [container_row(c, whole=no_trunc) for c in found]))


@click.command(
    cls=Verb,
    params=[JSON, suggest.argument(suggest.containers)],
    examples="""
        lab diff web
    """,
)
@click.pass_obj
def diff(engine: Engine, json: bool, name: str) -> None:
    """List what a container has changed in its file system.

    A: added, C: changed, D: deleted. What lies in volumes, tmpfs, /proc, /sys or the
    mounted /etc/hosts is not in the container's layer, so it is not listed.
    """
    found = engine.changes(name)
    if json:
        print_json([{"kind": change.kind, "path": change.path} for change in found])
    else:
        print_lines([f"{change.kind} {printable(change.path)}" for change in found])
