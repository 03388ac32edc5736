"""`lab mounts`, `tree`, `layers`, `states`, `net`: looking closer.

Each picture is read off the live system and shown drawn, in sentences, or as JSON; see
picture.py. `lab watch` (watching.py) shows the same pictures, live.

Try it: `lab tree`, `lab tree --plain`, `lab tree --json`
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from engine.engine import Engine
from labshell.commands import suggest
from labshell.commands.grammar import Option, Verb
from labshell.commands.listing import JSON
from labshell.commands.picture import Picture
from labshell.views import layers as layers_view
from labshell.views import mounts as mounts_view
from labshell.views import network_map as network_view
from labshell.views import processes as processes_view
from labshell.views import states as states_view

if TYPE_CHECKING:
    from engine.engine import Arrow, Container, LayerView, ProcessInfo, Switch

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


def mounts_picture(engine: Engine, name: str | None) -> "Picture[mounts_view.Seen]":
    """The mounts of a container, or all of the engine's."""
    if name is not None:
        name = engine.container(name).name
    news = mounts_view.News()

    def look() -> mounts_view.Seen:
        return news.among([p for p in engine.mounts() if name in (None, p.container)])

    return Picture(
        look,
        draw=mounts_view.draw,
        sentences=mounts_view.sentences,
        as_json=mounts_view.as_json,
    )


def tree_picture(engine: Engine) -> "Picture[Sequence[ProcessInfo]]":
    """The engine's processes."""
    return Picture(
        engine.processes,
        draw=processes_view.draw,
        sentences=processes_view.sentences,
        as_json=processes_view.as_json,
    )


def layers_picture(
    look: "Callable[[], Sequence[LayerView]]", paths: bool, files: int
) -> "Picture[Sequence[LayerView]]":
    """The layers that `look` finds."""
    return Picture(
        look,
        draw=partial(layers_view.draw, paths=paths, files=files),
        sentences=partial(layers_view.sentences, paths=paths, files=files),
        as_json=layers_view.as_json,
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
    mounts_picture(engine, name).show(json=json, plain=plain)


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
    tree_picture(engine).show(json=json, plain=plain)


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
    picture = layers_picture(lambda: engine.layers(name), paths, files)
    picture.show(json=json, plain=plain)


def states_picture(
    engine: Engine, name: str | None
) -> "Picture[tuple[Sequence[Arrow], Container | None]]":
    """The states, and where a container is among them."""
    if name is not None:
        name = engine.container(name).id

    def look() -> "tuple[Sequence[Arrow], Container | None]":
        return engine.states(), None if name is None else engine.container(name)

    return Picture(
        look,
        draw=lambda seen: states_view.draw(*seen),
        sentences=lambda seen: states_view.sentences(*seen),
        as_json=lambda seen: states_view.as_json(*seen),
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
    states_picture(engine, name).show(json=json, plain=plain)


def net_picture(engine: Engine) -> "Picture[Sequence[Switch]]":
    """The networks, and who is plugged in."""
    return Picture(
        engine.switches,
        draw=network_view.draw,
        sentences=network_view.sentences,
        as_json=network_view.as_json,
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
    net_picture(engine).show(json=json, plain=plain)
