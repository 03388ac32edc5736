"""`lab shell`, and `lab` alone: the interactive shell.

Try it: `lab`, then `:help`
"""

import click

from engine.engine import Engine
from engine.errors import InvalidState
from labshell.commands.grammar import Verb


@click.command(
    cls=Verb,
    examples="""
        lab                             the same
        lab --root /tmp/try shell       with an engine of its own
    """,
)
@click.pass_obj
def shell(engine: Engine) -> int:
    """Open the shell: bash, with lessons and the engine's pictures beside it.

    In it, `lab VERB …` is the engine, `:word` is the lesson and the shell itself, and
    everything else is bash.
    """
    from labshell.messages import translate
    from labshell.shell import repl

    if repl.current is not None:
        raise InvalidState(
            translate("You are in the shell already."),
            translate("`:help` says what it can."),
        )
    return repl.run(engine)
