"""`lab mounts`, `tree`, `layers`, `states`, `net`, and `lab watch`: looking closer.

Each picture is read off the live system and shown in one of three ways: drawn, in
sentences (--plain, good for a screen reader and for a small window), or as JSON.
`lab watch` shows the same pictures, live.

Try it: `lab tree`, `lab tree --plain`, `lab tree --json`
"""

import json as json_format
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from engine.engine import Engine
from labshell.commands import suggest
from labshell.commands.grammar import Option, Verb, Verbs
from labshell.commands.listing import JSON, print_json
from labshell.views import layers as layers_view
from labshell.views import live
from labshell.views import mounts as mounts_view
from labshell.views import network_map as network_view
from labshell.views import processes as processes_view
from labshell.views import states as states_view

if TYPE_CHECKING:
    from rich.console import RenderableType

    from engine.engine import Container, MountPoint

PLAIN = Option(["--plain"], is_flag=True, help="Say it in sentences.")
PATHS = Option(["--paths"], is_flag=True, help="Add each layer's directory.")
FILES = Option(
    ["--files"],
    type=click.IntRange(min=0),
    default=layers_view.MOST_FILES,
    show_default=True,
    metavar="NUMBER",
    help="Show so many files of each layer.",
)
LAYERED = click.Argument(
    ["name"], metavar="CONTAINER|IMAGE", shell_complete=suggest.anything
)
ONE_OR_ALL = click.Argument(
    ["name"], required=False, metavar="[CONTAINER]", shell_complete=suggest.running
)


class Picture:
    """One picture in its three ways; each is made when it is asked for."""

    def __init__(
        self,
        *,
        draw: "Callable[[], RenderableType]",
        sentences: Callable[[], Sequence[str]],
        as_json: Callable[[], Any],
    ) -> None:
        self.draw, self.sentences, self.as_json = draw, sentences, as_json

    def show(self, *, json: bool, plain: bool) -> None:
        """Print it once."""
        if json:
            print_json(self.as_json())
        elif plain:
            print("\n".join(self.sentences()))
        else:
            from rich.console import Console

            Console(highlight=False).print(self.draw(), crop=False)

    def watch(self, title: str, *, json: bool, plain: bool) -> None:
        """Show it until Ctrl-C; not drawn, it is printed whenever it is new."""
        if json:
            live.print_each(lambda: json_format.dumps(self.as_json()))
        elif plain or not live.on_terminal():
            live.print_each(lambda: "\n".join([*self.sentences(), ""]))
        else:
            live.show(self.draw, title)


def _mounts(engine: Engine, name: str | None) -> Picture:
    if name is not None:
        name = engine.container(name).name

    def points() -> "list[MountPoint]":
        return [p for p in engine.mounts() if name in (None, p.container)]

    return Picture(
        draw=lambda: mounts_view.draw(points()),
        sentences=lambda: mounts_view.sentences(points()),
        as_json=lambda: mounts_view.as_json(points()),
    )


def _tree(engine: Engine) -> Picture:
    return Picture(
        draw=lambda: processes_view.draw(engine.processes()),
        sentences=lambda: processes_view.sentences(engine.processes()),
        as_json=lambda: processes_view.as_json(engine.processes()),
    )


def _layers(engine: Engine, name: str, paths: bool, files: int) -> Picture:
    draw = partial(layers_view.draw, paths=paths, files=files)
    sentences = partial(layers_view.sentences, paths=paths, files=files)
    return Picture(
        draw=lambda: draw(engine.layers(name)),
        sentences=lambda: sentences(engine.layers(name)),
        as_json=lambda: layers_view.as_json(engine.layers(name)),
    )


@click.command(
    cls=Verb,
    params=[PLAIN, JSON, ONE_OR_ALL],
    examples="""
        lab mounts
        lab mounts web --plain
    """,
)
@click.pass_obj
def mounts(engine: Engine, plain: bool, json: bool, name: str | None) -> None:
    """Draw the engine's mounts, container by container.

    What the machine sees, and what each container sees inside. The same overlay shows
    up twice: it is one mount, seen from two mount namespaces.
    """
    _mounts(engine, name).show(json=json, plain=plain)


@click.command(
    cls=Verb,
    params=[PLAIN, JSON],
    examples="""
        lab tree
    """,
)
@click.pass_obj
def tree(engine: Engine, plain: bool, json: bool) -> None:
    """Draw the engine's processes: who started whom.

    `4722 → 1` is one process with two numbers: 4722 on the machine, 1 inside.
    """
    _tree(engine).show(json=json, plain=plain)


