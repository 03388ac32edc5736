"""The mount table: what is mounted where, as the kernel tells it.

Each process can read the table of its own mount namespace, and of others by their
number. Nothing else is asked: what the engine shows of mounts is what is there.

man: proc(5) on mountinfo, mount_namespaces(7)
Try it: `cat /proc/self/mountinfo`, and `lab mounts`
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from engine.kernel.pseudo_files import read_text


class Mount(NamedTuple):
    """One line of /proc/PID/mountinfo.

    `id` and `parent` number the mounts of the machine; `target` is where it is seen,
    `root` the directory of the file system `device` that is seen there; what is mounted
    below a `private` one is not mounted elsewhere too; `options` are those of the mount
    point, then those of the file system.
    """

    id: int
    parent: int
    device: str
    root: str
    private: bool
    kind: str
    source: str
    target: str
    options: str


def table(pid: int | str = "self") -> Iterator[Mount]:
    """The mounts that process `pid` sees, in the order in which they were made."""
    try:
        text = read_text(f"/proc/{pid}/mountinfo")
    except (FileNotFoundError, ProcessLookupError, OSError):
        return  # the process has ended: it sees nothing
    for line in text.split("\n")[:-1]:  # other ends of line may be part of a name
        before, _, after = line.partition(" - ")
        fields, (kind, source, options) = before.split(" "), after.split(" ", 2)
        yield Mount(
            id=int(fields[0]),
            parent=int(fields[1]),
            device=fields[2],
            root=_unescape(fields[3]),
            private=not any(word.startswith("shared:") for word in fields[6:]),
            kind=kind,
            source=_unescape(source),
            target=_unescape(fields[4]),
            options=f"{fields[5]},{options}",
        )


def _unescape(field: str) -> str:
    """Spaces, tabs, newlines and backslashes are written \\040 and so on."""
    first, *rest = field.split("\\")
    return first + "".join(chr(int(part[:3], 8)) + part[3:] for part in rest)


def is_mount_point(path: Path) -> bool:
    """Whether something is mounted exactly at `path`: it is another mount there."""
    return _mount_of(path) != _mount_of(path.parent)


def is_mounted_on(directory: int, name: str) -> bool:
    """Whether something is mounted on `name` in an open directory.

    The kernel itself would not tell, by EBUSY, if the mount is in another namespace: to
    remove the name would take that mount away, too.
    """
    flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
    place = os.open(name, flags, dir_fd=directory)
    try:
        return _mount_behind(place) != _mount_behind(directory)
    finally:
        os.close(place)


def is_on_itself(path: Path) -> bool:
    """Whether the directory `path` is privately mounted on itself, on top of all else.

    A disk that somebody has mounted there is not: that shows another directory.
    """
    by_number = {mount.id: mount for mount in table()}
    mount = by_number.get(int(_mount_of(path)))
    below = by_number.get(mount.parent) if mount else None
    if mount is None or below is None or mount.target != str(path):
        return False
    hidden = os.path.join(below.root, os.path.relpath(mount.target, below.target))
    same = mount.device == below.device and mount.root == os.path.normpath(hidden)
    return same and mount.private


def _mount_of(path: Path) -> str:
    """The number of the mount that `path` is seen through."""
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        return _mount_behind(descriptor)
    finally:
        os.close(descriptor)


def _mount_behind(descriptor: int) -> str:
    """The number of the mount that an open file is seen through."""
    lines = read_text(f"/proc/self/fdinfo/{descriptor}").splitlines()
    return next(line.split()[1] for line in lines if line.startswith("mnt_id:"))
