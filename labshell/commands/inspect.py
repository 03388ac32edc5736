"""`lab inspect`: everything that is known about a thing, as JSON.

The shape is Docker's, so that what is learned here holds there, and programs that
read the one can read the other. `--format '{{.State.Pid}}'` picks one value out: a
path of names between double braces, as much of Go's template language as is mostly
used; `{{json .State}}` gives a part as JSON.

Try it: `lab inspect busybox`, `lab inspect -f '{{.State.Pid}}' CONTAINER`
"""

import json
import re
from typing import Any

import click

from engine.engine import Engine
from engine.errors import EngineError, InvalidArgument
from labshell.commands import suggest
from labshell.commands.grammar import Option, Verb
from labshell.commands.listing import print_json
from labshell.commands.report import report

_FIELD = re.compile(r"\{\{\s*(json\s+)?\.([\w.-]*)\s*\}\}")
_FORMAT = Option(
    ["-f", "--format"],
    metavar="TEMPLATE",
    help="Print this for each, values filled in: {{.State.Pid}}, {{json .Config}}.",
)


@click.command(
    cls=Verb,
    params=[
        Option(
            ["--type", "kind"],
            type=click.Choice(["container", "image", "volume"]),
            help="Only look among these; a name may be used by more than one kind.",
        ),
        _FORMAT,
        click.Argument(
            ["names"],
            nargs=-1,
            required=True,
            metavar="NAME [NAME...]",
            shell_complete=suggest.anything,
        ),
    ],
    examples="""
        lab inspect web
        lab inspect -f '{{.State.ExitCode}}' web
    """,
)
@click.pass_obj
def inspect(
    engine: Engine, kind: str | None, format: str | None, names: tuple[str, ...]
) -> int:
    """Print all that is known about containers, images or volumes, as JSON."""
    return _inspect(engine, kind, format, names)


def _only(kind: str, completer: suggest.Completer) -> click.Command:
    """The verb `inspect` of one kind of thing: `lab volume inspect`."""

    @click.command(
        "inspect",
        cls=Verb,
        params=[
            _FORMAT,
            click.Argument(
                ["names"],
                nargs=-1,
                required=True,
                metavar=f"{kind.upper()} [{kind.upper()}...]",
                shell_complete=completer,
            ),
        ],
        help=f"Print all that is known about {kind}s, as JSON.",
    )
    @click.pass_obj
    def inspect_kind(engine: Engine, format: str | None, names: tuple[str, ...]) -> int:
        return _inspect(engine, kind, format, names)

    return inspect_kind


inspect_image = _only("image", suggest.images)
inspect_volume = _only("volume", suggest.volumes)


def _inspect(
    engine: Engine, kind: str | None, template: str | None, names: tuple[str, ...]
) -> int:
    """Print what is found, then what is not; 1 if anything is not."""
    found: list[Any] = []
    missing: list[EngineError] = []
    for name in names:
        try:
            data = engine.inspect(name, kind)
            found.append(fill(template, data) if template is not None else data)
        except EngineError as error:
            missing.append(error)
    if template is None:
        print_json(found)
    else:
        print("\n".join(map(str, found)))
    for problem in missing:
        report(problem)
    return 1 if missing else 0


def fill(template: str, data: dict[str, Any]) -> str:
    """The template with each `{{.Path.To.Value}}` replaced by that value."""

    def value(match: re.Match[str]) -> str:
        found: Any = data
        for name in filter(None, match[2].split(".")):
            if not isinstance(found, dict) or name not in found:
                raise InvalidArgument(
                    f'template: map has no entry for key "{name}"',
                    "`lab inspect NAME` without --format shows which there are.",
                )
            found = found[name]
        return _as_text(found, as_json=bool(match[1]))

    filled = _FIELD.sub(value, template)
    if "{{" in _FIELD.sub("", template):
        raise InvalidArgument(
            f"template: {template} asks for more than {{{{.A}}}} and {{{{json .A}}}}",
            "Print JSON, and let `jq` or python do the rest.",
        )
    return filled


def _as_text(value: Any, *, as_json: bool) -> str:
    """A value as Go's templates print it, or as JSON."""
    if as_json or isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "<no value>" if value is None else str(value)
