"""Changes: what a container did to the files of its image, as `lab diff` prints it.

    C /etc            changed: something in it was
    D /etc/group      deleted
    A /etc/motd       added

Nothing is compared file by file. The upper directory of the overlay holds what was
written, and nothing else; each entry is then one of three things:

    a whiteout                              D
    its name is in no layer below           A
    its name is in one                      C

A directory is there also because something in it changed. It counts as changed if its
mode, owner or time differ from the one below, or if something in it was added, deleted
or changed. Of a directory that was deleted and made anew, the old content is not
listed: its opaque mark hides it all at once.

Source: what Docker was measured to print; Documentation/filesystems/overlayfs.rst
Try it: `lab run --name box busybox rm /etc/group; lab diff box`
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.errors import from_os_error
from engine.storage import whiteouts
from engine.storage.lowers import Lowers
from engine.storage.pack import refuse_too_deep

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Change:
    """One line of `lab diff`: A (added), C (changed) or D (deleted), and the path."""

    kind: Literal["A", "C", "D"]
    path: str


def changes(upper: Path, lowers: Sequence[Path]) -> Iterator[Change]:
    """What the directory `upper` changes in the layers `lowers`, topmost first.

    Sorted by path. The container may be running: what goes while we look is left out.
    """
    found: list[Change] = []
    try:
        root = os.open(upper, _DIRECTORY)
        try:
            _collect(root, "/", Lowers(lowers), found)
        finally:
            os.close(root)
    except OSError as error:
        raise from_os_error(error) from error
    # a directory, then what is in it, then the next name: "/a", "/a/b", "/a.txt"
    return iter(sorted(found, key=lambda change: change.path.replace("/", "\0")))


def _collect(directory: int, prefix: str, below: Lowers, found: list[Change]) -> bool:
    """Note the changes inside an open directory; were there any?"""
    before = len(found)
    refuse_too_deep(prefix)
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _collect_directory(directory, entry.name, prefix, below, found)
            elif _is_whiteout(entry):
                found.append(Change("D", prefix + entry.name))
            else:
                kind: Literal["A", "C"] = "C" if below.has(entry.name) else "A"
                found.append(Change(kind, prefix + entry.name))
    return len(found) > before


def _collect_directory(
    parent: int, name: str, prefix: str, below: Lowers, found: list[Change]
) -> None:
    path = prefix + name
    try:
        directory = os.open(name, _DIRECTORY, dir_fd=parent)
    except FileNotFoundError:
        return
    try:
        status, old = os.fstat(directory), below.stat(name)
        inner_change = _collect(directory, f"{path}/", below.enter(name), found)
        if old is None:
            found.append(Change("A", path))
        elif inner_change or _looks(status) != _looks(old):
            found.append(Change("C", path))
    finally:
        os.close(directory)


def _is_whiteout(entry: os.DirEntry[str]) -> bool:
    # is_file and is_symlink know from the directory; only the rest needs stat(2)
    if entry.is_file(follow_symlinks=False) or entry.is_symlink():
        return False
    try:
        return whiteouts.is_whiteout(entry.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False


def _looks(status: os.stat_result) -> tuple[int, int, int, int]:
    """What a person would call a change of a directory itself."""
    return status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns
