"""What TAB offers where a value is asked for: a container, an image, a known word.

click calls one of these with what has been typed so far; in the open shell the
engine is at hand (`ctx.obj`), behind bash's TAB there is only `--root`. A TAB never
fails: who may not read the engine's directories is offered nothing.

Try it: `lab completion --help`, then `lab rm <TAB>`
"""

import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from engine.engine import Engine
from engine.errors import EngineError

Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def _offering(names: Callable[[Engine], Iterable[str]]) -> Completer:
    """A completer for click from a function that lists all names."""

    def complete(ctx: click.Context, param: click.Parameter, typed: str) -> list[str]:
        root = ctx.find_root()
        try:
            place = root.params.get("root")
            engine = root.obj or Engine(Path(place) if place else None)
            return sorted(name for name in names(engine) if name.startswith(typed))
        except (EngineError, OSError):
            return []

    return complete


def _in_state(*states: str) -> Completer:
    return _offering(
        lambda engine: (
            container.name
            for container in engine.containers(all=True)
            if not states or container.state.status in states
        )
    )


containers = _in_state()
running = _in_state("running", "paused", "restarting")
paused = _in_state("paused")
stopped = _in_state("created", "exited")
images = _offering(
    lambda engine: (name for image in engine.images() for name in image.references)
)
container_paths = _offering(
    lambda engine: (f"{container.name}:" for container in engine.containers(all=True))
)
volumes = _offering(lambda engine: (volume.name for volume in engine.volumes()))
volume_places = _offering(
    lambda engine: (f"{volume.name}:" for volume in engine.volumes())
)
networks = _offering(lambda engine: (one.name for one in engine.networks()))
runtimes = _offering(lambda engine: engine.runtimes().words)
anything = _offering(
    lambda engine: [
        *(container.name for container in engine.containers(all=True)),
        *(name for image in engine.images() for name in image.references),
        *(volume.name for volume in engine.volumes()),
        *(network.name for network in engine.networks()),
    ]
)


def files_or(*verbs: str) -> Callable[..., list[Any]]:
    """A completer for files, and for these words where the first one is typed."""

    def complete(ctx: click.Context, param: click.Parameter, typed: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        known = () if ctx.params.get(str(param.name)) else verbs
        # In this order: what is a file makes bash forget what it was offered before.
        return [
            CompletionItem(typed, type="file"),
            *(CompletionItem(verb) for verb in known if verb.startswith(typed)),
        ]

    return complete


def words(*known: str) -> Completer:
    """A completer for words that are always the same, in this order."""

    def complete(ctx: click.Context, param: click.Parameter, typed: str) -> list[str]:
        return [word for word in known if word.startswith(typed)]

    return complete


def namespaces(*known: str) -> Completer:
    """These words, or the namespace of another container: `container:NAME`."""
    others = _offering(
        lambda engine: (
            f"container:{container.name}" for container in engine.containers()
        )
    )
    fixed = words(*known)
    return lambda *asked: fixed(*asked) + others(*asked)


def modes(*asked: Any) -> list[str]:
    """What --network takes: a network, or the namespace of another container."""
    return [*networks(*asked), *namespaces()(*asked)]


restart_policies = words("no", "on-failure", "always", "unless-stopped")
signals = words(*(known.name.removeprefix("SIG") for known in signal.Signals))


def argument(
    completer: Completer, *, many: bool = False, what: str = "CONTAINER"
) -> click.Argument:
    """The argument CONTAINER, or one or more of them, with names offered by TAB."""
    if many:
        return click.Argument(
            ["names"],
            nargs=-1,
            required=True,
            metavar=f"{what} [{what}...]",
            shell_complete=completer,
        )
    return click.Argument(["name"], metavar=what, shell_complete=completer)
