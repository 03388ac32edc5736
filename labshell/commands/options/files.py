"""Options about the files that the program sees: volumes, binds, tmpfs."""

import click

from labshell.commands import suggest
from labshell.commands.options.kinds import VOLUME, Heading

FILES = Heading("Files")

OPTIONS: list[click.Parameter] = [
    FILES.several(
        "-v",
        "--volume",
        "volumes",
        type=VOLUME,
        shell_complete=suggest.volume_places,
        metavar="[SOURCE:]TARGET[:ro]",
        help="""Mount a volume (SOURCE is a name) or a directory of the host (SOURCE
        begins with / or .) at TARGET; without SOURCE, a new volume without a name.""",
    ),
    FILES.several(
        "--mount",
        "mounts",
        metavar="KEY=VALUE,...",
        help="""The same in words: type=volume|bind|tmpfs,source=,target=,readonly;
        volume-nocopy, volume-label=K=V, bind-recursive=disabled, tmpfs-size=64m.""",
    ),
    FILES.several(
        "--volumes-from",
        metavar="CONTAINER[:ro]",
        shell_complete=suggest.containers,
        help="Mount what another container has mounted, at the same places.",
    ),
    FILES.several(
        "--tmpfs",
        metavar="TARGET[:OPTIONS]",
        help="Mount an empty file system in memory at TARGET: /run:size=64m.",
    ),
    FILES.flag(
        "--read-only",
        help="Nothing can be written but to volumes and tmpfs.",
    ),
]
