"""Options about the program itself: input, environment, user."""

import click

from labshell.commands.options.kinds import (
    ASSIGNMENT,
    ASSIGNMENTS,
    LOG_OPTION,
    flag,
    several,
    text,
)

HEADING = "The program"

INTERACTIVE = flag(
    "-i",
    "--interactive",
    under=HEADING,
    help="Keep its standard input open, and pass on what you type.",
)
TTY = flag(
    "-t",
    "--tty",
    under=HEADING,
    help="Give it a terminal of its own (a pty). For a shell: -it.",
)
ENVIRONMENT = several(
    "-e",
    "--env",
    type=ASSIGNMENT,
    under=HEADING,
    metavar="NAME[=VALUE]",
    help="Set an environment variable; a NAME alone takes this shell's value.",
)
ENVIRONMENT_FILE = several(
    "--env-file",
    type=ASSIGNMENTS,
    under=HEADING,
    metavar="FILE",
    help="Read environment variables from a file, one NAME=VALUE a line.",
)
WORKING_DIRECTORY = text(
    "-w",
    "--workdir",
    under=HEADING,
    metavar="DIR",
    help="Start in this directory of the container; `run` makes it if need be.",
)
USER = text(
    "-u",
    "--user",
    under=HEADING,
    metavar="USER[:GROUP]",
    help="Run as this user, by name (as the image's /etc/passwd has it) or number.",
)

OPTIONS: list[click.Parameter] = [
    INTERACTIVE,
    TTY,
    ENVIRONMENT,
    ENVIRONMENT_FILE,
    WORKING_DIRECTORY,
    USER,
    several(
        "--group-add",
        under=HEADING,
        metavar="GROUP",
        help="Be in this group too: a name of the image's /etc/group, or a number.",
    ),
    flag(
        "--init",
        under=HEADING,
        help="Make tini process 1: it buries zombies and passes signals on.",
    ),
    text(
        "--log-driver",
        under=HEADING,
        metavar="DRIVER",
        help="""How its output is kept: json-file (all of it, unless limited), local (5
        files of 20 MB), none.""",
    ),
    several(
        "--log-opt",
        type=LOG_OPTION,
        under=HEADING,
        metavar="KEY=VALUE",
        help="max-size=10m, max-file=3; labels=a,b and env=A,B for `logs --details`.",
    ),
    text(
        "--entrypoint",
        under=HEADING,
        metavar="PROGRAM",
        help='Run this instead of the image\'s ENTRYPOINT; "" for none.',
    ),
]
