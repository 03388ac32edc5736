"""Options about the files that the program sees: volumes, binds, tmpfs."""

import click

from labshell.commands.options.kinds import VOLUME, flag, several

HEADING = "Files"

OPTIONS: list[click.Parameter] = [
    several(
        "-v",
        "--volume",
        under=HEADING,
        type=VOLUME,
        metavar="[SOURCE:]TARGET[:ro]",
        help="""Mount a volume (SOURCE is a name) or a directory of the host (SOURCE
        begins with / or .) at TARGET; without SOURCE, a new volume without a name.""",
    ),
    several(
        "--mount",
        under=HEADING,
        metavar="KEY=VALUE,...",
        help="""The same in words: type=volume|bind|tmpfs,source=,target=,readonly;
        volume-nocopy, volume-label=K=V, bind-recursive=disabled, tmpfs-size=64m.""",
    ),
    several(
        "--volumes-from",
        under=HEADING,
        metavar="CONTAINER[:ro]",
        help="Mount what another container has mounted, at the same places.",
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
