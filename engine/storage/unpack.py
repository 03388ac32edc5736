"""Unpack: a layer, a tar file, becomes a directory that overlay can use.

    etc/passwd        ─►   the file, with owner, mode, time, attributes
    etc/.wh.group     ─►   a device 0,0 named group: overlay's whiteout
    log/.wh..wh..opq  ─►   the directory log, marked opaque
    tmp/x             ─►   the file; and tmp, which the layer does not mention, with
                           the mode and owner that it has in the layers below: or a
                           1777 /tmp would become 0755 through a layer that holds x

The tar may come from anybody. Three rules keep it inside its directory:

  - a name with "..", or an absolute one, is refused;
  - the directory of an entry is opened by the kernel with our directory as its "/"
    (kernel/paths.py): a link from the tar itself leads nowhere else;
  - the last part of a name is never followed: what is in the way is removed first.

A whiteout for something that no layer below has is left out: overlay would list it as
a file that is not there. Of two entries with one name the later one counts, as in tar.

How a file, a link, a device is made is in nodes.py.

man: openat2(2), path_resolution(7)
Try it: `lab layers busybox --paths`, then `ls -la` there
"""

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from engine import files
from engine.errors import ImageError, SyscallError, from_os_error
from engine.kernel import paths
from engine.storage import nodes, tarball, whiteouts
from engine.storage.compression import Readable
from engine.storage.lowers import Lowers
from engine.storage.pack import DEEPEST
from engine.storage.room import Room
from engine.storage.tar_reader import TarReader
from engine.storage.tarball import Entry
from engine.storage.whiteouts import Mark

_ITSELF = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW  # not what it links to


def unpack(
    stream: Readable,
    directory: Path,
    parents: Sequence[Path],
    *,
    hashed: bool = True,
    ended: bool = True,
) -> str:
    """Unpack a layer into `directory`, which is empty; return its diff_id.

    `parents` are the directories of the layers below, topmost first. Not `hashed`: it
    is known already, and "" is returned. Not `ended`: its last blocks may be missing.
    """
    reader = TarReader(stream, hashed=hashed, room=Room(directory), ended=ended)
    unpacking = _Unpacking(directory, reader, Lowers(parents))
    entry = Entry(name="")
    try:
        for entry in reader.entries():
            unpacking.add(entry)
        unpacking.finish()
    except ImageError as error:
        where = f"{entry.name[:200]!a}: " if entry.name else ""
        raise ImageError(where + error.message, error.hint) from error
    except (OSError, SyscallError) as error:
        if error.errno == errno.ENAMETOOLONG:
            raise ImageError(
                f"{entry.name[:200]!a}: a name is longer than the kernel allows",
                "No program could open such a file: make the archive without it.",
            ) from error
        if isinstance(error, OSError):
            raise from_os_error(error) from error
        raise
    finally:
        unpacking.close()
    return reader.diff_id if hashed else ""


