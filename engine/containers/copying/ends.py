"""Ends: the two sides of a copy, one in a container and one on this machine.

    box:/srv/www/.                       ./page.html
    └┬┘ └────┬────┘                      └────┬────┘
    opened   path below its root         path below the machine's "/"

Both are a root, held open, and a path below it; so what reads from one and writes to
the other need not know which is which. Only what is said when something is not there
differs: in Docker's words for each.

Source: docker cp, documented and measured
Try it: `lab cp box:/nosuch . ; lab cp box:/etc/passwd nosuch/x`
"""

import os
import posixpath
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from engine.containers.copying.opened import opened
from engine.containers.house import House
from engine.containers.record import Container
from engine.errors import EngineError, InvalidArgument, NotFound, SyscallError
from engine.files import closing, open_directory
from engine.kernel import places
from engine.kernel.places import Place

_MISSING = ("ENOENT", "ENOTDIR")


class End(NamedTuple):
    """One end of a copy: a path below the open directory `root`.

    `container` is what its user calls the container, "" for the machine. `path` is
    absolute and without detours; what it ends with, "/" or "/.", is kept: it means
    something.
    """

    root: int
    container: str
    path: str

    @property
    def name(self) -> str:
        """What a copy of it is called; "" for the content of a directory."""
        if self.path.endswith("/."):
            return ""
        return posixpath.basename(self.path.rstrip("/"))

    @property
    def is_to_be_directory(self) -> bool:
        """Whether whoever wrote it means a directory."""
        return self.path.endswith(("/", "/."))

    def find_source(self, *, follow: bool) -> Place:
        """What is to be copied. NotFound if it is not there."""
        try:
            place = places.find(self.root, self.path, follow=follow)
        except SyscallError as error:
            raise (self.missing() if error.name in _MISSING else error) from error
        if place.status is None:
            place.close()
            raise self.missing()
        return place

    def find_destination(self) -> Place:
        """Where the copy goes: links are followed, and the last name may be new."""
        try:
            return places.find(self.root, self.path, follow=True)
        except SyscallError as error:
            if error.name not in _MISSING:
                raise
        path = self.path.rstrip(".").rstrip("/") if self.is_to_be_directory else ""
        try:
            return places.find(self.root, path or self.path, follow=True)
        except SyscallError as error:
            raise (self._nowhere() if error.name in _MISSING else error) from error

    def missing(self) -> NotFound:
        """The error for a source that is not there."""
        if not self.container:
            return NotFound(
                f"lstat {self.path}: no such file or directory",
                "A path of this machine; `ls` shows what there is.",
            )
        return NotFound(
            f"Could not find the file {self.path} in container {self.container}",
            f"`lab exec {self.container} ls` shows what there is, if it runs.",
        )

    def _nowhere(self) -> EngineError:
        """The error for a destination whose directory is not there."""
        above = posixpath.dirname(self.path.rstrip("/") or "/")
        if self.container:
            return NotFound(
                f"Could not find the file {above} in container {self.container}",
                "Only the last part of a destination may be new: make the others.",
            )
        return InvalidArgument(
            f'invalid output path: directory "{above}" does not exist',
            f"`mkdir -p {above}` makes it.",
        )

    def refuse_device(self, place: Place) -> None:
        """Raise InvalidArgument if the destination is a device."""
        mode = place.status.st_mode if place.status else 0
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            what = (
                f'destination "{self.container}:{self.path}"'
                if self.container
                else f'invalid output path: "{self.path}"'
            )
            raise InvalidArgument(
                f"{what} must be a directory or a regular file: got a device",
                "`-` instead of a file writes a tar to standard output.",
            )

    def refuse_read_only(self, directory: int) -> None:
        """Raise InvalidArgument if nothing can be written to an open directory."""
        if not os.fstatvfs(directory).f_flag & os.ST_RDONLY:
            return
        if not self.container:
            raise InvalidArgument(f"{self.path} is on a read-only file system")
        if os.fstat(directory).st_dev == os.fstat(self.root).st_dev:
            raise InvalidArgument(
                "container rootfs is marked read-only",
                "It was made with --read-only; its volumes can be written to.",
            )
        raise InvalidArgument(
            "mounted volume is marked read-only",
            "It was given with `:ro`; copy to its source on the machine instead.",
        )


def clean(path: str, directory: str = "/") -> str:
    """`path` below `directory`, absolute and without detours; its end is kept."""
    last = path.rpartition("/")[2]
    end = {"": "/", ".": "/."}.get(last, "")
    whole = posixpath.normpath(posixpath.join(directory, path)).replace("//", "/")
    return whole.rstrip("/") + end or "/"


@contextmanager
def inside(house: House, container: Container, called: str, path: str) -> Iterator[End]:
    """The end of a copy that is in a container, open while this lasts."""
    if not path:
        raise InvalidArgument(
            "bad parameter: path cannot be empty", "CONTAINER:/ is all of its files."
        )
    with opened(house, container) as root:
        yield End(root=root, container=called, path=clean("/" + path))


@contextmanager
def outside(path: str) -> Iterator[End]:
    """The end of a copy that is on this machine."""
    with closing(open_directory("/")) as root:
        yield End(root=root, container="", path=clean(path, os.getcwd()))
