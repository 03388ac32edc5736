"""Options about how much of the machine the container may use: its cgroup.

Those of UPDATABLE can be changed while the container runs: see `lab update`.
"""

from typing import Any

import click

from labshell.commands.grammar import Option
from labshell.commands.options.kinds import (
    BYTES,
    BYTES_OR_UNLIMITED,
    CPUS,
    PARAMETER,
    Value,
    flag,
    several,
    text,
)

HEADING = "Limits (cgroups)"


def _number(*names: str, metavar: str, help: str, type: Value | type = int) -> Option:
    return Option(names, type=type, under=HEADING, metavar=metavar, help=help)


UPDATABLE: list[click.Parameter] = [
    _number(
        *("-m", "--memory"),
        type=BYTES,
        metavar="SIZE",
        help="At most this much memory: 64m. Beyond it the kernel kills (137).",
    ),
    _number(
        "--memory-swap",
        type=BYTES_OR_UNLIMITED,
        metavar="SIZE",
        help="Memory and swap together; -1: any amount of swap.",
    ),
    _number(
        "--memory-reservation",
        type=BYTES,
        metavar="SIZE",
        help="What it shall keep when memory is short on the machine.",
    ),
    _number(
        "--memory-high",
        type=BYTES,
        metavar="SIZE",
        help="Beyond this it is slowed down, not killed (cgroup version 2 only).",
    ),
    _number(
        "--cpus",
        type=CPUS,
        metavar="NUMBER",
        help="At most this much processor time: 0.5 is half of one.",
    ),
    _number(
        *("-c", "--cpu-shares"),
        metavar="WEIGHT",
        help="Its part when processors are short; 1024 is the usual weight.",
    ),
    _number(
        "--cpu-quota",
        metavar="MICROSECONDS",
        help="Processor time in every --cpu-period: --cpus in the kernel's words.",
    ),
    _number(
        "--cpu-period",
        metavar="MICROSECONDS",
        help="How often the quota is filled up; 100000 unless given.",
    ),
    text(
        "--cpuset-cpus",
        under=HEADING,
        metavar="LIST",
        help="Only on these processors: 0,2-3.",
    ),
    text(
        "--cpuset-mems",
        under=HEADING,
        metavar="LIST",
        help="Only with memory of these NUMA nodes: 0.",
    ),
    _number(
        "--blkio-weight",
        metavar="WEIGHT",
        help="Its part of a busy disk, from 10 to 1000.",
    ),
    _number(
        "--pids-limit",
        metavar="NUMBER",
        help="At most this many processes and threads: a fork bomb ends here.",
    ),
]

OPTIONS: list[click.Parameter] = [
    *UPDATABLE,
    _number(
        "--memory-swappiness",
        metavar="0-100",
        help="How readily its memory is swapped out (cgroup version 1 only).",
    ),
    flag(
        "--oom-kill-disable",
        under=HEADING,
        help="At the limit of -m it hangs, not killed (cgroup version 1 only).",
    ),
    _number(
        "--oom-score-adj",
        metavar="-1000-1000",
        help="When the whole machine, or a group above, is out of memory: the "
        "highest is killed first.",
    ),
    text(
        "--cgroup-parent",
        under=HEADING,
        metavar="[/]GROUP",
        help="Put its cgroup into GROUP: below the engine's own, or with / at the "
        "top. GROUP's limits hold for all in it together.",
    ),
    several(
        "--ulimit",
        under=HEADING,
        metavar="NAME=SOFT[:HARD]",
        help="A limit of each single process: nofile=1024:2048, core=0.",
    ),
    _number(
        "--shm-size",
        type=BYTES,
        metavar="SIZE",
        help="How large /dev/shm is; 64m unless given.",
    ),
    several(
        "--sysctl",
        type=PARAMETER,
        under=HEADING,
        metavar="NAME=VALUE",
        help="A kernel parameter of its own namespaces: net.ipv4.ip_forward=1.",
    ),
]


def asked_for(asked: dict[str, Any]) -> dict[str, Any]:
    """What was typed of these, by the engine's names; 0 says nothing, as in Docker."""
    swappiness = asked["memory_swappiness"]
    return {
        **updates(asked),
        **{name: asked[name] or None for name in ("shm_size", "cgroup_parent")},
        "memory_swappiness": None if swappiness == -1 else swappiness,
        "oom_kill_disable": asked["oom_kill_disable"],
        "oom_score_adj": asked["oom_score_adj"],
        "ulimits": asked["ulimit"],
        "sysctls": dict(asked["sysctl"]),
    }


def updates(asked: dict[str, Any]) -> dict[str, Any]:
    """What was typed of those that can be changed later."""
    names = [str(option.name) for option in UPDATABLE if option.name != "pids_limit"]
    return {
        **{name: asked[name] or None for name in names},
        "pids_limit": asked["pids_limit"],
    }
