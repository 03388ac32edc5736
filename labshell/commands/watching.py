"""`lab watch`: the pictures that stay true, until Ctrl-C.

Each is told by the engine when to look again, and looks now and then without being told
(views/live.py). `:panes` in the shell puts them beside it.

Try it: `lab watch tree` in one window, `lab run busybox sleep 5` in another
"""

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from engine.engine import Engine
from labshell.commands import suggest
from labshell.commands.grammar import Verb, Verbs
from labshell.commands.listing import JSON
from labshell.commands.picture import Picture
from labshell.commands.pictures import (
    FILES,
    ONE_OR_ALL,
    PATHS,
    PLAIN,
    layers_picture,
    mounts_picture,
    net_picture,
    states_picture,
    tree_picture,
)
from labshell.views import cgroup as cgroup_view

if TYPE_CHECKING:
    from engine.engine import Container, LayerView

NEWEST = click.Argument(
    ["name"],
    required=False,
    metavar="[CONTAINER|IMAGE]",
    shell_complete=suggest.anything,
)


@click.command(cls=Verb, name="mounts", params=[PLAIN, JSON, ONE_OR_ALL])
@click.pass_obj
def watch_mounts(engine: Engine, plain: bool, json: bool, name: str | None) -> None:
    """The engine's mounts, live; those that came last are marked with +."""
    mounts_picture(engine, name).watch(
        "lab mounts", engine.announcements(), json=json, plain=plain
    )


@click.command(cls=Verb, name="tree", params=[PLAIN, JSON])
@click.pass_obj
def watch_tree(engine: Engine, plain: bool, json: bool) -> None:
    """The engine's processes, live."""
    tree_picture(engine).watch(
        "lab tree", engine.announcements(), json=json, plain=plain
    )


@click.command(cls=Verb, name="layers", params=[PATHS, FILES, PLAIN, JSON, NEWEST])
@click.pass_obj
def watch_layers(
    engine: Engine, paths: bool, files: int, plain: bool, json: bool, name: str | None
) -> None:
    """The layers of a container or an image, live.

    Without a name those of the newest container, whichever that is.
    """

    def look() -> "Sequence[LayerView]":
        found = name or next((one.id for one in newest()), None)
        return engine.layers(found) if found else ()

    def newest() -> "Sequence[Container]":
        every = engine.containers(all=True)
        return [one for one in every if name in (None, one.name, one.id)][:1]

    picture = layers_picture(look, paths, files)
    title = f"lab layers {name or ''}".rstrip()
    picture.watch(title, engine.announcements(newest), json=json, plain=plain)


@click.command(cls=Verb, name="states", params=[PLAIN, JSON, ONE_OR_ALL])
@click.pass_obj
def watch_states(engine: Engine, plain: bool, json: bool, name: str | None) -> None:
    """The states, and where a container is among them, live."""
    states_picture(engine, name).watch(
        "lab states", engine.announcements(), json=json, plain=plain
    )


@click.command(cls=Verb, name="net", params=[PLAIN, JSON])
@click.pass_obj
def watch_net(engine: Engine, plain: bool, json: bool) -> None:
    """The networks and their packets, live."""
    net_picture(engine).watch("lab net", engine.announcements(), json=json, plain=plain)


@click.command(cls=Verb, name="cgroup", params=[PLAIN, JSON, ONE_OR_ALL])
@click.pass_obj
def watch_cgroup(engine: Engine, plain: bool, json: bool, name: str | None) -> None:
    """What containers use against what they may use, live.

    Memory against its limit, and what the kernel did when it ran out; the processor,
    and how often the quota held a container back; processes against their limit.
    """
    looks = engine.stats([engine.container(name).id] if name else ())
    picture = Picture(
        lambda: next(looks),
        draw=cgroup_view.draw,
        sentences=cgroup_view.sentences,
        as_json=cgroup_view.as_json,
    )
    picture.watch("lab cgroup", engine.announcements(), json=json, plain=plain)


@click.command(cls=Verb, name="acts", params=[PLAIN, JSON, ONE_OR_ALL])
@click.pass_obj
def watch_acts(engine: Engine, plain: bool, json: bool, name: str | None) -> None:
    """What is done on behalf of containers, as it is done.

    Each act is the command that does the same in a shell. They are printed one below
    the other, until Ctrl-C.
    """
    from labshell.views.acts import Teller

    teller = Teller(engine.root, json=json, plain=plain)
    with contextlib.suppress(KeyboardInterrupt):
        engine.overhear(teller.hear, None if name is None else engine.container(name))


watch = Verbs(
    name="watch",
    headings={
        "Pictures": {
            "mounts": "labshell.commands.watching:watch_mounts",
            "tree": "labshell.commands.watching:watch_tree",
            "layers": "labshell.commands.watching:watch_layers",
            "states": "labshell.commands.watching:watch_states",
            "cgroup": "labshell.commands.watching:watch_cgroup",
            "net": "labshell.commands.watching:watch_net",
            "acts": "labshell.commands.watching:watch_acts",
        }
    },
    help="""
    Show a picture that stays true, until Ctrl-C.

    `:panes` in the shell puts such pictures beside it, in tmux.
    """,
)
