"""Placing: files on their way into the tree of an image.

    a new name            made, with the directories above it
    a directory there     stays, and gets the owner and mode of what comes
    anything else there   removed first: a file may take the place of a directory

Directories above are found as a program in the image would find them, links followed
inside the image, by the kernel. The last name is never followed, but where somebody
names a link as the destination itself: then its target is meant.

Times of directories come last: each file that is put into one changes it.

Source: moby, pkg/archive; measured on Docker 20.10
Try it: `printf 'FROM busybox\\nADD x.tar /opt/\\n' | …`
"""

import errno
import os
import posixpath
import stat
from collections.abc import Iterable
from typing import NamedTuple

from engine import files
from engine.errors import BuildFailed, SyscallError, told_as_engine_errors
from engine.kernel import paths
from engine.storage import nodes, tarball
from engine.storage.tarball import Entry

_MISSING = ("ENOENT", "ENOTDIR")
_MOST_LINKS = 40  # as the kernel's own limit


class Owner(NamedTuple):
    """A user and a group, by number."""

    uid: int
    gid: int


ROOT = Owner(uid=0, gid=0)


class Placing:
    """Files that are put below the open directory `root`."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._times: dict[str, int] = {}
        self._parent, self._parent_path = -1, ""

    def close(self) -> None:
        """Give directories their times, and let go."""
        with told_as_engine_errors():
            for path, modified in self._times.items():
                with files.closing(paths.open_directory(self._root, path)) as place:
                    os.utime(place, ns=(modified, modified))
        self._leave()

    def _leave(self) -> None:
        if self._parent >= 0:
            os.close(self._parent)
            self._parent = -1

    def status(self, path: str) -> os.stat_result | None:
        """What is at a path, links followed; None if nothing is."""
        try:
            found = paths.open_inside(self._root, path, os.O_PATH)
        except SyscallError as error:
            if error.name in _MISSING:
                return None
            raise
        with files.closing(found):
            return os.fstat(found)

    def make_directories(self, path: str, owner: Owner) -> bool:
        """Make a directory and those above it, as far as missing; True if it is new."""
        before = self.status(path)
        if before is not None:
            if stat.S_ISDIR(before.st_mode):
                return False
            raise BuildFailed(
                f"{path} is not a directory", "A file of the image is in the way."
            )
        above, _, name = path.rstrip("/").rpartition("/")
        if above:
            self.make_directories(above, owner)
        self._leave()
        with (
            told_as_engine_errors(),
            files.closing(paths.open_directory(self._root, above or "/")) as parent,
        ):
            os.mkdir(name, 0o755, dir_fd=parent)
            os.chown(name, *owner, dir_fd=parent, follow_symlinks=False)
        return True

    def imitate(self, other: int, path: str) -> None:
        """Make the directories above `path` as those of the root `other` are.

        As far as there are any: no link there is followed.
        """
        here = ""
        for name in posixpath.dirname(posixpath.join("/", path)).split("/")[1:]:
            here = f"{here}/{name}"
            try:
                found = paths.open_inside(other, here, os.O_PATH | os.O_NOFOLLOW)
            except SyscallError:
                return
            with files.closing(found):
                status = os.fstat(found)
            if not name or not stat.S_ISDIR(status.st_mode):
                return
            self.make_directories(here, Owner(uid=status.st_uid, gid=status.st_gid))
            with files.closing(paths.open_directory(self._root, here)) as made:
                os.fchmod(made, stat.S_IMODE(status.st_mode))

    def own(self, path: str, owner: Owner) -> None:
        """Give a directory that was just made to somebody."""
        with (
            told_as_engine_errors(),
            files.closing(paths.open_directory(self._root, path)) as place,
        ):
            os.chown(place, *owner)

    def where(self, path: str) -> str:
        """The path itself; or, if a link is there, where that leads in the end."""
        for _ in range(_MOST_LINKS):
            above, _, name = path.rpartition("/")
            try:
                parent = paths.open_directory(self._root, above or "/")
            except SyscallError:
                return path
            with files.closing(parent):
                try:
                    text = os.readlink(name, dir_fd=parent)
                except OSError:  # no link, or nothing at all
                    return path
            path = posixpath.join(above or "/", text)
        raise SyscallError("openat2", errno.ELOOP, path)

    def put(self, path: str, entry: Entry, chunks: Iterable[tuple[int, bytes]]) -> None:
        """Make what `entry` describes at `path`."""
        above, _, name = path.rpartition("/")
        with told_as_engine_errors():
            parent = self._open_parent(above or "/")
            before = nodes.status(parent, name)
            if entry.kind == tarball.DIRECTORY:
                self._directory(parent, name, path, entry, before)
                return
            if before:
                files.remove_entry(parent, name)
            nodes.make(parent, name, entry, chunks, lambda target: (self._root, target))

    def _open_parent(self, path: str) -> int:
        """The directory of what comes, open; kept, because files come in rows."""
        if self._parent < 0 or path != self._parent_path:
            self._leave()
            self.make_directories(path, ROOT)
            self._leave()
            self._parent = paths.open_directory(self._root, path)
            self._parent_path = path
        return self._parent

    def _directory(
        self,
        parent: int,
        name: str,
        path: str,
        entry: Entry,
        before: os.stat_result | None,
    ) -> None:
        if before and not stat.S_ISDIR(before.st_mode):
            files.remove_entry(parent, name)
            before = None
        if before is None:
            os.mkdir(name, 0o700, dir_fd=parent)
        with files.closing(files.open_directory(name, parent)) as made:
            nodes.set_attributes(made, entry)
        self._times[path] = entry.modified
