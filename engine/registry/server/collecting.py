"""Garbage collection: blobs that no manifest names, and uploads that nobody ends.

To delete a tag or a manifest takes away a name; the bytes stay, because a layer may be
in ten images. Now and then somebody has to look which are in none:

    mark     in each repository, the blobs that its manifests name
    sweep    of its other blobs, the names in this repository
    sweep    of the blobs of all, those that have no other name left: st_nlink is 1

A push sends its blobs first and names them last, so a blob that nobody names may just
be on its way. Two things make a collection safe beside a running server. What somebody
sent, mounted or asked for within the last hour is left alone: the blob's time of change
says so. And a repository is held while it is looked at, as it is when a manifest comes.

man: stat(2) (st_nlink, st_mtime)
Try it: `lab registry gc --older-than 0s`
"""

import time
from pathlib import Path
from typing import NamedTuple

from engine.registry.server import index, manifests
from engine.registry.server.index import Entry
from engine.registry.server.repository import Repository, all_repositories
from engine.registry.server.uploads import old_uploads

HOUR = 3600.0  # seconds


class Collected(NamedTuple):
    """What a collection took away."""

    manifests: int
    blobs: int
    uploads: int
    freed: int  # bytes


def collect(root: Path, *, age: float = HOUR, untagged: bool = False) -> Collected:
    """Take away what nobody has needed for `age` seconds.

    With `untagged`, manifests too that have no tag, unless a tagged one needs them.
    """
    before = time.time() - age
    dropped, uploads, freed = 0, 0, 0
    for repository in all_repositories(root):
        with repository.changing() as entries:
            if untagged:
                dropped += _drop_untagged(repository, entries, before)
            _drop_unnamed(repository, entries, before)
            abandoned = old_uploads(repository, before)
            uploads += len(abandoned)
            freed += sum(map(_remove, abandoned))
            repository.sweep()
    blobs = [path for path in _shared(root) if _is_garbage(path, before)]
    freed += sum(map(_remove, blobs))
    return Collected(manifests=dropped, blobs=len(blobs), uploads=uploads, freed=freed)


def _drop_untagged(repository: Repository, entries: list[Entry], before: float) -> int:
    """Drop manifests without a tag, that no index with one holds; how many."""
    named = {
        entry.digest: manifests.read(
            manifests.load(repository, entry), entry.media_type
        )
        for entry in entries
    }
    keep = {entry.digest for entry in entries if index.tag_of(entry)}
    keep |= {digest for digest in named if not _is_old(repository.path(digest), before)}
    while True:  # an index may hold an index, and a signature be signed
        children = {m.digest for one in keep & set(named) for m in named[one].manifests}
        about = {digest for digest, one in named.items() if one.subject in keep}
        if children | about <= keep:
            break
        keep |= children | about
    old = len(entries)
    entries[:] = [entry for entry in entries if entry.digest in keep]
    return old - len(entries)


def _drop_unnamed(repository: Repository, entries: list[Entry], before: float) -> None:
    """Take away the blobs that no manifest of the repository names."""
    keep = {entry.digest for entry in entries}
    for entry in entries:
        data = manifests.load(repository, entry)
        keep |= {b.digest for b in manifests.read(data, entry.media_type).blobs}
    for digest in repository.digests() - keep:
        if _is_old(repository.path(digest), before):
            repository.drop(digest)


def _shared(root: Path) -> list[Path]:
    """The blobs of all repositories."""
    directory = root / "blobs" / "sha256"
    return list(directory.iterdir()) if directory.exists() else []


def _is_garbage(path: Path, before: float) -> bool:
    """Whether a blob is in no repository any more."""
    return _is_old(path, before) and path.stat().st_nlink == 1


def _is_old(path: Path, before: float) -> bool:
    """Whether nobody has needed it since then; not if it has gone meanwhile."""
    try:
        return path.stat().st_mtime < before
    except FileNotFoundError:
        return False


def _remove(path: Path) -> int:
    """Remove a file; how many bytes that was."""
    try:
        size = path.stat().st_size
        path.unlink()
    except FileNotFoundError:  # its client was quicker
        return 0
    return size
