"""Trees: a file, or a directory with all that is in it, copied from place to place.

By `cp`, in or out of a container, and into a volume that is used for the first time.
Nothing is packed on the way. Each step is taken in two open directories at once, one
name further, and no link is followed:

    source directory ──┬─ file       open, look, read ──▶ new file, data, attributes
                       ├─ directory  the same again, one level deeper
                       ├─ link       its text, as it is
                       ├─ device, fifo   made anew; never opened
                       └─ socket     left out: it means nothing without its process

Both sides may be hostile. A running container can swap what we look at between any two
steps, so nothing is done to a name after it was done to a descriptor, and a file is
opened only once it is known to be one: opening a fifo would wait for ever, and opening
a device would set a driver of the machine to work. What is in the way of a new file is
removed, never written to: it might be a second name of something else.

Whoever copies to the machine without the owners becomes the owner. Then a set-user-ID
bit would give away the copier's own rights, and a device node the machine's: so those
stay behind, as with cp(1).

man: openat(2), sendfile(2), lseek(2) on SEEK_HOLE, linkat(2), cp(1)
Try it: `lab cp box:/etc /tmp/etc`
"""

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from typing import TypeVar

from engine.errors import Conflict, SyscallError
from engine.files import closing, open_directory
from engine.kernel import paths
from engine.storage import nodes
from engine.storage.owners import AS_IS, Shift
from engine.storage.pack import keeps, refuse_too_deep

_PLACE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PIECE = 1 << 24  # bytes that the kernel moves at a time
_ATTEMPTS = 16  # at a name that somebody else makes again and again
T = TypeVar("T")


