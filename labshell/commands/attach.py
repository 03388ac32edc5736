"""`lab attach`: back to a container that runs in the background.

Its shim has held its terminal and its output all the time. To attach is to ask for a
copy of what it prints from now on, and to be one of those whose keys it reads. Any
number may: open a second window and try.

Try it: `lab run -dit --name box busybox sh; lab attach box`, then Ctrl-P Ctrl-Q
"""

import os
import sys

import click

from engine.engine import Engine
from labshell.commands import suggest
from labshell.commands.grammar import Verb
from labshell.commands.options.streams import STAYING, STREAMS
from labshell.commands.run import no_terminal

LEFT = 1  # the exit code after the detach keys


@click.command(
    cls=Verb,
    params=[
        STREAMS.flag("--no-stdin", help="Only watch: what you type is not passed on."),
        *STAYING,
        suggest.argument(suggest.running),
    ],
    examples="""
        lab attach box
        lab attach --no-stdin --sig-proxy=false web     only look; Ctrl-C leaves
        lab attach --detach-keys ctrl-x,x box
    """,
)
@click.pass_obj
def attach(
    engine: Engine, name: str, no_stdin: bool, detach_keys: str | None, sig_proxy: bool
) -> int:
    """Stay with a container that runs: see its output, and type into it.

    The exit code is the container's. With a terminal (-t), Ctrl-P Ctrl-Q leaves it
    running; without one, Ctrl-C is passed on to its program.
    """
    options = engine.container(name).options
    stdin = options.interactive and not no_stdin
    session = engine.attach(name, stdin=stdin, detach_keys=detach_keys)
    try:
        if stdin and options.tty and not os.isatty(0):
            return no_terminal()
        session.start()
        code = session.interact(stdin=0 if stdin else None, signals=sig_proxy)
        return left() if session.detached else code
    finally:
        session.close()


def left() -> int:
    """Say that the detach keys were typed, in Docker's words; the exit code for it."""
    print("read escape sequence", file=sys.stderr)
    return LEFT
