"""A place: where a path leads inside a root, before anything is done there.

To read a file one opens it. To *make* one, or to put another in its place, one needs
the directory and the name in it; and if the name is a link, those of its target:

    /srv/current/x     current -> releases/7      directory  /srv/releases/7   name x
    /srv/log           log -> /var/log/app        directory  /var/log          name app
                                                  (whether app is there or not)

The directory is an open descriptor, found by the kernel inside the root: see paths.py.
The last name is looked at here, step by step, with a limit on the number of links.

man: path_resolution(7), symlink(7), openat2(2)
Try it: `lab cp file box:/some/link`: the link's target, inside the box, is written
"""

import errno
import os
import stat
from typing import NamedTuple

from engine.errors import SyscallError
from engine.kernel import paths

_MOST_LINKS = 40  # as the kernel's own limit
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_PLACE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class Place(NamedTuple):
    """An open directory, a name in it, and what has that name now, if anything.

    The name is "." where the directory itself is meant.
    """

    directory: int
    name: str
    status: os.stat_result | None

    @property
    def is_directory(self) -> bool:
        """Whether there is a directory."""
        return self.status is not None and stat.S_ISDIR(self.status.st_mode)

    @property
    def is_link(self) -> bool:
        """Whether there is a symbolic link."""
        return self.status is not None and stat.S_ISLNK(self.status.st_mode)

    def open_directory(self) -> int:
        """The directory that is there, open to be read and to be written in."""
        flags = _DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(self.name, flags, dir_fd=self.directory)

    def close(self) -> None:
        """Let go of the directory."""
        os.close(self.directory)


def find(root: int, path: str, *, follow: bool) -> Place:
    """The place `path` inside the open directory `root`.

    `follow`: if a link is there, the place where it leads. A path that ends in "/" or
    "/." means a directory, and is always followed. SyscallError if the directory above
    the place cannot be opened.
    """
    for _ in range(_MOST_LINKS):
        place = _look(root, path)
        if not place.is_link or not follow:
            return place
        try:
            text = os.readlink(place.name, dir_fd=place.directory)
        except OSError:  # it is no link any more
            return place
        finally:
            place.close()
        path = os.path.join(os.path.dirname(path), text)
    raise SyscallError("openat2", errno.ELOOP, path)


def _look(root: int, path: str) -> Place:
    """The place without following a link in its last part."""
    above, _, name = path.rpartition("/")
    if name in ("", ".", ".."):
        directory = paths.open_directory(root, path)
        return Place(directory, ".", os.fstat(directory))
    directory = paths.open_directory(root, above or "/")
    try:
        found = os.open(name, _PLACE, dir_fd=directory)
    except FileNotFoundError:
        return Place(directory, name, None)
    except OSError as error:
        os.close(directory)
        raise SyscallError("openat", error.errno or errno.EIO, path) from error
    try:
        return Place(directory, name, os.fstat(found))
    finally:
        os.close(found)
