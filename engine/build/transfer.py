"""Transfer: one source of COPY or ADD is put where it goes.

What Docker does, step by step, is: pack with tar, unpack at the destination, then
chown all that came. So a directory that is there keeps its place and gets the mode of
what comes; a setuid bit does not survive the chown, which is chown(2)'s own rule.

man: chown(2), tar(1)
Try it: `lab layers ID` after a build
"""

import os
import posixpath
import stat
from collections.abc import Iterator
from typing import NamedTuple

from engine import deadline, files
from engine.build import fingerprints
from engine.build.placing import ROOT, Owner, Placing
from engine.build.sources import Source
from engine.build.trees import Item, Tree
from engine.errors import BuildFailed, ImageError
from engine.storage import tarball
from engine.storage.room import Room
from engine.storage.tar_reader import TarReader
from engine.storage.tarball import Entry
from engine.storage.unpack import inside

_CHUNK = 1 << 20  # bytes read at a time
_KINDS = {
    stat.S_IFDIR: tarball.DIRECTORY,
    stat.S_IFLNK: tarball.LINK,
    stat.S_IFCHR: tarball.CHARACTER,
    stat.S_IFBLK: tarball.BLOCK_DEVICE,
    stat.S_IFIFO: tarball.FIFO,
}


class How(NamedTuple):
    """How files arrive: whose they are (None: as in the source), with which mode.

    `unpacks`: an archive is replaced by what is in it, as far as there is `room`.
    """

    owner: Owner | None
    mode: int | None
    unpacks: bool
    room: Room


def transfer(placing: Placing, source: Source, destination: str, how: How) -> None:
    """Put one source at an absolute `destination`; its end says what is meant."""
    path = posixpath.normpath(destination)
    if source.is_directory:
        _directory(placing, source, path, how)
    elif how.unpacks and source.tree and _is_archive(source):
        _archive(placing, source, path, how)
    else:
        _file(placing, source, path, destination.endswith("/"), how)


def _directory(placing: Placing, source: Source, path: str, how: How) -> None:
    tree, top = source.tree, source.item
    assert tree is not None and top is not None, "directories lie in a tree"
    before = placing.status(path)
    if before is not None and not stat.S_ISDIR(before.st_mode):
        raise BuildFailed(
            f"cannot copy to non-directory: {path}",
            "The source is a directory: name another destination.",
        )
    if placing.make_directories(path, ROOT) and how.owner:
        placing.own(path, how.owner)
    copies: dict[tuple[int, int], str] = {}  # of files with several names
    for item in tree.below(top.path):
        below = item.path[len(top.path) :].lstrip("/")
        _item(placing, tree, item, posixpath.join(path, below), how, copies)


def _item(
    placing: Placing,
    tree: Tree,
    item: Item,
    path: str,
    how: How,
    copies: dict[tuple[int, int], str],
) -> None:
    """One file, directory, link … of a tree."""
    status = item.status
    if stat.S_ISREG(status.st_mode):
        first = copies.setdefault((status.st_dev, status.st_ino), path)
        if status.st_nlink > 1 and first != path:
            link = Entry(name=path, kind=tarball.HARD_LINK, target=first)
            placing.put(path, link, ())
            return
        with files.closing(tree.open_file(item.path)) as descriptor:
            entry = _described(os.fstat(descriptor), how, item)
            power = fingerprints.capability(descriptor) if how.owner is None else b""
            if power:
                entry = entry._replace(xattrs={fingerprints.CAPABILITY: power})
            placing.put(path, entry, _read(descriptor))
        return
    entry = _described(status, how, item)
    if entry.kind == tarball.LINK:
        entry = entry._replace(target=tree.link_text(item.path))
    placing.put(path, entry, ())


def _described(status: os.stat_result, how: How, item: Item) -> Entry:
    """What will be there: as the source has it, but for owner and mode."""
    kind = stat.S_IFMT(status.st_mode)
    mode = stat.S_IMODE(status.st_mode) if not item.implied else 0o755
    if how.owner is not None and kind == stat.S_IFREG:
        mode &= ~(stat.S_ISUID | (stat.S_ISGID if mode & stat.S_IXGRP else 0))
    if how.mode is not None and kind != stat.S_IFLNK:
        mode = how.mode
    uid, gid = how.owner or (status.st_uid, status.st_gid)
    is_device = kind in (stat.S_IFCHR, stat.S_IFBLK)
    return Entry(
        name=item.path,
        kind=_KINDS.get(kind, tarball.FILE),
        mode=mode,
        uid=uid,
        gid=gid,
        size=status.st_size if kind == stat.S_IFREG else 0,
        modified=status.st_mtime_ns,
        major=os.major(status.st_rdev) if is_device else 0,
        minor=os.minor(status.st_rdev) if is_device else 0,
    )


def _file(placing: Placing, source: Source, path: str, into: bool, how: How) -> None:
    before = placing.status(path)
    if into or (before is not None and stat.S_ISDIR(before.st_mode)):
        path = posixpath.join(path, source.name)
    else:
        path = placing.where(path)
    placing.make_directories(posixpath.dirname(path), how.owner or ROOT)
    if source.tree and source.item:
        _item(placing, source.tree, source.item, path, how, {})
        return
    size = os.stat(source.file).st_size if source.file else len(source.content)
    uid, gid = how.owner or ROOT
    entry = Entry(
        name=path,
        mode=source.mode if how.mode is None else how.mode,
        uid=uid,
        gid=gid,
        size=size,
        modified=source.modified,
    )
    if not source.file:
        placing.put(path, entry, [(0, source.content)])
        return
    with files.closing(os.open(source.file, os.O_RDONLY | os.O_CLOEXEC)) as opened:
        placing.put(path, entry, _read(opened))


def _read(descriptor: int) -> Iterator[tuple[int, bytes]]:
    """The bytes of an open file, in pieces, each with its place."""
    place = 0
    while data := os.read(descriptor, _CHUNK):
        deadline.check()
        yield place, data
        place += len(data)


def _opened(source: Source) -> int:
    assert source.tree is not None and source.item is not None, "archives are local"
    return source.tree.open_file(source.item.path)


def _is_archive(source: Source) -> bool:
    """Whether it is a tar, compressed or not: what its bytes say, not its name."""
    if source.item is None or not stat.S_ISREG(source.item.status.st_mode):
        return False
    with os.fdopen(_opened(source), "rb") as stream:
        try:
            return next(TarReader(stream, hashed=False).entries(), None) is not None
        except ImageError:
            return False


def _archive(placing: Placing, source: Source, path: str, how: How) -> None:
    """Unpack it. A name that leads upwards is refused; owners are the archive's."""
    placing.make_directories(path, ROOT)
    with os.fdopen(_opened(source), "rb") as stream:
        reader = TarReader(stream, hashed=False, room=how.room)
        for entry in reader.entries():
            below = inside(entry.name.lstrip("/"))
            if entry.kind == tarball.HARD_LINK:
                target = posixpath.join(path, inside(entry.target.lstrip("/")))
                entry = entry._replace(target=target)
            if below:  # the archive's own top stays as the destination is
                placing.put(posixpath.join(path, below), entry, reader.chunks())
