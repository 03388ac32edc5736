"""A tree of files copied as it is: what fills a volume at its first use.

What is copied comes from an image, and the place it is copied to may be seen by a
container that runs. Neither is believed:

    links          are copied, never followed, at both ends
    files          are opened only after they were seen to be files: a fifo would wait
    hard links     stay hard links, if what the first name leads to is still that file
    depth          is limited: each level holds two descriptors

Owners, modes, times and extended attributes are kept. Owner first, then mode: chown(2)
takes setuid bits and capabilities away.

man: openat(2), mknodat(2), linkat(2), sendfile(2), xattr(7)
Try it: `lab run --rm -v new:/etc busybox ls -ln /etc`, then look into the volume
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from engine.errors import ImageError
from engine.kernel import paths

DEEPEST = 200  # levels of directories
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def copy_tree(source: int, target: Path) -> None:
    """Copy the content of the open directory `source` into the directory `target`.

    ImageError if it is nested deeper than DEEPEST.
    """
    directory = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _Copy(directory).entries(source, directory, "", 1)
    finally:
        os.close(directory)


class _Copy:
    """One copy under way: `top` is where all of it goes."""

    def __init__(self, top: int) -> None:
        self._top = top
        # (device, inode) of a file with several names -> where its copy is, and which
        self._copied: dict[tuple[int, int], tuple[str, int]] = {}

    def entries(self, source: int, target: int, path: str, level: int) -> None:
        """Copy what is in `source`, which lies at `path` below the top."""
        if level > DEEPEST:
            raise ImageError(
                f"a volume cannot be filled with directories {DEEPEST} levels deep",
                "Use the volume with :nocopy.",
            )
        for name in os.listdir(source):
            status = os.stat(name, dir_fd=source, follow_symlinks=False)
            inner = f"{path}/{name}"
            if stat.S_ISDIR(status.st_mode):
                os.mkdir(name, dir_fd=target)
                with _opened(name, source) as below, _opened(name, target) as copy:
                    self.entries(below, copy, inner, level + 1)
            elif not self._linked(name, target, status):
                _copy_node(name, source, target, status)
                self._remember(name, target, status, inner)
            _copy_attributes(name, target, status)
        _copy_status(source, target)

    def _remember(
        self, name: str, target: int, status: os.stat_result, path: str
    ) -> None:
        if status.st_nlink > 1:
            copy = os.stat(name, dir_fd=target, follow_symlinks=False)
            self._copied[status.st_dev, status.st_ino] = (path, copy.st_ino)

    def _linked(self, name: str, target: int, status: os.stat_result) -> bool:
        """Make one more name for a file that was copied; False if it was not."""
        if status.st_nlink == 1 or (status.st_dev, status.st_ino) not in self._copied:
            return False
        path, inode = self._copied[status.st_dev, status.st_ino]
        first = paths.open_inside(self._top, path, os.O_PATH | os.O_NOFOLLOW)
        try:
            if os.fstat(first).st_ino != inode:
                return False  # a container has put another file there meanwhile
            os.link(f"/proc/self/fd/{first}", name, dst_dir_fd=target)
        finally:
            os.close(first)
        return True


@contextlib.contextmanager
def _opened(name: str, parent: int) -> Iterator[int]:
    descriptor = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _copy_node(name: str, source: int, target: int, status: os.stat_result) -> None:
    """Copy what is no directory."""
    if stat.S_ISREG(status.st_mode):
        _copy_file(name, source, target)
    elif stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
    else:
        os.mknod(name, status.st_mode, status.st_rdev, dir_fd=target)


def _copy_file(name: str, source: int, target: int) -> None:
    reading = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=source)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        writing = os.open(name, flags, 0o600, dir_fd=target)
        try:
            while os.sendfile(writing, reading, None, 1 << 24):
                pass
            _copy_owner(reading, writing)
            _copy_extended(reading, writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _copy_owner(reading: int, writing: int) -> None:
    status = os.fstat(reading)
    os.fchown(writing, status.st_uid, status.st_gid)


def _copy_extended(reading: int, writing: int) -> None:
    """The extended attributes, but for those that overlay keeps for itself."""
    for attribute in os.listxattr(reading):
        if not attribute.startswith("trusted.overlay."):
            os.setxattr(writing, attribute, os.getxattr(reading, attribute))


def _copy_attributes(name: str, target: int, status: os.stat_result) -> None:
    """Owner, mode and times, none of them through a link.

    A container that has the volume too may put a link to any path in the place of
    what was just copied, and chmod(2) by name would follow it on the machine.
    """
    owner = (status.st_uid, status.st_gid)
    if not stat.S_ISREG(status.st_mode):  # a file has its owner already
        os.chown(name, *owner, dir_fd=target, follow_symlinks=False)
    flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
    copy = os.open(name, flags, dir_fd=target)
    try:
        if not stat.S_ISLNK(os.fstat(copy).st_mode):
            os.chmod(f"/proc/self/fd/{copy}", stat.S_IMODE(status.st_mode))
    finally:
        os.close(copy)
    times = (status.st_atime_ns, status.st_mtime_ns)
    os.utime(name, ns=times, dir_fd=target, follow_symlinks=False)


def _copy_status(source: int, target: int) -> None:
    """A directory's own owner, attributes, mode and times, once it is filled."""
    status = os.fstat(source)
    os.fchown(target, status.st_uid, status.st_gid)
    _copy_extended(source, target)
    os.fchmod(target, stat.S_IMODE(status.st_mode))
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
