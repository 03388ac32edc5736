"""What an engine can leave behind on a machine, counted before and after the tests.

    mounts      of a root of the tests                       /proc/self/mountinfo
    processes   that hold a file of such a root, stand in    /proc/PID/{cwd,root,fd}
                it, or name it in their command
    cgroups     labshell-<hash of root> in any hierarchy     /sys/fs/cgroup
    links       network interfaces                           /sys/class/net
    rules       tables of rules called labshell-…            nft list tables
    files       the sockets of an engine, /var/lib/labshell  /run/labshell

Mounts and processes are told by the path of the tests' own directory. The other kinds
are told by what is there now and was not there before, less what belongs to an engine
that somebody uses meanwhile: its spawner names its root.
"""

import os
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path

from engine.kernel import mount_table

CGROUPS = Path("/sys/fs/cgroup")
DEFAULT_ROOT = Path("/var/lib/labshell")


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """Everything that counts, at one moment. Each is a line that says what it is."""

    mounts: frozenset[str]
    processes: frozenset[str]
    cgroups: frozenset[str]
    links: frozenset[str]
    rules: frozenset[str]
    files: frozenset[str]

    def left_since(self, before: "Census") -> list[str]:
        """What is here and was not before, one line each."""
        return sorted(
            f"{kind}: {thing}"
            for kind in self.__slots__
            for thing in getattr(self, kind) - getattr(before, kind)
        )


def take(directory: Path) -> Census:
    """Count now. `directory` holds every root that the tests make."""
    others = _tags_of_others(directory)
    return Census(
        mounts=frozenset(mounts_in(directory)),
        processes=frozenset(_processes(directory)),
        cgroups=frozenset(_without(others, _cgroups())),
        links=frozenset(_without(others, _names(Path("/sys/class/net")))),
        rules=frozenset(_without(others, _rules())),
        files=frozenset(_without(others, _files())),
    )


def mounts_in(directory: Path) -> list[str]:
    """Where something is mounted below `directory`."""
    targets = (mount.target for mount in mount_table.table())
    return [target for target in targets if _is_in(target, directory)]


def _processes(directory: Path) -> list[str]:
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            command = _read(process / "cmdline").replace("\0", " ").strip()
            if _touches(process, command, directory):
                name = _read(process / "comm").strip()
                found.append(f"{process.name} {name}: {command}")
    return found


def _touches(process: Path, command: str, directory: Path) -> bool:
    """Does the process use something in `directory`, or is it started for it?"""
    if any(_is_in(word, directory) for word in command.split()):
        return True
    links = [process / "cwd", process / "root"]
    links += [process / "fd" / name for name in _names(process / "fd")]
    return any(_is_in(_target(link), directory) for link in links)


def roots_in_use() -> set[Path]:
    """The root of every engine that has a spawner or a shim: their last argument."""
    found = set()
    for process in Path("/proc").iterdir():
        words = _read(process / "cmdline").rstrip("\0").split("\0")
        if "engine.runtime.spawner" in " ".join(words):
            found.add(Path(words[-1]))
    return found


def _tags_of_others(directory: Path) -> set[str]:
    """The hashes of roots outside `directory` that are in use now."""
    in_use = roots_in_use() | {DEFAULT_ROOT}
    others = [root for root in in_use if not root.is_relative_to(directory)]
    return {f"{zlib.crc32(os.fsencode(root)):08x}" for root in others}


def _without(tags: set[str], things: list[str]) -> list[str]:
    return [thing for thing in things if not any(tag in thing for tag in tags)]


def _cgroups() -> list[str]:
    """Every engine's cgroups, but not the containers' in them: a line a hierarchy."""
    found = []
    for parent, names, _ in os.walk(CGROUPS):
        ours = [name for name in names if name.startswith("labshell-")]
        found += [f"{parent}/{name}" for name in ours]
        names[:] = [name for name in names if name not in ours]
    return found


def _rules() -> list[str]:
    """The tables of all engines; without nft(8) no engine has made one."""
    command = ["nft", "list", "tables"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    except FileNotFoundError:
        return []
    return [line for line in done.stdout.splitlines() if " labshell-" in line]


def _files() -> list[str]:
    """Sockets of shims and spawners; the lock beside them may stay, as locks do."""
    run = Path("/run/labshell")
    found = [str(run / tag / name) for tag in _names(run) for name in _names(run / tag)]
    found = [path for path in found if not path.endswith(".lock")]
    return [*found, str(DEFAULT_ROOT)] if DEFAULT_ROOT.exists() else found


def _is_in(path: str, directory: Path) -> bool:
    return path == str(directory) or path.startswith(f"{directory}/")


def _names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:  # the process has ended, or there is no such directory
        return []


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:  # the process or its descriptor is gone
        return ""


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # the process has ended
        return ""
