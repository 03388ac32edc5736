"""Options about whoever stays with a container: what is attached, how to leave, and
whether its start waits for them at each act.
"""

from typing import TYPE_CHECKING

import click

from engine.errors import InvalidState
from labshell.commands.grammar import Option
from labshell.commands.options.kinds import Heading, Value

if TYPE_CHECKING:
    from engine.engine import Engine
    from labshell.commands.stepping import Walk

STREAMS = Heading("Input and output")


def _stream(typed: str) -> str:
    name = typed.lower()
    if name not in ("stdin", "stdout", "stderr"):
        raise ValueError("valid streams are STDIN, STDOUT and STDERR")
    return name


ATTACH = STREAMS.several(
    "-a",
    "--attach",
    "attached",
    type=Value("stream", _stream),
    metavar="STREAM",
    help="Attach only to this of stdin, stdout, stderr; several times for more.",
)
DETACH_KEYS = STREAMS.value(
    "--detach-keys",
    metavar="KEYS",
    help="With -t: what leaves it running and gives the prompt back. ctrl-p,ctrl-q.",
)
SIGNALS = Option(
    ["--sig-proxy/--no-sig-proxy"],
    default=True,
    under=STREAMS.title,
    help="Without -t: pass signals such as Ctrl-C on to it. They are, unless =false.",
)

STEP = Option(
    ["--step"],
    is_flag=True,
    help="""Stop before each act of the start or the exec, from the first that gives it
    a network or a wall to the program. What makes the container, and a network's
    bridge, goes by before. Words: next, next mounts, continue, abort, fail ENOSPC;
    help lists all.""",
)

STAYING: list[click.Parameter] = [DETACH_KEYS, SIGNALS]


def walk(engine: "Engine", name: str, step: bool) -> "Walk | None":
    """Who is asked before each act of a container's start; None without --step."""
    if not step:
        return None
    from labshell.commands.stepping import Walk

    return Walk(engine, engine.container(name))


def walk_of_start(engine: "Engine", name: str, step: bool) -> "Walk | None":
    """The same for a container that is there. InvalidState if it runs already."""
    if step and engine.container(name).active:
        raise InvalidState(
            f"{name} runs already: there is no step to take",
            f"`lab stop {name}`, then `lab start --step {name}`.",
        )
    return walk(engine, name, step)
