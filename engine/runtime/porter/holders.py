"""Holders: who has a port of this machine, as the kernel knows it.

    /proc/net/tcp        a line for each socket: its port, its state, its inode
    /proc/PID/fd/*       links to what a process has open: "socket:[inode]"
    …/fd of a shim       also its lock: …/containers/ID/alive, and so its container

man: proc(5) on /proc/net/tcp and /proc/pid/fd
Try it: `ss -ltnp`, which reads the same
"""

import contextlib
import os
import re
from pathlib import Path
from typing import NamedTuple

from engine import files
from engine.errors import EngineError

_LISTENS = {"tcp": "0A", "udp": "07"}  # TCP_LISTEN; TCP_CLOSE: not connected
_LOCK = re.compile(r"(/.*/containers/[0-9a-f]{64})/alive\Z")


class Holder(NamedTuple):
    """A process that has a port; of which container, if it is a shim."""

    pid: int
    name: str
    container: bool

    @property
    def told(self) -> str:
        """For people."""
        return f"{self.name} (process {self.pid}) listens there: choose another port."


def of(protocol: str, port: int) -> Holder | None:
    """Who listens at a port of this machine; None if that cannot be found out."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(protocol, port)}
    for pid in filter(str.isdigit, os.listdir("/proc")) if sockets else ():
        links = _open_files(pid)
        if sockets & set(links):
            return _holder(int(pid), links)
    return None


def _inodes(protocol: str, port: int) -> list[str]:
    found = []
    for name in (protocol, f"{protocol}6"):
        with contextlib.suppress(OSError), open(f"/proc/net/{name}") as table:
            for words in map(str.split, table.readlines()[1:]):
                same = int(words[1].rpartition(":")[2], 16) == port
                if same and words[3] == _LISTENS[protocol]:
                    found.append(words[9])
    return found


def _open_files(pid: str) -> list[str]:
    found = []
    with contextlib.suppress(OSError):  # it has ended
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                found.append(os.readlink(f"/proc/{pid}/fd/{name}"))
    return found


def _holder(pid: int, links: list[str]) -> Holder:
    for lock in filter(None, map(_LOCK.match, links)):
        with contextlib.suppress(OSError, EngineError, LookupError, TypeError):
            record = files.read_json(Path(lock[1]) / "config.json")
            return Holder(pid=pid, name=str(record["name"]), container=True)
    name = "a program"
    with contextlib.suppress(OSError):
        name = Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    return Holder(pid=pid, name=name, container=False)
