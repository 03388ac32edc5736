"""`lab run` and `lab create`: an image becomes a container.

    create   an ID, a name, an empty top layer and what was asked for, all on disk;
             no process yet
    run      create, then start; attached to its input and output unless -d

The exit code of `run` is the program's own. So that nobody mistakes a failure of the
engine for one of the program, those have codes of their own: 125 (the engine), 126
(the program cannot be run), 127 (there is no such program), 128 + n (signal n).

Try it: `lab run --rm busybox sh -c 'exit 3'; echo $?`, `lab run --explain busybox true`
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from engine.engine import Container, ContainerOptions, Engine
from engine.errors import Aborted, EngineError, NotFound, RegistryError
from labshell.commands.explaining import ExplainedVerb
from labshell.commands.options import (
    CONTAINER_OPTIONS,
    IMAGE_AND_COMMAND,
    container_options,
    program,
)
from labshell.commands.options.streams import STAYING, STEP, walk
from labshell.commands.report import notice, report, say, tell

if TYPE_CHECKING:
    from labshell.commands.stepping import Walk

KILLED = 137  # 128 + SIGKILL

_DETACH = program.PROGRAM.flag(
    "-d",
    "--detach",
    "detached",
    help="Let it run in the background and print its ID.",
)


@click.command(
    cls=ExplainedVerb,
    params=[*CONTAINER_OPTIONS, *IMAGE_AND_COMMAND],
    context_settings={"allow_interspersed_args": False},
    examples="""
        lab create --name web -v pages:/srv busybox httpd -f -h /srv
        lab start web
    """,
)
@click.pass_obj
def create(engine: Engine, /, **asked: Any) -> None:
    """Make a container from an image, without starting it.

    Prints the ID. What follows IMAGE is the program and its arguments, instead of
    those that the image names; `lab start` runs it.
    """
    print(_created(engine, container_options(asked), asked).id)


@click.command(
    cls=ExplainedVerb,
    params=[_DETACH, *CONTAINER_OPTIONS, *STAYING, STEP, *IMAGE_AND_COMMAND],
    context_settings={"allow_interspersed_args": False},
    examples="""
        lab run -it --rm busybox sh            a shell in a new container
        lab run -d --name db -v data:/data busybox sleep 1d
        lab run --rm -m 64m --pids-limit 20 busybox ps
        lab run --explain busybox true         how it is done
        lab run --step -it --rm busybox sh     the same, one act at a time
    """,
)
@click.pass_obj
def run(engine: Engine, /, step: bool, **asked: Any) -> int:
    """Make a container from an image and start it.

    Options stand before IMAGE; everything after it is the program and its arguments.
    The exit code is the program's. 125, 126 and 127 are also the engine's own: it could
    not start, the program cannot be run, or is not there (`lab explain exit code`).
    """
    try:
        options = container_options(asked)
        if options.detached and options.attached:
            say("Conflicting options: -a and -d", "Stay with it, or leave it alone.")
            return 1
        if not options.detached and _lacks_terminal(options):
            return no_terminal()
        container = _created(engine, options, asked)
        tell(engine)
        steps = walk(engine, container.id, step)
        with _gone_if_broken_off(engine, container.id):
            if options.detached:
                return _in_background(engine, container, steps)
            stay = Stay(asked["detach_keys"], asked["sig_proxy"], steps)
            return _in_foreground(engine, container, stay)
    except (EngineError, OSError) as error:
        report(error)
        return getattr(error, "exit_code", EngineError.exit_code)


def _created(
    engine: Engine, options: ContainerOptions, asked: dict[str, Any]
) -> Container:
    """Make the container; its image is fetched first, if it must be."""
    when = asked["pull"]
    try:
        if when == "always":
            _fetch(engine, options.image, asked)
        return _made(engine, options, asked["cidfile"])
    except NotFound as missing:
        if when != "missing" or engine.has_image(options.image):
            raise
        name = options.image
        shown = name if {":", "@"} & set(name.rpartition("/")[2]) else f"{name}:latest"
        print(f"Unable to find image '{shown}' locally", file=sys.stderr)
        try:
            _fetch(engine, name, asked)
        except RegistryError as error:
            raise engine.missing(missing, error) from error
        return _made(engine, options, asked["cidfile"])


def _fetch(engine: Engine, name: str, asked: dict[str, Any]) -> None:
    """Pull an image; how it goes on is told on stderr."""
    from labshell.views.transfer import view

    with view(sys.stderr, quiet=asked["quiet"]) as progress:
        engine.pull(name, progress, asked["platform"] or "")


def _made(engine: Engine, options: ContainerOptions, cidfile: str | None) -> Container:
    """Make the container, and write its ID to a file if that is wanted."""
    if cidfile is None:
        return engine.create(options)
    from labshell.commands.cidfile import create_noted

    return create_noted(engine, options, cidfile)


class Stay(NamedTuple):
    """How somebody stays with a container that is run, or steps through its start."""

    detach_keys: str | None
    signals: bool
    steps: "Walk | None"


@contextlib.contextmanager
def _gone_if_broken_off(engine: Engine, name: str) -> Iterator[None]:
    """A start that was broken off leaves no new container behind."""
    try:
        yield
    except Aborted as error:
        with contextlib.suppress(NotFound):  # somebody else was faster
            engine.remove(name, volumes=True)
        error.hint = "Nothing of it is left."
        raise


def no_terminal() -> int:
    """Say that `-it` makes no sense here; its exit code, as Docker's."""
    say("the input device is not a TTY", "Leave -t out when input comes from a pipe.")
    return 1


def _lacks_terminal(options: ContainerOptions) -> bool:
    return options.interactive and options.tty and not os.isatty(0)


def _in_background(engine: Engine, container: Container, steps: "Walk | None") -> int:
    """Start the container and leave it running."""
    engine.start(container.id, steps)
    print(container.id)
    return 0


def _in_foreground(engine: Engine, container: Container, stay: Stay) -> int:
    """Start the container and stay with it; with --rm, remove it when it has ended.

    It has not ended if the student left it with Ctrl-P Ctrl-Q: then its shim removes
    it later.
    """
    try:
        code = _attached(engine, container, stay)
        if code == KILLED and engine.container(container.id).state.oom_killed:
            notice(
                "the kernel killed it: it had used up its memory (-m); 137 is 128 + 9, "
                "the number of SIGKILL"
            )
        return code
    finally:
        with contextlib.suppress(NotFound):  # somebody else was faster
            ended = not engine.container(container.id).running
            if ended and _removes(container.options):
                engine.remove(container.id, volumes=True)


def _removes(options: ContainerOptions) -> bool:
    """Whether we remove it: not if we do not stay to its end, without its output."""
    stays = options.shows("stdout") or options.shows("stderr")
    return options.auto_remove and stays


def _attached(engine: Engine, container: Container, stay: Stay) -> int:
    """Start the container with input and output connected; its exit code."""
    options = container.options
    session = engine.session(
        container.id,
        stdin=options.interactive,
        detach_keys=stay.detach_keys,
        removes=_removes(options),
    )
    stdout = 1 if options.shows("stdout") else None
    stderr = 2 if options.shows("stderr") else None
    try:
        session.start(stay.steps)
        if stdout is stderr is None:
            print(container.id, flush=True)
        stdin = 0 if options.interactive else None
        code = session.interact(stdin, stdout, stderr, signals=stay.signals)
        if session.detached:
            print(file=sys.stderr)  # the prompt should not stand behind the program's
        return code
    finally:
        session.close()
