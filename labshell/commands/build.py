"""`lab build`: a Dockerfile becomes an image, instruction by instruction.

    lab build -t mine .            the Dockerfile and the files here
    lab build - < Dockerfile       a Dockerfile, and no files
    tar c . | lab build -          files from a pipe

and `lab scene`: when a RUN fails, its container stays as it is. A shell in it is a
shell in an image made of what it left: `lab commit` and `lab run`, nothing else.

Try it: `printf 'FROM busybox\\nRUN echo hi > /x; false\\n' | lab build -; lab scene`
"""

import os
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from engine.engine import ContainerOptions, Engine, StoredImage
from engine.errors import EngineError, InvalidArgument
from labshell.commands import suggest
from labshell.commands.explaining import ExplainedVerb, teller
from labshell.commands.grammar import Option, Verb
from labshell.commands.options import building
from labshell.commands.report import notice, report
from labshell.ending import ended_by_signals

if TYPE_CHECKING:
    from labshell.views.building import Lines

WRONG_OPTION = 125
INTERRUPTED = 130  # 128 + SIGINT


@click.command(
    cls=ExplainedVerb,
    explains="""Say of each step why it was, or was not, taken from the cache, and show
    the six parts of each RUN: container, command, changes, wait, status, commit. """,
    params=[
        *building.OPTIONS,
        click.Argument(["context"], metavar="PATH|-", type=click.Path()),
    ],
    examples="""
        lab build -t mine .                    what is here
        lab build --explain .                  what is done, and why
        lab build -m 64m --cap-drop ALL .      with walls around each RUN
        lab build --report build.html .        the layers as a picture
    """,
)
@click.pass_obj
def build(engine: Engine, /, context: str, **asked: Any) -> int:
    """Make an image of a Dockerfile and the files in a directory.

    Each instruction makes an image: RUN runs a container and commits it. What fails
    leaves its container, to be looked at: `lab scene`. The exit code is then that of
    the command, else 1.
    """
    from labshell.views.building import Lines, Rich, Silent

    try:
        options = building.build_options(asked)
        engine.check_build(options)
    except EngineError as error:
        report(error)
        return WRONG_OPTION
    _refuse_two_of_stdin(asked["file"], context)
    dockerfile = _piped() if asked["file"] == "-" else None
    lines = Rich if building.is_rich(asked["progress"]) else Lines
    view = Silent() if asked["quiet"] else lines(teller())
    try:
        with ended_by_signals(), view:
            source = _piped() if context == "-" else context
            image = engine.build(source, options, view, dockerfile)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    except EngineError as error:
        view.show_failure()
        report(error)
        _tell_failure(error, view, asked)
        return max(1, getattr(error, "exit_code", 1)) if _is_of_build(error) else 1
    _tell(image, view, asked)
    return 0


def _piped() -> "BinaryIO":
    """What comes from a pipe, without a buffer: the engine can wait for what comes."""
    from labshell.commands.archives import opened  # most builds have a directory

    return opened(None)


def _tell(image: StoredImage, view: "Lines", asked: dict[str, Any]) -> None:
    """What came of it, to whoever wants to know."""
    if asked["quiet"]:
        print(image.id)
    if asked["iidfile"]:
        with open(asked["iidfile"], "w") as file:
            file.write(image.id)
    view.summary()
    if asked["report"]:
        from labshell.views.build_report import write

        write(asked["report"], image.id, view.steps)


def _tell_failure(error: EngineError, view: "Lines", asked: dict[str, Any]) -> None:
    """The page about a build that failed, if one was asked for."""
    if asked["report"]:
        from labshell.views.build_report import write

        write(asked["report"], "The build failed", view.steps, error.message)


def _is_of_build(error: EngineError) -> bool:
    return bool(getattr(error, "scene", ""))


def _refuse_two_of_stdin(file: str, context: str) -> None:
    """Raise InvalidArgument if Dockerfile and context shall both come from the pipe."""
    if file == context == "-":
        raise InvalidArgument(
            "invalid argument: can't use stdin for both build context and dockerfile",
            "One of the two comes from a pipe: `lab build -f - .`, or `lab build -`.",
        )


@click.command(
    cls=Verb,
    params=[
        Option(
            ["--keep"],
            is_flag=True,
            help="Keep the image that the scene is made of; else it goes at the end.",
        ),
        click.Argument(
            ["name"],
            required=False,
            metavar="[CONTAINER]",
            shell_complete=suggest.containers,
        ),
    ],
    examples="""
        lab scene               what the newest failed step left
        lab scene NAME          what that container left
    """,
)
@click.pass_obj
def scene(engine: Engine, keep: bool, name: str | None) -> int:
    """Open a shell in what a failed step of a build has left.

    An image is made of the container that stayed, and a shell is run in it, with the
    variables, the user and the directory of the step. The container itself stays.
    """
    container = engine.scene(name or "")
    image = engine.commit(container.id, pause=False)
    notice(
        f"this is `lab commit {container.name}` and `lab run -it --rm {image.short_id} "
        "sh`; the step was: " + " ".join(container.command)
    )
    try:
        options = container.options._replace(
            image=image.id, command=(), entrypoint=("/bin/sh",), labels={}
        )
        return _shell(engine, options)
    finally:
        if not keep:
            engine.remove_image(image.id, parents=False)


def _shell(engine: Engine, options: ContainerOptions) -> int:
    """Run a shell in it, here; a pipe is its input if there is no terminal."""
    options = options._replace(tty=os.isatty(0), interactive=True, auto_remove=True)
    container = engine.create(options)
    session = engine.session(container.id, stdin=True, removes=True)
    try:
        session.start()
        return session.interact(0, 1, 2)
    finally:
        session.close()
        if not engine.container(container.id).running:
            engine.remove(container.id, volumes=True)
