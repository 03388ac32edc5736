"""Options about what keeps the container apart: network, powers, system calls."""

import click

from labshell.commands.options.kinds import flag, several, text

HEADING = "Walls"

OPTIONS: list[click.Parameter] = [
    text(
        "--network",
        under=HEADING,
        metavar="none|host",
        help="""none: a network namespace with only loopback; host: the machine's own
        network. none unless given.""",
    ),
    several(
        "--cap-add",
        under=HEADING,
        metavar="CAPABILITY",
        help="Give root inside one more of root's powers: NET_ADMIN; ALL.",
    ),
    several(
        "--cap-drop",
        under=HEADING,
        metavar="CAPABILITY",
        help="Take one of the powers away that root inside has by default.",
    ),
    several(
        "--security-opt",
        under=HEADING,
        metavar="OPTION",
        help="""no-new-privileges: setuid programs give no power. seccomp=unconfined,
        seccomp=FILE: which system calls may be made.""",
    ),
    flag(
        "--privileged",
        under=HEADING,
        help="All capabilities, devices and system calls: hardly a wall at all.",
    ),
]
