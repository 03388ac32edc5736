"""Pack: what a container changed becomes a layer, a tar file.

The upper directory of an overlay holds just that: new files, changed files as whole
copies, directories on the way to them, and whiteouts for what was deleted. Packing
walks it in the order of names, so that the same changes give the same bytes, and the
same bytes the same digest:

    upper/                          tar
      etc/                            etc/
        group    (device 0,0)         etc/.wh.group
        passwd                        etc/passwd
      log/       (opaque)             log/  log/.wh..wh..opq

What stays behind: sockets, which mean nothing without the process that made them;
attributes of this machine (trusted.*, SELinux labels); access times. File
capabilities and user.* attributes are kept.

The container may be running. Every step is by directory descriptor and follows no
link, so nothing that it swaps under our feet leads out of the upper directory. A file
that shrinks while it is read is filled up with zeros.

man: scandir(3), openat(2), listxattr(2)
Try it: `lab diff box; lab commit box mine`, then `tar tvf` of the new blob
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from engine import deadline
from engine.errors import EngineError, told_as_engine_errors
from engine.files import closing, open_directory
from engine.storage import tarball, whiteouts
from engine.storage.owners import AS_IS, Shift
from engine.storage.tarball import Entry

Writer = Callable[[bytes], object]
_CHUNK = 1 << 20  # bytes read at a time, and handed on at a time
DEEPEST = 256  # levels of directories; each holds a descriptor open
_KINDS = {
    stat.S_IFCHR: tarball.CHARACTER,
    stat.S_IFBLK: tarball.BLOCK_DEVICE,
    stat.S_IFIFO: tarball.FIFO,
}
# Overlay writes these when it renamed a directory or copied up no data: then the upper
# directory alone is not the whole change.
_INCOMPLETE = {"trusted.overlay.redirect", "trusted.overlay.metacopy"}


class Packed(NamedTuple):
    """What was packed.

    `size`: how many bytes its files and links hold: what Docker calls a layer's size.
    `whole`: nothing stayed behind; `deleted`: the paths that have a whiteout. Who
    knows both can tell whether the directory is what the tar would be unpacked to.
    """

    size: int
    whole: bool
    deleted: tuple[str, ...]


def pack(
    directory: Path, out: Writer, latest: int | None = None, shift: Shift = AS_IS
) -> Packed:
    """Give the layer tar of an overlay's upper `directory` to `out`, in pieces.

    No time in it is later than `latest`, in nanoseconds since 1970, if that is given:
    so the same files give the same tar whenever they were made. `shift`: what owners
    become in the tar.
    """
    packing = _Packing(out, latest, shift)
    with told_as_engine_errors(), closing(open_directory(directory)) as root:
        packing.directory(root, "")
    packing.put(tarball.END)
    packing.flush()
    return Packed(
        size=packing.content_size,
        whole=packing.whole,
        deleted=tuple(packing.deleted),
    )


def pack_entry(
    parent: int, name: str, path: str, out: Writer, shift: Shift = AS_IS
) -> None:
    """Give the tar of one name of an open directory to `out`, which calls it `path`.

    With all that is in it, if it is a directory: then `path` ends with a slash.
    `shift`: what owners become in the tar.
    """
    packing = _Packing(out, None, shift)
    kind = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    if stat.S_ISDIR(kind):
        packing.subdirectory(parent, name, path)
    elif stat.S_ISREG(kind):
        packing.file(parent, name, path)
    else:
        packing.other(parent, name, path.removesuffix(name))
    packing.put(tarball.END)
    packing.flush()


def refuse_too_deep(path: str) -> None:
    """Stop at a tree so deep that nobody made it by accident: each level costs us."""
    if path.count("/") > DEEPEST:
        raise EngineError(
            f"{path[:80]}… is more than {DEEPEST} directories deep",
            "No program needs that: remove it in the container first.",
        )


def keeps(attribute: str) -> bool:
    """Does this extended attribute belong to the file, and not to the machine?"""
    if attribute.startswith("user."):
        # PAX has no way to write a key with an equals sign in it
        return not attribute.startswith("user.overlay.") and "=" not in attribute
    return attribute == "security.capability"


class _Packing:
    """One tar on its way out: the pieces not yet handed on, the hard links seen."""

    def __init__(
        self, out: Writer, latest: int | None = None, shift: Shift = AS_IS
    ) -> None:
        self._out, self._latest, self._shift = out, latest, shift
        self._pieces: list[bytes] = []
        self._size = 0
        self.content_size = 0
        self.whole = True
        self.deleted: list[str] = []
        self._first_names: dict[tuple[int, int], str] = {}

    def put(self, data: bytes) -> None:
        """Add bytes; hand on what has gathered when it is a lot."""
        self._pieces.append(data)
        self._size += len(data)
        if self._size >= _CHUNK:
            self.flush()

    def flush(self) -> None:
        """Hand on what has gathered."""
        deadline.check()
        self._out(b"".join(self._pieces))
        self._pieces.clear()
        self._size = 0

    def directory(self, descriptor: int, prefix: str) -> None:
        """Everything in an open directory, whose own name is `prefix`."""
        refuse_too_deep(prefix)
        with os.scandir(descriptor) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            try:
                self._entry(descriptor, entry, prefix)
            except FileNotFoundError:
                continue  # removed since we read the directory

    def _entry(self, parent: int, entry: os.DirEntry[str], prefix: str) -> None:
        name = prefix + entry.name
        if entry.is_file(follow_symlinks=False):
            self.file(parent, entry.name, name)
        elif entry.is_dir(follow_symlinks=False):
            self.subdirectory(parent, entry.name, f"{name}/")
        else:
            self.other(parent, entry.name, prefix)

    def file(self, parent: int, name: str, path: str) -> None:
        """A regular file, or what is in its place by now."""
        # O_NONBLOCK: what was a file a moment ago may be a fifo now, and must not wait
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with closing(os.open(name, flags, dir_fd=parent)) as descriptor:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or self._link(status, path):
                return
            xattrs = self._xattrs(descriptor, path)
            self.put(tarball.encode(self._entry_of(status, path, xattrs=xattrs)))
            self.content_size += status.st_size
            left = status.st_size
            while left:
                data = os.read(descriptor, min(left, _CHUNK))
                if not data:
                    data = bytes(min(left, _CHUNK))
                self.put(data)
                left -= len(data)
            self.put(tarball.padding(status.st_size))

    def _link(self, status: os.stat_result, path: str) -> bool:
        """Write a hard link, if this inode was packed under another name before."""
        if status.st_nlink == 1:
            return False
        first = self._first_names.setdefault((status.st_dev, status.st_ino), path)
        if first == path:
            return False
        self.put(
            tarball.encode(
                self._entry_of(status, path, kind=tarball.HARD_LINK, target=first)
            )
        )
        return True

    def subdirectory(self, parent: int, name: str, path: str) -> None:
        """A directory with all that is in it; `path` ends with a slash."""
        with closing(open_directory(name, parent)) as descriptor:
            status = os.fstat(descriptor)
            xattrs = self._xattrs(descriptor, path)
            entry = self._entry_of(status, path, kind=tarball.DIRECTORY, xattrs=xattrs)
            self.put(tarball.encode(entry))
            if whiteouts.is_opaque(descriptor):
                self._mark(status, path + whiteouts.OPAQUE_NAME, whiteouts.OPAQUE_MODE)
            self.directory(descriptor, path)

    def other(self, parent: int, name: str, prefix: str) -> None:
        """A link, a device, a fifo; or a whiteout."""
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        path = prefix + name
        # Before hard links: overlay makes all its whiteouts links to one inode.
        if whiteouts.is_whiteout(status):
            path = prefix + whiteouts.to_tar(name)
            self._mark(status, path, whiteouts.WHITEOUT_MODE)
            self.deleted.append(prefix + name)
        elif stat.S_ISLNK(status.st_mode):
            if not self._link(status, path):
                target = os.readlink(name, dir_fd=parent)
                self.content_size += status.st_size
                entry = self._entry_of(status, path, kind=tarball.LINK, target=target)
                self.put(tarball.encode(entry))
        elif (kind := _KINDS.get(stat.S_IFMT(status.st_mode))) is None:
            self.whole = False  # a socket
        elif not self._link(status, path):
            self.put(tarball.encode(self._entry_of(status, path, kind=kind)))

    def _mark(self, status: os.stat_result, path: str, mode: int) -> None:
        """An empty file whose name says it all."""
        entry = Entry(
            name=path,
            mode=mode,
            uid=status.st_uid,
            gid=status.st_gid,
            modified=self._modified(status),
        )
        self.put(tarball.encode(entry))

    def _modified(self, status: os.stat_result) -> int:
        """When it was changed, or the latest time that may be in this tar."""
        if self._latest is None:
            return status.st_mtime_ns
        return min(status.st_mtime_ns, self._latest)

    def _entry_of(
        self,
        status: os.stat_result,
        path: str,
        *,
        kind: str = tarball.FILE,
        target: str = "",
        xattrs: dict[str, bytes] | None = None,
    ) -> Entry:
        is_device = kind in (tarball.CHARACTER, tarball.BLOCK_DEVICE)
        uid, gid = self._shift.of(status)
        return Entry(
            name=path,
            kind=kind,
            mode=status.st_mode & 0o7777,
            uid=uid,
            gid=gid,
            size=status.st_size if kind == tarball.FILE else 0,
            modified=self._modified(status),
            target=target,
            major=os.major(status.st_rdev) if is_device else 0,
            minor=os.minor(status.st_rdev) if is_device else 0,
            xattrs=xattrs or {},
        )

    def _xattrs(self, descriptor: int, path: str) -> dict[str, bytes]:
        """The extended attributes that travel with an open file."""
        names = os.listxattr(descriptor)
        if not names:
            return {}
        if _INCOMPLETE & set(names):
            raise EngineError(
                f"{path}: overlay kept only a part of the change in the upper "
                "directory",
                "The kernel's redirect_dir and metacopy must be off for this overlay.",
            )
        kept = {
            name: self._shift.attribute(name, os.getxattr(descriptor, name))
            for name in names
            if keeps(name)
        }
        self.whole = self.whole and all(
            name in kept or name.startswith(whiteouts.OVERLAYS_OWN) for name in names
        )
        return kept
