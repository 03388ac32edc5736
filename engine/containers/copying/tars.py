"""Archives: the files of a container as a tar on a pipe, one way and the other.

    lab cp box:/etc - | tar tv        what is at a path, packed
    tar c . | lab cp - box:/srv       what is in a tar, unpacked into a directory

A tar may come from anybody. A name with ".." is refused; one that begins with a slash
means the same without it, as for tar(1): what is packed from "/" has such names. Links
that are in the *container* are followed, inside it, as when a program there unpacks: so
each entry's directory is opened with the container's root as "/". The last part of a
name is never followed.

Source: docker cp with `-`
man: tar(5)
Try it: `lab cp box:/etc - | lab cp - other:/tmp`: from container to container
"""

import contextlib
import os
import stat
from functools import partial

from engine import files
from engine.containers.copying.ends import End
from engine.containers.record import Container
from engine.errors import Conflict, InvalidArgument, SyscallError
from engine.kernel import paths
from engine.runtime.bundle import Bundle
from engine.storage import nodes, tarball
from engine.storage.compression import Readable
from engine.storage.owners import AS_IS, Shift
from engine.storage.pack import pack_entry
from engine.storage.tar_reader import TarReader
from engine.storage.tarball import Entry
from engine.storage.unpack import inside


def write_archive(source: End, out: int, *, follow: bool, shift: Shift = AS_IS) -> None:
    """Write the tar of what is at a path of a container to the descriptor `out`.

    `shift`: what owners become in it.
    """
    place = source.find_source(follow=follow)
    try:
        name = place.name if place.name != "." else source.name
        if place.is_directory:
            name = f"{name or _nameless(source)}/"
        write = partial(files.write_all, out)
        pack_entry(place.directory, place.name, name, write, shift)
    finally:
        place.close()


def _nameless(source: End) -> str:
    """ "DIR/." is called "."; the names of all that is in "/" begin with a slash."""
    return "." if source.path != "/" else ""


def user_of(container: Container) -> tuple[int, int] | None:
    """The numbers of a container's user and group; None for root."""
    process = Bundle.read(container.directory / "bundle").spec.process
    return (process.uid, process.gid) if process.uid or process.gid else None


def read_archive(
    stream: Readable,
    destination: End,
    owner: tuple[int, int] | None = None,
    shift: Shift = AS_IS,
) -> None:
    """Unpack a tar into a directory of a container.

    `owner`: the user and group of all that is in it, if they shall not be the tar's;
    `shift`: what owners become in the container's tree.
    """
    place = destination.find_destination()
    try:
        destination.refuse_device(place)
        if not place.is_directory:
            raise InvalidArgument(
                f'destination "{destination.container}:{destination.path}" must be a '
                "directory",
                "A tar is unpacked into a directory that is there: make it first.",
            )
        top = place.open_directory()
    finally:
        place.close()
    try:
        destination.refuse_read_only(top)
        _Unpacking(stream, destination, top, owner, shift).run()
    finally:
        os.close(top)


class _Unpacking:
    """One tar on its way into a container's directory."""

    def __init__(
        self,
        stream: Readable,
        destination: End,
        top: int,
        owner: tuple[int, int] | None,
        shift: Shift,
    ) -> None:
        self._reader = TarReader(stream, hashed=False)
        self._root, self._path = destination.root, destination.path
        self._top, self._owner, self._shift = top, owner, shift
        self._times: dict[str, int] = {}  # of directories, set when all is in them

    def run(self) -> None:
        """Unpack every entry."""
        for entry in self._reader.entries():
            path = _below(entry.name)
            if not path:
                continue  # the directory that is there stays as it is
            if self._owner:
                entry = entry._replace(uid=self._owner[0], gid=self._owner[1])
            if self._shift != AS_IS:
                entry = _shifted(entry, self._shift)
            try:
                self._add(path, entry)
            except OSError as error:
                raise SyscallError("unpack", error.errno or 0, path) from error
        for path, modified in self._times.items():
            with contextlib.suppress(SyscallError):  # no longer a directory
                descriptor = self._open(path)
                os.utime(descriptor, ns=(modified, modified))
                os.close(descriptor)

    def _open(self, path: str) -> int:
        """The directory `path`, links followed as the container would."""
        if not path:
            return os.dup(self._top)
        return paths.open_directory(self._root, f"{self._path}/{path}")

    def _add(self, path: str, entry: Entry) -> None:
        above, _, name = path.rpartition("/")
        try:
            parent = self._open(above)
        except SyscallError:
            made = paths.make_directory(self._root, f"{self._path}/{above}")
            os.close(made)
            parent = self._open(above)
        try:
            self._make(parent, name, path, entry)
        finally:
            os.close(parent)

    def _make(self, parent: int, name: str, path: str, entry: Entry) -> None:
        before = nodes.status(parent, name)
        if entry.kind == tarball.DIRECTORY:
            self._make_directory(parent, name, path, entry, before)
            return
        if before:
            nodes.make_way(parent, name)
        nodes.make(parent, name, entry, self._reader.chunks(), self._linked)

    def _linked(self, target: str) -> tuple[int, str]:
        return self._root, f"{self._path}/{_below(target)}"

    def _make_directory(
        self,
        parent: int,
        name: str,
        path: str,
        entry: Entry,
        before: os.stat_result | None,
    ) -> None:
        if before is None:
            os.mkdir(name, 0o700, dir_fd=parent)
        elif not stat.S_ISDIR(before.st_mode):
            raise Conflict(
                f'cannot overwrite non-directory "{path}" with directory',
                "Remove what is there first, or choose another name.",
            )
        with files.closing(files.open_directory(name, parent)) as made:
            nodes.set_attributes(made, entry)
        self._times[path] = entry.modified


def _shifted(entry: Entry, shift: Shift) -> Entry:
    return entry._replace(
        uid=shift.number(entry.uid),
        gid=shift.number(entry.gid),
        xattrs={name: shift.attribute(name, v) for name, v in entry.xattrs.items()},
    )


def _below(name: str) -> str:
    """A tar's name as a path below the directory it is unpacked in."""
    return inside(name.lstrip("/"))
