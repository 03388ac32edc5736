"""Options about what keeps the container apart: network, powers, system calls."""

from typing import Any

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
    text(
        "--pid",
        under=HEADING,
        metavar="host|container:NAME",
        help="""host: see, and be able to kill, every process of the machine;
        container:NAME: those of another container.""",
    ),
    text(
        "--ipc",
        under=HEADING,
        metavar="MODE",
        help="""Shared memory and queues: private, shareable (others may join),
        container:NAME (which must be shareable), none (without /dev/shm), host.""",
    ),
    text(
        "--uts",
        under=HEADING,
        metavar="host",
        help="host: have the machine's own name, and be able to change it.",
    ),
    text(
        "--cgroupns",
        under=HEADING,
        metavar="private|host",
        help="host: see the control groups of the whole machine.",
    ),
    text(
        "--userns",
        under=HEADING,
        metavar="host",
        help="host: no user namespace. None has one here: root inside is root.",
    ),
    several(
        "--device",
        under=HEADING,
        metavar="DEVICE[:PATH[:rwm]]",
        help="Let it use a device of the machine: /dev/fuse, or all in a directory.",
    ),
    several(
        "--device-cgroup-rule",
        under=HEADING,
        metavar="RULE",
        help="Let it open devices of these numbers: 'c 10:* rmw'.",
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


def asked_for(asked: dict[str, Any]) -> dict[str, Any]:
    """What was typed of these, by the engine's names."""
    return {
        "network": asked["network"] or "none",
        "pid": asked["pid"] or "",
        "ipc": asked["ipc"] or "",
        "uts": asked["uts"] or "",
        "cgroup_namespace": asked["cgroupns"] or "",
        "user_namespace": asked["userns"] or "",
        "devices": asked["device"],
        "device_rules": asked["device_cgroup_rule"],
        "capabilities_add": asked["cap_add"],
        "capabilities_drop": asked["cap_drop"],
        "privileged": asked["privileged"],
        "security_options": asked["security_opt"],
    }
