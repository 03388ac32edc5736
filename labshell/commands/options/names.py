"""Options about what the container is called."""

import click

from labshell.commands.options.kinds import LABEL, several, text

HEADING = "Names"

OPTIONS: list[click.Parameter] = [
    text(
        "--name",
        under=HEADING,
        metavar="NAME",
        help="Call the container this; else it gets a name made of two words.",
    ),
    text(
        "-h",
        "--hostname",
        under=HEADING,
        metavar="NAME",
        help="The name of the machine as seen inside (a UTS namespace of its own).",
    ),
    several(
        "-l",
        "--label",
        type=LABEL,
        under=HEADING,
        metavar="KEY[=VALUE]",
        help="A note kept with the container; nothing acts on it.",
    ),
]