class TreeCopy:
    """One copy into the open directory `target`: of a name, or of all in a directory.

    `size` counts the bytes of the files copied.
    """

    def __init__(self, target: int, *, owners: bool, shift: Shift = AS_IS) -> None:
        """`owners`: keep user and group, and with them what files give power to.

        `shift`: what they become on the way.
        """
        self._top = target
        self._owners = owners
        self._shift = shift
        self._goal: tuple[int, int] | None = None  # the directory that is being filled
        self._copies: dict[tuple[int, int], str] = {}  # of files with several names
        self.size = 0

    def entry(self, source: int, name: str, as_name: str) -> None:
        """Copy `name` of the open directory `source` ("." is that directory itself).

        FileNotFoundError if it is not there.
        """
        self._entry(source, name, self._top, as_name, as_name)

    def whole(self, source: int) -> None:
        """Make the target what the open directory `source` is: content and status."""
        self.content(source)
        self._describe(self._top, source, os.fstat(source))

    def content(self, source: int) -> None:
        """Copy all that is in the open directory `source`."""
        self._goal = _identity(os.fstat(self._top))
        if _identity(os.fstat(source)) != self._goal:
            self._entries(source, self._top, "")

    def _entries(self, source: int, target: int, above: str) -> None:
        refuse_too_deep(above)
        for name in os.listdir(source):
            with contextlib.suppress(FileNotFoundError):  # removed since then
                self._entry(source, name, target, name, above + name)

    def _entry(
        self, source: int, name: str, target: int, as_name: str, path: str
    ) -> None:
        """Copy what is found under a name, whatever takes that name afterwards."""
        place = os.open(name, _PLACE, dir_fd=source)
        try:
            try:
                status = os.fstat(place)
                if not stat.S_ISDIR(status.st_mode):
                    self._leaf(place, status, target, as_name, path)
                    return
                reading = _reopened(place, os.O_DIRECTORY)
            finally:
                os.close(place)  # not to be held on each level of a deep tree
            self._directory(reading, status, target, as_name, path)
        except OSError as error:
            raise SyscallError("copy", error.errno or errno.EIO, path) from error

    def _directory(
        self,
        reading: int,
        status: os.stat_result,
        target: int,
        name: str,
        path: str,
    ) -> None:
        """Copy an open directory, and close it.

        Where the copy itself goes is no part of it: it would never end.
        """
        try:
            if _identity(status) == self._goal:
                return
            with closing(_make_directory(target, name)) as made:
                self._goal = self._goal or _identity(os.fstat(made))
                self._entries(reading, made, f"{path}/")
                self._describe(made, reading, status)
        finally:
            os.close(reading)

    def _leaf(
        self, place: int, status: os.stat_result, target: int, name: str, path: str
    ) -> None:
        """Copy what is no directory; what is at `place` cannot change its kind."""
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFSOCK or self._linked(status, target, name, path):
            return
        if kind == stat.S_IFREG:
            self._file(place, target, name)
            return
        if kind == stat.S_IFLNK:
            text = os.readlink("", dir_fd=place)
            _put(target, name, lambda: os.symlink(text, name, dir_fd=target))
        else:
            mode, device = kind | 0o600, status.st_rdev
            _put(target, name, lambda: os.mknod(name, mode, device, dir_fd=target))
        self._describe_unopened(target, name, status)

    def _file(self, place: int, target: int, name: str) -> None:
        with closing(_reopened(place)) as reading:
            status = os.fstat(reading)
            with closing(
                _put(
                    target, name, lambda: os.open(name, _NEW_FILE, 0o600, dir_fd=target)
                )
            ) as writing:
                _copy_data(reading, writing, status)
                self._describe(writing, reading, status)
            self.size += status.st_size

    def _linked(
        self, status: os.stat_result, target: int, name: str, path: str
    ) -> bool:
        """Give what was copied under another name before one more name."""
        if status.st_nlink == 1:
            return False
        first = self._copies.setdefault(_identity(status), path)
        if first == path:
            return False
        directory, _, last = first.rpartition("/")
        above = paths.open_directory(self._top, directory)

        def link() -> None:
            ends = {"src_dir_fd": above, "dst_dir_fd": target}
            os.link(last, name, **ends, follow_symlinks=False)

        try:
            _put(target, name, link)
        finally:
            os.close(above)
        return True

    def _describe(self, made: int, original: int, status: os.stat_result) -> None:
        """Owner, mode, extended attributes and time of an open file or directory.

        In this order: chown(2) takes bits of the mode and capabilities away.
        """
        if self._owners:
            os.fchown(made, *self._shift.of(status))
        os.fchmod(made, self._mode(status))
        for attribute in os.listxattr(original):
            if keeps(attribute) and (self._owners or attribute.startswith("user.")):
                value = os.getxattr(original, attribute)
                os.setxattr(made, attribute, self._shift.attribute(attribute, value))
        os.utime(made, ns=(status.st_mtime_ns, status.st_mtime_ns))

    def _describe_unopened(
        self, target: int, name: str, status: os.stat_result
    ) -> None:
        """The same for a link, a fifo, a device, as far as they have it."""
        if self._owners:
            owner = self._shift.of(status)
            os.chown(name, *owner, dir_fd=target, follow_symlinks=False)
        nodes.set_mode(target, name, self._mode(status))
        times = (status.st_mtime_ns, status.st_mtime_ns)
        os.utime(name, ns=times, dir_fd=target, follow_symlinks=False)

    def _mode(self, status: os.stat_result) -> int:
        mode = stat.S_IMODE(status.st_mode)
        if self._owners:
            return mode
        if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
            return mode & 0o600
        if stat.S_ISDIR(status.st_mode):
            return mode  # there the bits mean something harmless
        return mode & ~(stat.S_ISUID | stat.S_ISGID)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _reopened(place: int, flags: int = 0) -> int:
    """The same file, open for reading: known by now to be a file or a directory."""
    return os.open(f"/proc/self/fd/{place}", os.O_RDONLY | os.O_CLOEXEC | flags)


def _make_directory(target: int, name: str) -> int:
    """The directory `name`, open, made if it is not there."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=target)
    try:
        return open_directory(name, target)
    except NotADirectoryError as error:
        raise Conflict(
            f'cannot overwrite non-directory "{name}" with directory',
            "Remove what is there first, or choose another name.",
        ) from error


def _put(target: int, name: str, make: Callable[[], T]) -> T:
    """Make something new in the place of what has the name now."""
    for _ in range(_ATTEMPTS):
        try:
            return make()
        except FileExistsError:
            nodes.make_way(target, name)
    return make()


def _copy_data(reading: int, writing: int, status: os.stat_result) -> None:
    """The bytes that the file had when it was opened; its holes stay holes."""
    for place, end in _pieces(reading, status):
        os.lseek(writing, place, os.SEEK_SET)
        while place < end:
            moved = os.sendfile(writing, reading, place, min(end - place, _PIECE))
            if not moved:
                break  # it shrinks while we read
            place += moved
    os.ftruncate(writing, status.st_size)


def _pieces(reading: int, status: os.stat_result) -> Iterator[tuple[int, int]]:
    """Where the data of an open file is: each piece's beginning and end."""
    place, size = 0, status.st_size
    if status.st_blocks * 512 >= size:  # as good as all files
        yield 0, size
        return
    while place < size:
        try:
            place = os.lseek(reading, place, os.SEEK_DATA)
        except OSError:  # ENXIO: the rest is a hole
            return
        end = min(size, os.lseek(reading, place, os.SEEK_HOLE))
        yield place, end
        place = end
