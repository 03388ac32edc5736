"""`lab exec`: one more process in a container that runs.

The container's first process stays as it is. A new one is started that joins the same
namespaces and the same control groups, one setns(2) each: it sees the same files,
processes and network. It is no child of the container's first process, and when it
ends the container goes on.

Try it: `lab run -d --name box busybox sleep 1d; lab exec box ps; lab exec -it box sh`
"""

import os
from typing import TYPE_CHECKING, Any

import click

from engine.engine import Engine, ExecOptions
from engine.errors import EngineError, InvalidState, NotExecutable
from labshell.commands import suggest
from labshell.commands.attach import left
from labshell.commands.explaining import ExplainedVerb
from labshell.commands.options import environment
from labshell.commands.options.program import (
    ENVIRONMENT,
    ENVIRONMENT_FILE,
    INTERACTIVE,
    PROGRAM,
    TTY,
    USER,
    WORKING_DIRECTORY,
)
from labshell.commands.options.streams import DETACH_KEYS, STEP, walk
from labshell.commands.report import report
from labshell.commands.run import no_terminal

if TYPE_CHECKING:
    from engine.engine import Session
    from labshell.commands.stepping import Walk

CANNOT_BE_STARTED = 126


@click.command(
    "exec",
    cls=ExplainedVerb,
    params=[
        PROGRAM.flag("-d", "--detach", help="Leave it running and do not wait for it."),
        INTERACTIVE,
        TTY,
        ENVIRONMENT,
        ENVIRONMENT_FILE,
        WORKING_DIRECTORY,
        USER,
        PROGRAM.flag(
            "--privileged",
            help="With all of root's powers, whatever the container has.",
        ),
        DETACH_KEYS,
        STEP,
        suggest.argument(suggest.running),
        click.Argument(
            ["command"], nargs=-1, required=True, metavar="COMMAND [ARG...]"
        ),
    ],
    context_settings={"allow_interspersed_args": False},
    examples="""
        lab exec web ps
        lab exec -it web sh
        lab exec -u 1000 -e LANG=C web id
        lab exec --step web true   how it gets in, one act at a time
    """,
)
@click.pass_obj
def exec_(engine: Engine, /, name: str, detach: bool, step: bool, **asked: Any) -> int:
    """Run another program in a container that is running.

    It joins the container's namespaces and limits. The exit code is the program's;
    126 means that it could not be started.
    """
    options = ExecOptions(
        command=asked["command"],
        interactive=asked["interactive"] and not detach,
        tty=asked["tty"],
        detach=detach,
        user=asked["user"],
        working_directory=asked["working_directory"],
        environment=environment(asked),
        privileged=asked["privileged"],
        detach_keys=asked["detach_keys"],
    )
    if options.interactive and options.tty and not os.isatty(0):
        return no_terminal()
    try:
        session = engine.execute(name, options)
    except NotExecutable as error:  # no such user in the container, no such directory
        return _not_started(error, options)
    try:
        return _attached(session, options, walk(engine, name, step))
    finally:
        session.close()


def _attached(session: "Session", options: ExecOptions, steps: "Walk | None") -> int:
    """Start the process; unless detached, stay with it until it ends."""
    try:
        session.start(steps)
    except EngineError as error:
        return _not_started(error, options)
    if options.detach:
        return 0
    stdin = 0 if options.interactive else None
    code = session.interact(stdin, signals=False)
    return left() if session.detached else code


def _not_started(error: EngineError, options: ExecOptions) -> int:
    """Say why it could not be started; the exit code, which is another with -d."""
    report(error)
    never_tried = options.detach or isinstance(error, InvalidState)
    return 1 if never_tried else CANNOT_BE_STARTED
