"""Namespaces: what a process can see of the machine, cut off piece by piece.

    mnt     its own table of mounts          clone flag CLONE_NEWNS
    pid     its own process numbers                     CLONE_NEWPID
    net     its own network interfaces                  CLONE_NEWNET
    uts     its own host name                           CLONE_NEWUTS
    ipc     its own shared memory and queues            CLONE_NEWIPC
    cgroup  its own view of the cgroup tree             CLONE_NEWCGROUP
    user    its own user numbers                        CLONE_NEWUSER

unshare(2) moves the caller into new ones. The pid namespace is the exception: the
caller stays where it is and its next *child* becomes process 1 of the new one, so
whoever wants a container forks once more after unshare. Once that process 1 has
died the namespace is dead: a further fork fails with ENOMEM.

setns(2) joins the namespaces of a running process: that is all that `exec` is. Here,
too, a pid namespace is for children only; and since the way back to an own one is open,
whoever has had a child born elsewhere can stay what it was.

man: namespaces(7), unshare(2), setns(2), pid_namespaces(7)
Try it: `sudo unshare --pid --fork --mount-proc ps`
"""

import os
import signal

from engine.acts import act
from engine.errors import SyscallError
from engine.files import closing
from engine.kernel import libc, processes
from engine.notes import in_c, quote

# OCI name -> (clone flag, name below /proc/PID/ns, option of unshare(1))
KINDS = {
    "user": (0x10000000, "user", "--user"),
    "mount": (0x00020000, "mnt", "--mount"),
    "pid": (0x20000000, "pid", "--pid --fork"),
    "network": (0x40000000, "net", "--net"),
    "uts": (0x04000000, "uts", "--uts"),
    "ipc": (0x08000000, "ipc", "--ipc"),
    "cgroup": (0x02000000, "cgroup", "--cgroup"),
}


_OWN_PIDS = "/proc/self/ns/pid"

# What linux/sched.h calls them, where that is not the OCI name.
_HEADER = {"mount": "NS", "network": "NET"}


def _flags(kinds: tuple[str, ...]) -> int:
    flags = 0
    for kind in kinds:
        flags |= KINDS[kind][0]
    return flags


def _names(kinds: tuple[str, ...]) -> str:
    """The flags as strace(1) prints them."""
    return "|".join(f"CLONE_NEW{_HEADER.get(kind, kind.upper())}" for kind in kinds)


@act(
    "unshare(2)",
    lambda kinds: f"unshare {' '.join(KINDS[kind][2] for kind in kinds)}",
    _names,
)
def unshare(kinds: tuple[str, ...]) -> None:
    """Move into new namespaces of these kinds (OCI names: "mount", "pid" …)."""
    libc.call("unshare", _flags(kinds), target=", ".join(kinds))


@act(
    "setns(2)",
    lambda pidfd, pid, kinds: (
        f"nsenter --target {pid} "
        + " ".join(f"--{kind.replace('network', 'net')}" for kind in kinds)
    ),
    lambda pidfd, pid, kinds: f"{pidfd}, {_names(kinds)}",
)
def join(pidfd: int, pid: int, kinds: tuple[str, ...]) -> None:
    """Move into the namespaces of the process behind `pidfd`, all in one step.

    A pidfd, unlike a number, cannot come to mean another process meanwhile.
    """
    libc.call("setns", pidfd, _flags(kinds), target=f"process {pid}")


@act(
    "setns(2)",
    lambda opened, kind, path: f"nsenter --{kind.replace('network', 'net')}={path}",
    lambda opened, kind, path: f"{opened}, {_names((kind,))}",
)
def enter(opened: int, kind: str, path: str) -> None:
    """Move into one open namespace, which is mounted at `path`."""
    libc.call("setns", opened, _flags((kind,)), target=path)


def fork_inside(pidfd: int, pid: int) -> int:
    """fork(2), with the child in the pid namespace of the process behind `pidfd`.

    Only the child: what is forked later is born where we are.
    """
    with closing(hold("pid")) as own:
        join(pidfd, pid, ("pid",))
        try:
            child = processes.fork()
        except SyscallError:
            _come_back(own)
            raise
        if child:
            try:
                _come_back(own)
            except SyscallError:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                raise
        return child


def _come_back(own: int) -> None:
    """Have children born where we are again."""
    try:
        enter(own, "pid", _OWN_PIDS)
    except SyscallError:  # the next child must not be born inside by mistake
        enter(own, "pid", _OWN_PIDS)
        raise


def hold(kind: str) -> int:
    """A descriptor of a namespace that this process is in: it keeps it alive."""
    return os.open(f"/proc/self/ns/{KINDS[kind][1]}", os.O_RDONLY | os.O_CLOEXEC)


def is_own(kind: str, path: str) -> bool:
    """Whether the namespace at `path` is the one that this process is in.

    Not if there is none (any more): that cannot be joined either.
    """
    own = os.stat(f"/proc/self/ns/{KINDS[kind][1]}")
    try:
        return os.path.samestat(os.stat(path), own)
    except FileNotFoundError:
        return False


@act(
    "sethostname(2)",
    lambda name: f"hostname {quote(name)}",
    lambda name: f"{in_c(name)}, {len(os.fsencode(name))}",
)
def set_hostname(name: str) -> None:
    """Set the host name of this uts namespace."""
    libc.call("sethostname", name, len(os.fsencode(name)), target=name)


@act(
    "setdomainname(2)",
    lambda name: f"domainname {quote(name)}",
    lambda name: f"{in_c(name)}, {len(os.fsencode(name))}",
)
def set_domainname(name: str) -> None:
    """Set the NIS domain name of this uts namespace."""
    libc.call("setdomainname", name, len(os.fsencode(name)), target=name)


def inodes(pid: int | str) -> dict[str, int]:
    """The namespaces of a process: two processes share one if its inode is equal."""
    found = {}
    for kind, (_, name, _) in KINDS.items():
        try:
            found[kind] = os.stat(f"/proc/{pid}/ns/{name}").st_ino
        except OSError:
            continue  # ended meanwhile, or a kernel without this kind
    return found
