"""Kernel parameters that belong to a namespace: what --sysctl may set.

Most of what is below /proc/sys is of the whole machine. A few parameters exist once in
each namespace, and only those may a container have to itself:

    net.*                              in its network namespace
    kernel.msg*, sem, shm*, fs.mqueue.*   in its ipc namespace

man: proc(5) on /proc/sys, sysctl(8), ipc_namespaces(7)
Try it: `lab run --sysctl net.ipv4.ip_forward=1 busybox sysctl net.ipv4.ip_forward`
"""

import re

from engine.containers.options.asked import ContainerOptions
from engine.errors import InvalidArgument

_OF_IPC = frozenset(
    "kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax "
    "kernel.shmmni kernel.shm_rmid_forced".split()
)
_PREFIXES = ("net.", "fs.mqueue.")
_NAME = r"\w[\w/-]*(\.\w[\w/-]*)+"


def check(options: ContainerOptions) -> None:
    """Raise InvalidArgument for a parameter that is not the container's own."""
    for name, value in options.sysctls.items():
        allowed = name in _OF_IPC or name.startswith(_PREFIXES)
        if not allowed or not re.fullmatch(_NAME, name, re.ASCII):
            raise InvalidArgument(
                f"sysctl '{name}={value}' is not allowed",
                "Only parameters of a namespace: net.*, kernel.shm*, kernel.msg*, "
                "kernel.sem, fs.mqueue.*.",
            )
        if name.startswith("net.") and options.network == "host":
            raise InvalidArgument(
                f'sysctl "{name}" not allowed in host network namespace',
                "It would change the machine's own network: leave --network host out.",
            )
        if not name.startswith("net.") and options.ipc == "host":
            raise InvalidArgument(
                f'sysctl "{name}" not allowed in host ipc namespace',
                "It would change the machine's own: leave --ipc host out.",
            )
