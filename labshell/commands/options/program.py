"""Options about the program itself: input, environment, user."""

import click

from labshell.commands.options.kinds import ASSIGNMENT, ASSIGNMENTS, LOG_OPTION, Heading
from labshell.commands.suggest import words

PROGRAM = Heading("The program")

INTERACTIVE = PROGRAM.flag(
    "-i",
    "--interactive",
    help="Keep its standard input open, and pass on what you type.",
)
TTY = PROGRAM.flag(
    "-t",
    "--tty",
    help="Give it a terminal of its own (a pty). For a shell: -it.",
)
ENVIRONMENT = PROGRAM.several(
    "-e",
    "--env",
    type=ASSIGNMENT,
    metavar="NAME[=VALUE]",
    help="Set an environment variable; a NAME alone takes this shell's value.",
)
ENVIRONMENT_FILE = PROGRAM.several(
    "--env-file",
    type=ASSIGNMENTS,
    metavar="FILE",
    help="Read environment variables from a file, one NAME=VALUE a line.",
)
WORKING_DIRECTORY = PROGRAM.value(
    "-w",
    "--workdir",
    "working_directory",
    metavar="DIR",
    help="Start in this directory of the container; `run` makes it if need be.",
)
USER = PROGRAM.value(
    "-u",
    "--user",
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
    PROGRAM.several(
        "--group-add",
        "groups_add",
        metavar="GROUP",
        help="Be in this group too: a name of the image's /etc/group, or a number.",
    ),
    PROGRAM.flag(
        "--init",
        help="Make tini process 1: it buries zombies and passes signals on.",
    ),
    PROGRAM.value(
        "--log-driver",
        metavar="DRIVER",
        shell_complete=words("json-file", "local", "none"),
        help="""How its output is kept: json-file (all of it, unless limited), local (5
        files of 20 MB), none.""",
    ),
    PROGRAM.several(
        "--log-opt",
        type=LOG_OPTION,
        metavar="KEY=VALUE",
        help="max-size=10m, max-file=3; labels=a,b and env=A,B for `logs --details`.",
    ),
    PROGRAM.value(
        "--entrypoint",
        metavar="PROGRAM",
        help='Run this instead of the image\'s ENTRYPOINT; "" for none.',
    ),
]
