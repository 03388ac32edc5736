"""`lab inspect`: everything that is known about a thing, as JSON.

The shape is Docker's, so that what is learned here holds there, and programs that
read the one can read the other. `--format` picks values out, with a template; see
labshell/templates/.

Try it: `lab inspect busybox`, `lab inspect -f '{{.State.Pid}}' CONTAINER`
"""

from typing import Any

import click

from engine.engine import Engine
from engine.errors import EngineError
from labshell.commands import suggest
from labshell.commands.grammar import Option, Verb
from labshell.commands.listing import print_json, print_lines
from labshell.commands.report import report

_FORMAT = Option(
    ["-f", "--format"],
    metavar="TEMPLATE",
    help="Print this for each, with values filled in: {{.State.Pid}}. Or json.",
)


@click.command(
    cls=Verb,
    params=[
        Option(
            ["--type", "kind"],
            type=click.Choice(["container", "image", "volume", "network"]),
            help="Only look among these; a name may be used by more than one kind.",
        ),
        _FORMAT,
        Option(
            ["-s", "--size"],
            is_flag=True,
            help="Also how many bytes a container has written (SizeRw).",
        ),
        suggest.argument(suggest.anything, many=True, what="NAME"),
    ],
    examples="""
        lab inspect web
        lab inspect -f '{{.State.ExitCode}}' web
    """,
)
@click.pass_obj
def inspect(
    engine: Engine,
    kind: str | None,
    format: str | None,
    size: bool,
    names: tuple[str, ...],
) -> int:
    """Print all that is known about containers, images, volumes or networks."""
    return _inspect(engine, kind, format, names, size=size)


def _only(kind: str, completer: suggest.Completer) -> click.Command:
    """The verb `inspect` of one kind of thing: `lab volume inspect`."""

    @click.command(
        "inspect",
        cls=Verb,
        params=[
            _FORMAT,
            suggest.argument(completer, many=True, what=kind.upper()),
        ],
        help=f"Print all that is known about {kind}s, as JSON.",
    )
    @click.pass_obj
    def inspect_kind(engine: Engine, format: str | None, names: tuple[str, ...]) -> int:
        return _inspect(engine, kind, format, names)

    return inspect_kind


inspect_image = _only("image", suggest.images)
inspect_volume = _only("volume", suggest.volumes)
inspect_network = _only("network", suggest.networks)


def _inspect(
    engine: Engine,
    kind: str | None,
    template: str | None,
    names: tuple[str, ...],
    *,
    size: bool = False,
) -> int:
    """Print what is found, then what is not; 1 if anything is not."""
    found: list[dict[str, Any]] = []
    missing: list[EngineError] = []
    for name in names:
        try:
            found.append(engine.inspect(name, kind, size=size))
        except EngineError as error:
            missing.append(error)
    _print(found, template)
    for problem in missing:
        report(problem)
    return 1 if missing else 0


def _print(found: list[dict[str, Any]], template: str | None) -> None:
    from labshell.templates import render
    from labshell.templates.printing import as_json
    from labshell.templates.structures import structured

    if not template:
        print_json(found)
    elif template == "json":
        print(as_json(found))
    else:
        print_lines([render(template, structured(data)) for data in found])
