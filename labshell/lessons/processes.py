"""A process, as a check sees it: in which namespaces it is, and what it sees there.

A container is a process, and what is special about it can be read below /proc:

    /proc/PID/ns/*         its namespaces; two processes share one if the inode is equal
    /proc/PID/mountinfo    what is mounted where it lives
    /proc/PID/root         its files, mounts and all, also from outside
    /proc/PID/status       its user, as the machine knows them
    /proc/PID/net          its addresses and routes, see network_view.py

Kernel parameters are the exception: /proc/sys shows those of whoever *reads*. So
somebody is sent into the process's namespaces to read them there.

man: proc(5), namespaces(7), nsenter(1)
Try it: `ls -l /proc/self/ns`, and the same for a process of a container
"""

import contextlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from labshell.lessons.looking import Found, file_system, look
from labshell.lessons.network_view import NetworkView

# What the engine calls a namespace -> what it is called below /proc/PID/ns.
KINDS = {
    "mount": "mnt",
    "pid": "pid",
    "network": "net",
    "uts": "uts",
    "ipc": "ipc",
    "cgroup": "cgroup",
    "user": "user",
}
_SECONDS = 5.0  # for one parameter to be read


class ProcessView(NamedTuple):
    """One process, by its number on this machine.

    `inside` is its number in the innermost pid namespace, `command` what it runs;
    `namespaces` has the inode of each, by the engine's names of them.
    """

    pid: int
    inside: int | None
    command: str
    namespaces: Mapping[str, int]

    def at(self, path: str) -> Found:
        """What this process finds at `path`."""
        return look(Path(f"/proc/{self.pid}/root"), path)

    def shares(self, kind: str, other: Mapping[str, int]) -> bool:
        """Is it in the same namespace of this kind as somebody with `other` ones?"""
        return self.namespaces.get(kind) == other.get(kind)

    @property
    def mounts(self) -> dict[str, str]:
        """Where something is mounted for it, and which kind of file system."""
        try:
            lines = _text(self.pid, "mountinfo").splitlines()
        except OSError:
            return {}  # it has ended meanwhile
        found = {}
        for line in lines:
            before, _, after = line.partition(" - ")
            found[before.split()[4]] = after.split()[0]
        return found

    def may_write(self, path: str) -> bool:
        """Is the file system that it finds at `path` mounted for writing, too?"""
        found = file_system(Path(f"/proc/{self.pid}/root"), path)
        return found is not None and not found.f_flag & os.ST_RDONLY

    @property
    def owner(self) -> int:
        """The number of its user on this machine; -1 if it has ended."""
        try:
            status = _text(self.pid, "status")
        except OSError:
            return -1
        return int(status.partition("\nUid:")[2].split()[1])

    @property
    def network(self) -> NetworkView:
        """The network that it is in: addresses, the way out, whom it reaches."""
        return NetworkView(self.pid)

    def parameter(self, name: str) -> str:
        """A kernel parameter as this process would read it; "" if there is none."""
        walls = ["--net", "--ipc", "--uts"]
        path = f"/proc/sys/{name.replace('.', '/')}"
        command = ["nsenter", "--target", str(self.pid), *walls, "cat", path]
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=_SECONDS,
        ).stdout.strip()


def own_namespaces() -> dict[str, int]:
    """The namespaces of whoever asks: those of the machine, for a lesson."""
    return _namespaces("self")


def _namespaces(pid: str) -> dict[str, int]:
    return {
        kind: os.stat(f"/proc/{pid}/ns/{name}").st_ino for kind, name in KINDS.items()
    }


def members(kind: str, inode: int) -> list[ProcessView]:
    """All processes in one namespace, also those that no engine knows of.

    `kind` is the engine's name of it, `inode` its number.
    """
    found = []
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError):  # no process, or it has ended meanwhile
            if os.stat(f"/proc/{entry}/ns/{KINDS[kind]}").st_ino == inode:
                found.append(_view(entry))
    return found


def _text(pid: int | str, name: str) -> str:
    """A file of /proc; a program or a directory may be called anything, in bytes."""
    return Path(f"/proc/{pid}/{name}").read_text(errors="replace")


def _view(pid: str) -> ProcessView:
    status = _text(pid, "status")
    numbers = status.partition("\nNSpid:")[2].partition("\n")[0].split()
    command = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0")
    return ProcessView(
        pid=int(pid),
        inside=int(numbers[-1]),
        command=command.replace(b"\0", b" ").decode(errors="replace"),
        namespaces=_namespaces(pid),
    )