class _Unpacking:
    """One layer on its way into a directory."""

    def __init__(self, directory: Path, reader: TarReader, lowers: Lowers) -> None:
        self._reader = reader
        self._lowers = lowers
        self._root = files.open_directory(directory)
        self._parent, self._parent_name = self._root, ""
        self._directory_times: dict[str, int] = {}

    def add(self, entry: Entry) -> None:
        """Make what one entry describes."""
        path = inside(entry.name)
        if not path:
            if entry.kind != tarball.DIRECTORY:
                raise tarball.damaged("its root is no directory")
            nodes.set_attributes(self._root, entry)
            self._directory_times[""] = entry.modified
            return
        directory, _, last = path.rpartition("/")
        named = whiteouts.to_overlay(last)
        if named.mark is Mark.IGNORED:
            return
        parent = self._open_parent(directory)
        if named.mark is Mark.OPAQUE:
            whiteouts.make_opaque(parent)
            self._hide_all(parent, directory)
        elif named.mark is Mark.WHITEOUT:
            self._hide(parent, directory, named.name)
        else:
            self._make(parent, path, last, entry)

    def finish(self) -> None:
        """Give directories their times, now that nothing is added to them any more."""
        for path, modified in self._directory_times.items():
            try:
                descriptor = paths.open_inside(self._root, path, _ITSELF)
            except SyscallError:
                continue  # a later entry replaced it by something else
            with files.closing(descriptor):
                os.utime(descriptor, ns=(modified, modified))

    def close(self) -> None:
        """Let go of the open directories."""
        self._leave_parent()
        os.close(self._root)

    def _leave_parent(self) -> None:
        if self._parent != self._root:
            os.close(self._parent)
        self._parent, self._parent_name = self._root, ""

    def _open_parent(self, path: str) -> int:
        """The directory of an entry, open; the last one is kept: files come in rows."""
        if path == self._parent_name:
            return self._parent
        self._leave_parent()
        try:
            self._parent = paths.open_directory(self._root, path)
        except SyscallError:
            self._make_parents(path)
            self._parent = paths.open_directory(self._root, path)
        self._parent_name = path
        return self._parent

    def _make_parents(self, path: str) -> None:
        """Make the directories that the layer omits, as the layers below have them."""
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            try:
                os.close(paths.open_directory(self._root, path))
            except SyscallError:
                self._make_parent("/".join(parts[: depth - 1]), parts[depth - 1], path)

    def _make_parent(self, directory: str, name: str, path: str) -> None:
        with files.closing(paths.open_directory(self._root, directory)) as parent:
            before = nodes.status(parent, name)
            if before and not whiteouts.is_whiteout(before):
                raise ImageError(
                    f"{path[:200]!a} is no directory in this layer",
                    "The archive is damaged, or was not made for an image.",
                )
            self._make_directory(parent, path, name, self._as_below(path), before)

    def _as_below(self, path: str) -> Entry:
        """The directory `path` as the layers below have it; else root's, and 0755."""
        status = self._lowers.find(path)
        if status is None or not stat.S_ISDIR(status.st_mode):
            return Entry(name=path, kind=tarball.DIRECTORY, mode=0o755)
        return Entry(
            name=path,
            kind=tarball.DIRECTORY,
            mode=stat.S_IMODE(status.st_mode),
            uid=status.st_uid,
            gid=status.st_gid,
            modified=status.st_mtime_ns,
        )

    def _hide(self, parent: int, directory: str, name: str) -> None:
        """A whiteout. What this layer itself has under the name stays (layer.md)."""
        path = f"{directory}/{name}" if directory else name
        if self._lowers.find(path) is None:
            return
        status = nodes.status(parent, name)
        if status is None:
            whiteouts.make_whiteout(name, parent)
        elif stat.S_ISDIR(status.st_mode):
            self._make_opaque(parent, name)

    def _hide_all(self, parent: int, directory: str) -> None:
        """Hide each name below an opaque root: overlay does not ask a root."""
        for name in () if directory else self._lowers.names():
            self._hide(parent, directory, name)

    def _make_opaque(self, parent: int, name: str) -> None:
        with files.closing(files.open_directory(name, parent)) as descriptor:
            whiteouts.make_opaque(descriptor)

    def _make(self, parent: int, path: str, name: str, entry: Entry) -> None:
        """Make a file, directory, link or device, and remove what is in the way."""
        before = nodes.status(parent, name)
        if entry.kind == tarball.DIRECTORY:
            self._make_directory(parent, path, name, entry, before)
            return
        if before:
            files.remove_entry(parent, name)
        nodes.make(parent, name, entry, self._reader.chunks(), self._linked)

    def _linked(self, target: str) -> tuple[int, str]:
        return self._root, inside(target)

    def _make_directory(
        self,
        parent: int,
        path: str,
        name: str,
        entry: Entry,
        before: os.stat_result | None,
    ) -> None:
        """Make a directory, or give the one that is there its attributes."""
        hidden = before is not None and whiteouts.is_whiteout(before)
        if before and not stat.S_ISDIR(before.st_mode):
            files.remove_entry(parent, name)
            before = None
        if before is None:
            os.mkdir(name, 0o700, dir_fd=parent)
        if hidden:  # deleted, and then made anew: what was below must not show through
            self._make_opaque(parent, name)
        with files.closing(files.open_directory(name, parent)) as descriptor:
            nodes.set_attributes(descriptor, entry)
        self._directory_times[path] = entry.modified


def inside(name: str) -> str:
    """A tar's name as a path below the root: "./etc//passwd" is "etc/passwd"."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ImageError(
            f"the name {name[:200]!a} leads upwards",
            'An archive for an image has no ".." in its names.',
        )
    if len(parts) > DEEPEST:
        raise ImageError(
            f"a name {len(parts)} directories deep", "No program needs that."
        )
    if parts and name.startswith("/"):
        raise ImageError(
            f"the name {name[:200]!a} is absolute",
            "Make the archive with names relative to its root: `tar -C DIR -c .`",
        )
    return "/".join(parts)
