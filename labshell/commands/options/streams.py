"""Options about whoever stays with a container: what is attached, and how to leave."""

import click

from labshell.commands.grammar import Option
from labshell.commands.options.kinds import Heading, Value

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

STAYING: list[click.Parameter] = [DETACH_KEYS, SIGNALS]
