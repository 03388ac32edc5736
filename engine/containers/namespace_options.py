"""Namespaces that were asked for: --pid, --ipc, --uts, --cgroupns, --userns.

    (nothing)       one of its own: that is what makes it a container
    host            none: it sees what the machine sees
    --ipc none      its own, without /dev/shm

A wall that is left out is left out whole: with --pid host, `ps` inside shows every
process of the machine, and root inside may kill them.

man: namespaces(7), ipc_namespaces(7), uts_namespaces(7)
Try it: `lab run --rm --pid host busybox ps`, `lab run --rm --uts host busybox hostname`
"""

from engine.containers import defaults
from engine.containers.options import ContainerOptions
from engine.errors import InvalidArgument

HOST, NONE, PRIVATE = "host", "none", "private"
_OWN = "Leave it out for a namespace of its own; host: the machine's."


def check(options: ContainerOptions) -> None:
    """Raise InvalidArgument for a mode that there is not, and for contradictions."""
    if options.pid not in ("", HOST):
        raise InvalidArgument("--pid: invalid PID mode", _OWN)
    if options.uts not in ("", HOST):
        raise InvalidArgument("--uts: invalid UTS mode", _OWN)
    if options.cgroup_namespace not in ("", HOST, PRIVATE):
        raise InvalidArgument("--cgroupns: invalid CGROUP mode", "private or host.")
    if options.user_namespace not in ("", HOST):
        raise InvalidArgument(
            "--userns: invalid USER mode",
            "No container has a user namespace here: root inside is root outside.",
        )
    if options.ipc not in ("", HOST, NONE, PRIVATE):
        raise InvalidArgument(
            f"Invalid IPC mode: {options.ipc}", "There are: private, none, host."
        )
    if options.uts == HOST and (options.hostname or options.domainname):
        raise InvalidArgument(
            "conflicting options: hostname and the UTS mode",
            "With --uts host it has the machine's name: leave one of them out.",
        )


def own(options: ContainerOptions) -> tuple[str, ...]:
    """The kinds of which the container gets a new namespace."""
    shared = {
        "network": options.network != NONE,
        "pid": options.pid == HOST,
        "uts": options.uts == HOST,
        "ipc": options.ipc == HOST,
        "cgroup": options.cgroup_namespace == HOST,
    }
    return tuple(kind for kind in defaults.NAMESPACES if not shared.get(kind))
