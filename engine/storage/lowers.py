"""The layers below, seen as one tree without mounting them.

    topmost   /etc ──────► passwd, group(deleted)
    …         /etc ──────► passwd, group, hosts
    bottom    /etc, /bin

Who asks for /etc/group must go from the top down, as overlay does: the first layer
that has the name decides. A whiteout there means it is gone. A directory is merged
with the directories of its name further down, until a layer is reached where it is
opaque, or where the name is something else.

`Lowers` is one directory of that tree: the list of the directories that make it up.
A step down follows no link: each step is one name, and a link is not a directory.

Source: Documentation/filesystems/overlayfs.rst "merge directories"
Try it: `lab layers busybox --paths`
"""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from engine.storage import whiteouts


class Lowers:
    """One directory as the layers show it together, topmost first."""

    def __init__(self, directories: Sequence[str | Path]) -> None:
        self._directories = [str(directory) for directory in directories]
        self._names: list[frozenset[str]] | None = None
        self._entered: dict[str, Lowers] = {}

    def __bool__(self) -> bool:
        """Does any layer have this directory?"""
        return bool(self._directories)

    def stat(self, name: str) -> os.stat_result | None:
        """The status of `name` in this directory; None if there is no such name."""
        path = self.path(name)
        status = os.lstat(path) if path else None
        return None if status and whiteouts.is_whiteout(status) else status

    def path(self, name: str) -> str:
        """Where the topmost layer that has `name` keeps it; "" if none has."""
        for directory, names in zip(self._directories, self._listing(), strict=True):
            if name in names:
                return f"{directory}/{name}"
        return ""

    def names(self) -> frozenset[str]:
        """The names in this directory that no layer has deleted."""
        everywhere = frozenset[str]().union(*self._listing())
        return frozenset(name for name in everywhere if self.stat(name))

    def has(self, name: str) -> bool:
        """Is there such a name in this directory?"""
        return any(name in names for names in self._listing()) and bool(self.stat(name))

    def enter(self, name: str) -> "Lowers":
        """The directory `name` inside this one; an empty one if there is none."""
        if name not in self._entered:
            self._entered[name] = Lowers(self._merged(name))
        return self._entered[name]

    def _merged(self, name: str) -> list[str]:
        merged = []
        for directory, names in zip(self._directories, self._listing(), strict=True):
            if name not in names:
                continue
            path = f"{directory}/{name}"
            if not stat.S_ISDIR(os.lstat(path).st_mode):
                break
            merged.append(path)
            if whiteouts.is_opaque(path):
                break
        return merged

    def find(self, path: str) -> os.stat_result | None:
        """The status of a path of several parts below this directory."""
        *parents, name = path.split("/")
        here = self
        for parent in parents:
            here = here.enter(parent)
        return here.stat(name)

    def _listing(self) -> list[frozenset[str]]:
        """The names in each layer's directory: read once, then only looked up."""
        if self._names is None:
            self._names = [frozenset(os.listdir(path)) for path in self._directories]
        return self._names