@click.command(
    cls=Verb,
    params=[PATHS, FILES, PLAIN, JSON, LAYERED],
    examples="""
        lab layers web
        lab layers busybox --paths
    """,
)
@click.pass_obj
def layers(
    engine: Engine, paths: bool, files: int, plain: bool, json: bool, name: str
) -> None:
    """Draw the layers of a container or an image, as they lie on each other.

    A: the layer adds this file, C: it has a changed copy, D: it hides it.
    """
    _layers(engine, name, paths, files).show(json=json, plain=plain)


def _states(engine: Engine, name: str | None) -> Picture:
    if name is not None:
        name = engine.container(name).id

    def current() -> "Container | None":
        return None if name is None else engine.container(name)

    return Picture(
        draw=lambda: states_view.draw(engine.states(), current()),
        sentences=lambda: states_view.sentences(engine.states(), current()),
        as_json=lambda: states_view.as_json(engine.states(), current()),
    )


@click.command(
    cls=Verb,
    params=[PLAIN, JSON, ONE_OR_ALL],
    examples="""
        lab states
        lab states web             where it is, and where it can go from there
        lab watch states web       the same, live
    """,
)
@click.pass_obj
def states(engine: Engine, plain: bool, json: bool, name: str | None) -> None:
    """Draw the states of a container, and what leads from one to the next.

    The arrows are the engine's own table (engine/runtime/state.py): what is not in it
    is refused.
    """
    _states(engine, name).show(json=json, plain=plain)


@click.command(cls=Verb, name="mounts", params=[PLAIN, JSON, ONE_OR_ALL])
@click.pass_obj
def watch_mounts(engine: Engine, plain: bool, json: bool, name: str | None) -> None:
    """The engine's mounts, live."""
    _mounts(engine, name).watch("lab mounts", json=json, plain=plain)


@click.command(cls=Verb, name="tree", params=[PLAIN, JSON])
@click.pass_obj
def watch_tree(engine: Engine, plain: bool, json: bool) -> None:
    """The engine's processes, live."""
    _tree(engine).watch("lab tree", json=json, plain=plain)


@click.command(cls=Verb, name="layers", params=[PATHS, FILES, PLAIN, JSON, LAYERED])
@click.pass_obj
def watch_layers(
    engine: Engine, paths: bool, files: int, plain: bool, json: bool, name: str
) -> None:
    """The layers of a container or an image, live."""
    picture = _layers(engine, name, paths, files)
    picture.watch(f"lab layers {name}", json=json, plain=plain)


@click.command(cls=Verb, name="states", params=[PLAIN, JSON, ONE_OR_ALL])
@click.pass_obj
def watch_states(engine: Engine, plain: bool, json: bool, name: str | None) -> None:
    """The states, and where a container is among them, live."""
    _states(engine, name).watch("lab states", json=json, plain=plain)


def _net(engine: Engine) -> Picture:
    return Picture(
        draw=lambda: network_view.draw(engine.switches()),
        sentences=lambda: network_view.sentences(engine.switches()),
        as_json=lambda: network_view.as_json(engine.switches()),
    )


@click.command(
    cls=Verb,
    params=[PLAIN, JSON],
    examples="""
        lab net
        lab watch net              the same, live: packets are counted
    """,
)
@click.pass_obj
def net(engine: Engine, plain: bool, json: bool) -> None:
    """Draw the networks: the machine, its bridges, and who is plugged in.

    ═ is a veth pair, the cable between a bridge and a container; ↑ and ↓ count the
    packets that the container has sent and received.
    """
    _net(engine).show(json=json, plain=plain)


@click.command(cls=Verb, name="net", params=[PLAIN, JSON])
@click.pass_obj
def watch_net(engine: Engine, plain: bool, json: bool) -> None:
    """The networks and their packets, live."""
    _net(engine).watch("lab net", json=json, plain=plain)


watch = Verbs(
    name="watch",
    headings={
        "Pictures": {
            "mounts": "labshell.commands.pictures:watch_mounts",
            "tree": "labshell.commands.pictures:watch_tree",
            "layers": "labshell.commands.pictures:watch_layers",
            "states": "labshell.commands.pictures:watch_states",
            "net": "labshell.commands.pictures:watch_net",
        }
    },
    help="""
    Show a picture that stays true, until Ctrl-C.

    `:panes` in the shell puts such pictures beside it, in tmux.
    """,
)
