"""Options about what keeps it apart: other namespaces, powers, system calls."""

import click

from labshell.commands.options.kinds import Heading
from labshell.commands.suggest import namespaces, words

WALLS = Heading("Walls")

OPTIONS: list[click.Parameter] = [
    WALLS.value(
        "--pid",
        metavar="host|container:NAME",
        shell_complete=namespaces("host"),
        help="""host: see, and be able to kill, every process of the machine;
        container:NAME: those of another container.""",
    ),
    WALLS.value(
        "--ipc",
        metavar="MODE",
        shell_complete=namespaces("private", "shareable", "none", "host"),
        help="""Shared memory and queues: private, shareable (others may join),
        container:NAME (which must be shareable), none (without /dev/shm), host.""",
    ),
    WALLS.value(
        "--uts",
        metavar="host",
        shell_complete=words("host"),
        help="host: have the machine's own name, and be able to change it.",
    ),
    WALLS.value(
        "--cgroupns",
        "cgroup_namespace",
        metavar="private|host",
        shell_complete=words("private", "host"),
        help="host: see the control groups of the whole machine.",
    ),
    WALLS.value(
        "--userns",
        "user_namespace",
        metavar="auto|host",
        shell_complete=words("auto", "host"),
        help="""auto: users of its own. Root inside is nobody outside; files of -v DIR
        are nobody's inside, those of volumes are its own. host: it is root.""",
    ),
    WALLS.several(
        "--device",
        "devices",
        metavar="DEVICE[:PATH[:rwm]]",
        help="Let it use a device of the machine: /dev/fuse, or all in a directory.",
    ),
    WALLS.several(
        "--device-cgroup-rule",
        "device_rules",
        metavar="RULE",
        help="Let it open devices of these numbers: 'c 10:* rmw'.",
    ),
    WALLS.several(
        "--cap-add",
        "capabilities_add",
        metavar="CAPABILITY",
        help="Give root inside one more of root's powers: NET_ADMIN; ALL.",
    ),
    WALLS.several(
        "--cap-drop",
        "capabilities_drop",
        metavar="CAPABILITY",
        help="Take one of the powers away that root inside has by default.",
    ),
    WALLS.several(
        "--security-opt",
        "security_options",
        metavar="OPTION",
        help="""no-new-privileges: setuid programs give no power. seccomp=unconfined,
        seccomp=FILE: which system calls may be made; seccomp=nested: those that an
        engine inside needs, too. systempaths=unconfined: nothing below /proc is hidden
        or read-only. writable-cgroups=true: its control groups may be divided.""",
    ),
    WALLS.flag(
        "--privileged",
        help="All capabilities, devices and system calls: hardly a wall at all.",
    ),
]
