"""`lab ps` and `lab diff`: which containers there are, and what one has changed.

Both only read: `ps` the records in `containers/`, `diff` the read-write layer, which
holds what the container has written and nothing else.

Try it: `lab ps -a`, `lab diff CONTAINER`
"""

import json
import os
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from engine.engine import Container, Engine
from labshell.commands import suggest, values
from labshell.commands.grammar import Option, Verb
from labshell.commands.options.kinds import Value
from labshell.views.tables import printable

if TYPE_CHECKING:
    from labshell.templates.listing import Row

_UNPRINTABLE = re.compile("[\x7f-\x9f\ud800-\udfff]")
JSON = Option(["--json"], is_flag=True, help="Print JSON, for programs.")
QUIET = Option(["-q", "--quiet"], is_flag=True, help="Print only IDs, one a line.")
WHOLE = Option(["--no-trunc"], is_flag=True, help="Cut nothing short.")
FORMAT = Option(
    ["--format"],
    metavar="TEMPLATE",
    help="""Print this for each: a text with {{.FIELD}} in it, `table` and such a text,
    or json. The fields are those that `--format json` shows.""",
)


def filter_option(keys: str) -> Option:
    """--filter, with the keys that its help names; in parentheses, values of one."""
    names = re.sub(r"\(.*?\)", "", keys).split()
    return Option(
        ["-f", "--filter", "filters"],
        multiple=True,
        type=Value("filter", values.assigned),
        metavar="KEY=VALUE",
        help=f"Only those that agree. Keys: {keys}.",
        shell_complete=suggest.words(*(f"{name}=" for name in names)),
    )


def as_filters(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Filters as the engine takes them: values by key."""
    filters: dict[str, list[str]] = {}
    for key, value in pairs:
        filters.setdefault(key, []).append(value)
    return filters


def terminal_width() -> int | None:
    """How many columns stdout has, if it is a terminal."""
    return os.get_terminal_size(1).columns or None if sys.stdout.isatty() else None


def print_json(data: Any) -> None:
    """Print data as JSON that a person can read, too.

    JSON may hold any character but 0 to 31. Those that could act on a terminal, and
    the halves that stand for bytes that are no UTF-8, are escaped as well.
    """
    text = json.dumps(data, indent=4, ensure_ascii=False)
    print(_UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines, if there are any."""
    for line in lines:
        print(line)


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
        filter_option(
            "name id label status (created, running, paused, exited, …) exited health "
            "ancestor volume network before since"
        ),
        FORMAT,
        Option(["-s", "--size"], is_flag=True, help="Also how much each has written."),
        QUIET,
        WHOLE,
        JSON,
    ],
    examples="""
        lab ps -a
        lab ps -a --filter status=exited --filter exited=137
        lab ps --format 'table {{.Names}}\\t{{.Status}}'
        lab rm $(lab ps -aq --filter label=practice)
    """,
)
@click.pass_obj
def ps(
    engine: Engine,
    all: bool,
    latest: bool,
    last: int,
    filters: tuple[tuple[str, str], ...],
    format: str | None,
    size: bool,
    quiet: bool,
    no_trunc: bool,
    json: bool,
) -> None:
    """List containers: the running ones, unless told otherwise.

    Newest first. `Exited (3)` is the exit code of the program; 128 + n means that
    signal n ended it.
    """
    from labshell.views.containers import CONTAINERS, container_json

    most = 1 if latest else last
    found = engine.containers(all=all or most > 0, filters=as_filters(filters))
    found = found[:most] if most > 0 else found
    if json:
        print_json([container_json(container) for container in found])
        return
    if quiet:
        print_lines([c.id if no_trunc else c.short_id for c in found])
        return
    measured = size or ".Size" in (format or "")
    rows = _rows(engine, found, measured=measured, whole=no_trunc)
    listing = CONTAINERS.with_columns("Size") if size else CONTAINERS
    print_lines(listing.show(format, rows, None if no_trunc else terminal_width()))


def _rows(
    engine: Engine, containers: list[Container], *, measured: bool, whole: bool
) -> "list[Row]":
    """A row for each container, with its sizes if they were asked for."""
    from labshell.views.containers import container_row

    images = engine.names_of_images(containers)
    return [
        container_row(
            container,
            engine.container_size(container.id) if measured else None,
            image=images[container.id],
            whole=whole,
            under_oom=engine.is_under_oom(container),
        )
        for container in containers
    ]


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
