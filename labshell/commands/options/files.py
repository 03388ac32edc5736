"""Options about the files that the program sees: volumes, binds, tmpfs."""

import click

from labshell.commands.options.kinds import flag, several

HEADING = "Files"

OPTIONS: list[click.Parameter] = [
    several(
        "-v",
        "--volume",
        under=HEADING,
        metavar="[SOURCE:]TARGET[:ro]",
        help="""Mount a volume (SOURCE is a name) or a directory of the host (SOURCE
        begins with /) at TARGET; without SOURCE, a new volume without a name.""",
    ),
    several(
        "--tmpfs",
        under=HEADING,
        metavar="TARGET[:OPTIONS]",
        help="Mount an empty file system in memory at TARGET: /run:size=64m.",
    ),
    flag(
        "--read-only",
        under=HEADING,
        help="Nothing can be written but to volumes and tmpfs.",
    ),
]
