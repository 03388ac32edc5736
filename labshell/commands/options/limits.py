"""Options about how much of the machine the container may use: its cgroup.

Those of UPDATABLE can be changed while the container runs: see `lab update`.
"""

from typing import Any

import click

from labshell.commands.options.kinds import (
    BYTES,
    BYTES_OR_UNLIMITED,
    CPUS,
    PARAMETER,
    Heading,
)

LIMITS = Heading("Limits (cgroups)")

UPDATABLE: list[click.Parameter] = [
    LIMITS.value(
        "-m",
        "--memory",
        type=BYTES,
        metavar="SIZE",
        help="At most this much memory: 64m. Beyond it the kernel kills (137).",
    ),
    LIMITS.value(
        "--memory-swap",
        type=BYTES_OR_UNLIMITED,
        metavar="SIZE",
        help="Memory and swap together; -1: any amount of swap.",
    ),
    LIMITS.value(
        "--memory-reservation",
        type=BYTES,
        metavar="SIZE",
        help="What it shall keep when memory is short on the machine.",
    ),
    LIMITS.value(
        "--memory-high",
        type=BYTES,
        metavar="SIZE",
        help="Beyond this it is slowed down, not killed (cgroup version 2 only).",
    ),
    LIMITS.value(
        "--cpus",
        type=CPUS,
        metavar="NUMBER",
        help="At most this much processor time: 0.5 is half of one.",
    ),
    LIMITS.value(
        "-c",
        "--cpu-shares",
        type=int,
        metavar="WEIGHT",
        help="Its part when processors are short; 1024 is the usual weight.",
    ),
    LIMITS.value(
        "--cpu-quota",
        type=int,
        metavar="MICROSECONDS",
        help="Processor time in every --cpu-period: --cpus in the kernel's words.",
    ),
    LIMITS.value(
        "--cpu-period",
        type=int,
        metavar="MICROSECONDS",
        help="How often the quota is filled up; 100000 unless given.",
    ),
    LIMITS.value(
        "--cpuset-cpus",
        metavar="LIST",
        help="Only on these processors: 0,2-3.",
    ),
    LIMITS.value(
        "--cpuset-mems",
        metavar="LIST",
        help="Only with memory of these NUMA nodes: 0.",
    ),
    LIMITS.value(
        "--blkio-weight",
        type=int,
        metavar="WEIGHT",
        help="Its part of a busy disk, from 10 to 1000.",
    ),
    LIMITS.value(
        "--pids-limit",
        type=int,
        metavar="NUMBER",
        help="At most this many processes and threads: a fork bomb ends here.",
    ),
]

OPTIONS: list[click.Parameter] = [
    *UPDATABLE,
    LIMITS.value(
        "--memory-swappiness",
        type=int,
        metavar="0-100",
        help="How readily its memory is swapped out (cgroup version 1 only).",
    ),
    LIMITS.flag(
        "--oom-kill-disable",
        help="At the limit of -m it hangs, not killed (cgroup version 1 only).",
    ),
    LIMITS.value(
        "--oom-score-adj",
        type=int,
        metavar="-1000-1000",
        help="When the whole machine, or a group above, is out of memory: the "
        "highest is killed first.",
    ),
    LIMITS.value(
        "--cgroup-parent",
        metavar="[/]GROUP",
        help="Put its cgroup into GROUP: below the engine's own, or with / at the "
        "top. GROUP's limits hold for all in it together.",
    ),
    LIMITS.several(
        "--ulimit",
        "ulimits",
        metavar="NAME=SOFT[:HARD]",
        help="A limit of each single process: nofile=1024:2048, core=0.",
    ),
    LIMITS.value(
        "--shm-size",
        type=BYTES,
        metavar="SIZE",
        help="How large /dev/shm is; 64m unless given.",
    ),
    LIMITS.several(
        "--sysctl",
        type=PARAMETER,
        metavar="NAME=VALUE",
        help="A kernel parameter of its own namespaces: net.ipv4.ip_forward=1.",
    ),
]


def asked_for(asked: dict[str, Any]) -> dict[str, Any]:
    """What was typed of these where it may say nothing: 0, as in Docker."""
    swappiness = asked["memory_swappiness"]
    return {
        **updates(asked),
        "shm_size": asked["shm_size"] or None,
        "memory_swappiness": None if swappiness == -1 else swappiness,
        "sysctls": dict(asked["sysctl"]),
    }


def updates(asked: dict[str, Any]) -> dict[str, Any]:
    """The same of those that can be changed later."""
    names = [str(option.name) for option in UPDATABLE if option.name != "pids_limit"]
    return {
        **{name: asked[name] or None for name in names},
        "pids_limit": asked["pids_limit"],
    }
