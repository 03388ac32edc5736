"""Options about how much of the machine the container may use: its cgroup."""

import click

from labshell.commands.grammar import Option
from labshell.commands.options.kinds import BYTES, BYTES_OR_UNLIMITED, CPUS

HEADING = "Limits (cgroups)"

OPTIONS: list[click.Parameter] = [
    Option(
        ["-m", "--memory"],
        type=BYTES,
        under=HEADING,
        metavar="SIZE",
        help="At most this much memory: 64m. Beyond it the kernel kills (137).",
    ),
    Option(
        ["--memory-swap"],
        type=BYTES_OR_UNLIMITED,
        under=HEADING,
        metavar="SIZE",
        help="Memory and swap together; -1: any amount of swap.",
    ),
    Option(
        ["--cpus"],
        type=CPUS,
        under=HEADING,
        metavar="NUMBER",
        help="At most this much processor time: 0.5 is half of one.",
    ),
    Option(
        ["-c", "--cpu-shares"],
        type=int,
        under=HEADING,
        metavar="WEIGHT",
        help="Its part when processors are short; 1024 is the usual weight.",
    ),
    Option(
        ["--pids-limit"],
        type=int,
        under=HEADING,
        metavar="NUMBER",
        help="At most this many processes and threads: a fork bomb ends here.",
    ),
]
