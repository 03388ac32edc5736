"""Changes: what a container did to the files of its image, as `lab diff` prints it.

    C /etc            changed: something in it was
    D /etc/group      deleted
    A /etc/motd       added

Only what is in the upper directory of the overlay is looked at: it holds what was
written, and nothing else. Each entry is then one of three things:

    a whiteout                              D
    its name is in no layer below           A
    its name is in one                      C, if it looks different

Overlay copies a file up before it is known what will become of it: for `chmod 644` of
what is 644, or to be linked. So what is below is looked at again. A file has changed if
its kind, mode, owner, capabilities, size or time are others. A directory has if
its mode or owner are others, and if something in it was added, deleted or changed; its
time says nothing. Of a directory that was deleted and made anew (it is opaque), all
that was in it and is no more is deleted.

Source: what Docker was measured to print; Documentation/filesystems/overlayfs.rst
man: capabilities(7) "File capabilities"
Try it: `lab run --name box busybox rm /etc/group; lab diff box`
"""

import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from engine.errors import from_os_error
from engine.files import closing, open_directory
from engine.storage import whiteouts
from engine.storage.lowers import Lowers
from engine.storage.pack import refuse_too_deep


class Change(NamedTuple):
    """One line of `lab diff`: A (added), C (changed) or D (deleted), and the path."""

    kind: Literal["A", "C", "D"]
    path: str


def changes(upper: Path, lowers: Sequence[Path]) -> Iterator[Change]:
    """What the directory `upper` changes in the layers `lowers`, topmost first.

    Sorted by path. The container may be running: what goes while we look is left out.
    """
    found: list[Change] = []
    try:
        with closing(open_directory(upper)) as root:
            _Directory(root, "/", Lowers(lowers), hides=False).compare(found)
    except OSError as error:
        raise from_os_error(error) from error
    # a directory, then what is in it, then the next name: "/a", "/a/b", "/a.txt"
    return iter(sorted(found, key=lambda change: change.path.replace("/", "\0")))


class _Directory(NamedTuple):
    """One open directory of the upper, and the same one as the layers below show it."""

    descriptor: int
    prefix: str
    below: Lowers
    hides: bool  # nothing of the layers below shows through

    def compare(self, found: list[Change]) -> None:
        """Note what has changed inside."""
        refuse_too_deep(self.prefix)
        names = set()
        with os.scandir(self.descriptor) as entries:
            for entry in entries:
                names.add(entry.name)
                try:
                    if entry.is_dir(follow_symlinks=False):
                        self._compare_directory(entry.name, found)
                    else:
                        self._compare_file(entry, found)
                except FileNotFoundError:
                    continue  # removed since we read the directory
        if self.hides:
            gone = self.below.names() - names
            found += [Change("D", self.prefix + name) for name in gone]

    def _compare_file(self, entry: os.DirEntry[str], found: list[Change]) -> None:
        path, old = self.prefix + entry.name, self.below.stat(entry.name)
        # only what is no file and no link can be a whiteout: spare the rest a stat(2)
        plain = entry.is_file(follow_symlinks=False) or entry.is_symlink()
        if not plain and whiteouts.is_whiteout(entry.stat(follow_symlinks=False)):
            found.append(Change("D", path))
        elif old is None:
            found.append(Change("A", path))
        elif self._differs(entry, old):
            found.append(Change("C", path))

    def _differs(self, entry: os.DirEntry[str], old: os.stat_result) -> bool:
        new = entry.stat(follow_symlinks=False)
        if _looks(new) != _looks(old) or new.st_size != old.st_size:
            return True
        if new.st_mtime_ns != old.st_mtime_ns:
            return True
        here = f"/proc/self/fd/{self.descriptor}/{entry.name}"
        return _capability(here) != _capability(self.below.path(entry.name))

    def _compare_directory(self, name: str, found: list[Change]) -> None:
        path, old, before = self.prefix + name, self.below.stat(name), len(found)
        with closing(open_directory(name, self.descriptor)) as descriptor:
            hides = self.hides or whiteouts.is_opaque(descriptor)
            inside = _Directory(descriptor, f"{path}/", self.below.enter(name), hides)
            inside.compare(found)
            if old is None:
                found.append(Change("A", path))
            elif len(found) > before or _looks(os.fstat(descriptor)) != _looks(old):
                found.append(Change("C", path))


def _looks(status: os.stat_result) -> tuple[int, int, int, int]:
    """What a person would call a change, whether of a directory or a file."""
    return status.st_mode, status.st_uid, status.st_gid, status.st_rdev


def _capability(path: str) -> bytes | None:
    """What powers a file gives to who runs it; None for none."""
    try:
        return os.getxattr(path, "security.capability", follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.EOPNOTSUPP):
            return None
        raise
