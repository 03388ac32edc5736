"""Nodes: one entry of a tar becomes one file, link, device or fifo in a directory.

Each is made in an open directory, under a name that is not there yet, and nothing is
followed: O_EXCL and O_NOFOLLOW for files, the link's own calls for links. The order
matters:

    make it, closed to all (0600)
    its data; holes are left where the data is zero
    its owner, then its mode: chown(2) takes setuid away, for good reason
    its extended attributes
    its time: everything before would change it

man: mknod(2), chown(2), utimensat(2), xattr(7)
Try it: `lab layers busybox --paths`, then `stat` on a file there
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable

from engine.errors import Conflict, ImageError, SyscallError
from engine.files import closing
from engine.kernel import mount_table, paths
from engine.storage import tarball, whiteouts
from engine.storage.pack import keeps
from engine.storage.tarball import Entry

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SMALLEST_HOLE = 4096  # bytes; file systems keep no smaller ones
_ZEROS = bytes(1 << 20)  # as many as come in one piece
_DEVICES = {
    tarball.CHARACTER: stat.S_IFCHR,
    tarball.BLOCK_DEVICE: stat.S_IFBLK,
    tarball.FIFO: stat.S_IFIFO,
}
_OTHERS = (tarball.FILE, tarball.DIRECTORY, tarball.LINK, tarball.HARD_LINK)


def status(parent: int, name: str) -> os.stat_result | None:
    """What is there under this name in an open directory, not followed."""
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return None


def make_way(parent: int, name: str) -> None:
    """Remove a name of an open directory, so that something new can take it.

    Conflict if it is a directory, OSError (EBUSY) if something is mounted there.
    """
    try:
        if mount_table.is_mounted_on(parent, name):
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), name)
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        return
    except IsADirectoryError as error:
        raise Conflict(
            f'cannot overwrite directory "{name}" with non-directory',
            "Remove what is there first, or choose another name.",
        ) from error


def make(
    parent: int,
    name: str,
    entry: Entry,
    chunks: Iterable[tuple[int, bytes]],
    linked: Callable[[str], tuple[int, str]],
) -> None:
    """What `entry` is, if it is no directory, under a name that is free.

    `chunks` is the data of a file; `linked` tells where a hard link's target lies: in
    which root, and its path below that.
    """
    if entry.kind == tarball.FILE:
        make_file(parent, name, entry, chunks)
    elif entry.kind == tarball.HARD_LINK:
        make_hard_link(*linked(entry.target), parent, name)
    elif entry.kind == tarball.LINK:
        make_link(parent, name, entry)
    else:
        make_device(parent, name, entry)


def make_file(
    parent: int, name: str, entry: Entry, chunks: Iterable[tuple[int, bytes]]
) -> None:
    """A regular file; `chunks` are pieces of data, each with its place."""
    with closing(os.open(name, _NEW_FILE, 0o600, dir_fd=parent)) as descriptor:
        end = 0
        for offset, data in chunks:
            if not _is_hole(data):
                _write_at(descriptor, data, offset)
                end = offset + len(data)
        if end < entry.size:
            os.ftruncate(descriptor, entry.size)
        set_attributes(descriptor, entry)
        os.utime(descriptor, ns=(entry.modified, entry.modified))


def make_hard_link(root: int, target: str, parent: int, name: str) -> None:
    """One more name for `target`, which this same layer brought below `root` before."""
    directory, _, last = target.rpartition("/")
    try:
        source = paths.open_directory(root, directory)
    except SyscallError as error:
        raise _no_target(target) from error
    try:
        if whiteouts.is_whiteout(os.lstat(last, dir_fd=source)):
            raise _no_target(target)  # one more deletion is what would come of it
        os.link(last, name, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
    except OSError as error:
        raise _no_target(target) from error
    finally:
        os.close(source)


def make_link(parent: int, name: str, entry: Entry) -> None:
    """A symbolic link. Its text may be anything: it is not looked at, only kept."""
    os.symlink(entry.target, name, dir_fd=parent)
    os.chown(name, entry.uid, entry.gid, dir_fd=parent, follow_symlinks=False)
    _set_time(parent, name, entry)


def make_device(parent: int, name: str, entry: Entry) -> None:
    """A device node or a fifo. Whether a container may open it is another question."""
    refuse_impossible(entry)
    number = os.makedev(entry.major, entry.minor)
    os.mknod(name, _DEVICES[entry.kind] | 0o600, number, dir_fd=parent)
    os.chown(name, entry.uid, entry.gid, dir_fd=parent, follow_symlinks=False)
    set_mode(parent, name, entry.mode)
    _set_time(parent, name, entry)


def refuse_impossible(entry: Entry) -> None:
    """Raise ImageError for what no node can be made of."""
    if entry.kind not in (*_DEVICES, *_OTHERS):
        raise tarball.damaged(f"an entry of the unknown type {entry.kind!a}")
    if entry.kind == tarball.CHARACTER and entry.major == entry.minor == 0:
        raise ImageError(
            "the device 0,0 is how overlay marks a deletion",
            "In an archive a deletion is an empty file whose name begins with .wh.",
        )
    if entry.kind == tarball.LINK and not entry.target:
        raise tarball.damaged("a symbolic link that leads nowhere")


def set_mode(parent: int, name: str, mode: int) -> None:
    """The mode of a fifo or a device, without opening it; nothing for a link.

    chmod(2) by name would follow a link, out of the tree, that a running container
    may have put in its place.
    """
    flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
    with closing(os.open(name, flags, dir_fd=parent)) as place:
        if not stat.S_ISLNK(os.fstat(place).st_mode):
            os.chmod(f"/proc/self/fd/{place}", mode)


def set_attributes(descriptor: int, entry: Entry) -> None:
    """Owner, mode and extended attributes of an open file or directory."""
    os.fchown(descriptor, entry.uid, entry.gid)
    os.fchmod(descriptor, entry.mode)
    for name, value in entry.xattrs.items():
        if keeps(name):
            try:
                os.setxattr(descriptor, name, value)
            except OSError as error:
                raise SyscallError("setxattr", error.errno or 0, name) from error


def _set_time(parent: int, name: str, entry: Entry) -> None:
    times = (entry.modified, entry.modified)
    os.utime(name, ns=times, dir_fd=parent, follow_symlinks=False)


def _is_hole(data: bytes) -> bool:
    """Whether these bytes are better left out: zeros, and enough of them.

    To compare ends at the first byte that differs: of most files, the first.
    """
    return len(data) >= _SMALLEST_HOLE and data == _ZEROS[: len(data)]


def _write_at(descriptor: int, data: bytes, offset: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written


def _no_target(target: str) -> ImageError:
    return ImageError(
        f"a hard link to {target[:200]!a}, which is no file of this layer",
        "The archive is damaged, or was not made for an image.",
    )
