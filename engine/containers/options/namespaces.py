"""Namespaces that were asked for: --pid, --ipc, --uts, --cgroupns, --userns.

    (nothing)       one of its own: that is what makes it a container
    host            none: it sees what the machine sees
    container:NAME  that of another container, which must run (--pid, --ipc)
    --ipc none      its own, without /dev/shm
    --ipc shareable its own, which others may join, with its /dev/shm
    --userns auto   its own, which no container has otherwise: root inside is nobody
                    outside, and no wall of the machine may be left out then

A wall that is left out is left out whole: with --pid host, `ps` inside shows every
process of the machine, and root inside may kill them.

man: namespaces(7), ipc_namespaces(7), uts_namespaces(7)
Try it: `lab run --rm --pid host busybox ps`, `lab run --rm --uts host busybox hostname`
"""

from collections.abc import Callable
from pathlib import Path

from engine.containers import defaults
from engine.containers.options import runtimes
from engine.containers.options.asked import ContainerOptions
from engine.containers.record import Container
from engine.errors import Conflict, InvalidArgument
from engine.network.membership import has_own_namespace

HOST, NONE, PRIVATE, SHAREABLE = "host", "none", "private", "shareable"
AUTO = "auto"
_OTHER = "container:"
_OWN = "Leave it out for a namespace of its own; host: the machine's."


def check(options: ContainerOptions) -> None:
    """Raise InvalidArgument for a mode that there is not, and for contradictions."""
    if options.pid not in ("", HOST) and not _other(options.pid):
        raise InvalidArgument("--pid: invalid PID mode", _OWN)
    if options.uts not in ("", HOST):
        raise InvalidArgument("--uts: invalid UTS mode", _OWN)
    if options.cgroup_namespace not in ("", HOST, PRIVATE):
        raise InvalidArgument("--cgroupns: invalid CGROUP mode", "private or host.")
    if options.user_namespace not in ("", HOST, AUTO):
        raise InvalidArgument(
            "--userns: invalid USER mode",
            "auto: root inside is nobody outside; host, or nothing: it is root.",
        )
    modes = ("", HOST, NONE, PRIVATE, SHAREABLE)
    if options.ipc not in modes and not _other(options.ipc):
        raise InvalidArgument(
            f"Invalid IPC mode: {options.ipc}",
            "There are: private, shareable, none, host, container:NAME.",
        )
    if options.uts == HOST and (options.hostname or options.domainname):
        raise InvalidArgument(
            "conflicting options: hostname and the UTS mode",
            "With --uts host it has the machine's name: leave one of them out.",
        )


def check_shared(options: ContainerOptions) -> None:
    """Raise InvalidArgument where a user namespace would have to share what is not its.

    Its root has no power over a namespace that belongs to the machine, or to another.
    """
    if options.user_namespace != AUTO:
        return
    if options.privileged:
        raise InvalidArgument(
            "privileged mode is incompatible with user namespaces",
            "Its root is nobody on the machine: leave one of them out.",
        )
    named = {
        "host's network": options.network,
        "host PID": options.pid,
        "host IPC": options.ipc,
        "host cgroup": options.cgroup_namespace,
    }
    for name, mode in named.items():
        if mode == HOST:
            raise InvalidArgument(
                f"cannot share the {name} namespace when user namespaces are enabled",
                "Only root of the machine has power over it: leave one of them out.",
            )
        if _other(mode):
            raise InvalidArgument(
                "cannot join namespaces of another container when user namespaces are "
                "enabled",
                f"{mode}: they belong to that one's users. Leave one of them out.",
            )
    if options.runtime not in (None, "", runtimes.OURS):
        raise InvalidArgument(
            f"the runtime {options.runtime} is given no user namespaces here",
            "--userns auto: leave --runtime out.",
        )


def own(options: ContainerOptions) -> tuple[str, ...]:
    """The kinds of which the container gets a new namespace."""
    shared = {
        "network": options.network != NONE,  # another's, or made before: see joined
        "pid": options.pid == HOST or _other(options.pid),
        "uts": options.uts == HOST,
        "ipc": options.ipc == HOST or _other(options.ipc),
        "cgroup": options.cgroup_namespace == HOST,
    }
    kinds = tuple(kind for kind in defaults.NAMESPACES if not shared.get(kind))
    return ("user", *kinds) if options.user_namespace == AUTO else kinds


def _other(mode: str) -> str:
    """The container that a mode names; "" if it names none."""
    return mode.removeprefix(_OTHER) if mode.startswith(_OTHER) else ""


def resolved(
    options: ContainerOptions, find: Callable[[str], Container]
) -> ContainerOptions:
    """The options with IDs in place of names: those may come to mean another one.

    NotFound if there is no such container, Conflict if it does not share its memory.
    """
    if other := _other(options.pid):
        options = options._replace(pid=f"{_OTHER}{find(other).id}")
    if other := _other(options.network):
        options = options._replace(network=f"{_OTHER}{_with_network(find(other)).id}")
    if other := _other(options.ipc):
        container = find(other)
        if container.options.ipc != SHAREABLE:
            raise Conflict(
                f"can't join IPC of container {container.id}: non-shareable IPC",
                f"Make {container.name} anew with --ipc shareable.",
            )
        options = options._replace(ipc=f"{_OTHER}{container.id}")
    return options


def _with_network(container: Container) -> Container:
    """A container whose network others may share. Conflict if it shares one itself."""
    if _other(container.options.network):
        raise Conflict(
            "cannot join network of a container that has joined another: "
            f"{container.name}",
            "Join that one.",
        )
    return container


def joined(options: ContainerOptions, containers: Path, pin: Path) -> dict[str, str]:
    """Kind -> path of a namespace that is there; see engine/runtime/joining.py.

    `pin` is where the container's own network namespace is, unless it has none.
    """
    modes = {"network": options.network, "pid": options.pid, "ipc": options.ipc}
    found = {
        kind: str(containers / _other(mode) / "ns" / kind)
        for kind, mode in modes.items()
        if _other(mode)
    }
    if has_own_namespace(options.network):
        found["network"] = str(pin)
    return found


def shared_memory(options: ContainerOptions, directory: Path) -> Path | None:
    """The directory that is /dev/shm inside; None for one that nobody else sees.

    `directory` is the container's. Memory that others may join is mounted there, on
    the machine, while the container runs.
    """
    if options.ipc == HOST:
        return Path("/dev/shm")
    if options.ipc == SHAREABLE:
        return directory / "shm"
    if other := _other(options.ipc):
        return directory.parent / other / "shm"
    return None


def memory_to_share(options: ContainerOptions) -> str:
    """The size of the /dev/shm that others may join, as tmpfs takes it, or ""."""
    if options.ipc != SHAREABLE:
        return ""
    return str(options.shm_size or defaults.SHM_SIZE)
