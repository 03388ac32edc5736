"""Save: images become one tar, which is a docker-archive and an OCI layout at once.

    what says what is there   oci-layout, index.json, manifest.json, repositories
    what is there             blobs/sha256/…: manifest, config, layers; each once

Nothing depends on when, where or by whom it is written: times are 0, owners are root,
the order is that of the images asked for. The same images give the same bytes.

All sizes are known, so the tar can go into a pipe, and the kernel copies each blob from
file to file (sendfile(2)): its bytes never come to Python. That is also why they are
not hashed here. Their names are their digests, and who loads them checks.

A name without a tag means all tags of that repository, as with Docker. An image asked
for by its ID is saved without names: RepoTags is null.

man: sendfile(2), tar(5)
Try it: `lab save busybox | tar xO manifest.json`
"""

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.errors import EngineBroken
from engine.files import write_all
from engine.images.archives import names
from engine.images.making import compact_json
from engine.images.store import ImageStore
from engine.images.stored import REF_NAME, StoredImage
from engine.oci import digest as digests
from engine.oci.image import INDEX
from engine.oci.reference import Reference
from engine.storage import tarball
from engine.storage.content import CHUNK
from engine.storage.tarball import Entry


@dataclass(slots=True)
class Chosen:
    """An image to save, and the names that go with it."""

    image: StoredImage
    names: list[Reference] = field(default_factory=list)


def choose(store: ImageStore, wanted: Sequence[str]) -> list[Chosen]:
    """The images that are meant, each once, in the order asked for."""
    chosen: dict[str, Chosen] = {}
    for name in wanted:
        for image, reference in _meant(store, name):
            one = chosen.setdefault(image.id, Chosen(image))
            if reference and reference not in one.names:
                one.names.append(reference)
    return list(chosen.values())


def _meant(
    store: ImageStore, name: str
) -> Iterator[tuple[StoredImage, Reference | None]]:
    """What one argument means: a name, all tags of a repository, or an ID."""
    tags = store.catalogue.tags_of(name)
    for reference in tags:
        yield store.find(reference.familiar), reference
    if not tags:
        named = "@" not in name and store.catalogue.group_of(name)
        yield store.find(name), Reference.parse(name) if named else None


def save(store: ImageStore, chosen: Sequence[Chosen], out: int) -> None:
    """Write the archive to the descriptor `out`: a file, a pipe, a socket."""
    for name, document in _documents(chosen).items():
        write_all(out, _header(name, len(document)) + document)
        write_all(out, tarball.padding(len(document)))
    write_all(out, _header("blobs/", 0) + _header(names.BLOBS, 0))
    blobs = (digest for one in chosen for digest in one.image.blobs)
    for digest in dict.fromkeys(blobs):
        size = store.content.size(digest)
        write_all(out, _header(names.path_of(digest), size))
        with store.content.open(digest) as blob:
            _copy(blob.fileno(), out, size)
        write_all(out, tarball.padding(size))
    write_all(out, tarball.END)


def _documents(chosen: Sequence[Chosen]) -> dict[str, bytes]:
    """The files that say what is in the archive."""
    index = {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [entry for one in chosen for entry in _index_entries(one)],
    }
    documents = {
        names.OCI_LAYOUT: {"imageLayoutVersion": "1.0.0"},
        names.INDEX_JSON: index,
        names.MANIFEST_JSON: _manifest_items(chosen),
        names.REPOSITORIES: _repositories(chosen),
    }
    return {
        name: compact_json(document) for name, document in documents.items() if document
    }


def _index_entries(one: Chosen) -> Iterator[dict[str, Any]]:
    """Where the manifest is, once for each name."""
    entry = {
        "mediaType": one.image.media_type,
        "digest": one.image.manifest_digest,
        "size": one.image.manifest_size,
    }
    for name in one.names:
        notes = {names.CONTAINERD_NAME: str(name), REF_NAME: name.tag}
        yield {**entry, "annotations": notes}
    if not one.names:
        yield entry


def _manifest_items(chosen: Sequence[Chosen]) -> list[dict[str, Any]]:
    here = {one.image.id for one in chosen}
    items = []
    for one in chosen:
        item: dict[str, Any] = {
            "Config": names.path_of(one.image.id),
            "RepoTags": [name.familiar for name in one.names] or None,
            "Layers": [names.path_of(x.digest) for x in one.image.manifest.layers],
        }
        if one.image.parent in here:
            item["Parent"] = one.image.parent
        items.append(item)
    return items


def _repositories(chosen: Iterable[Chosen]) -> dict[str, dict[str, str]]:
    """Which layer is the topmost of which name: all that there was before 2015."""
    found: dict[str, dict[str, str]] = {}
    for one in chosen:
        for name in one.names if one.image.config.diff_ids else ():
            tags = found.setdefault(name.repository_familiar, {})
            tags[str(name.tag)] = digests.hex_of(one.image.config.diff_ids[-1])
    return found


def _header(name: str, size: int) -> bytes:
    if name.endswith("/"):
        return tarball.encode(Entry(name=name, kind=tarball.DIRECTORY, mode=0o755))
    return tarball.encode(Entry(name=name, mode=0o644, size=size))


def _copy(source: int, out: int, size: int) -> None:
    """Copy `size` bytes of a file to `out`, inside the kernel where it can."""
    copied = 0
    while copied < size:
        try:
            count = os.sendfile(out, source, None, size - copied)
        except OSError as error:
            if error.errno != errno.EINVAL:  # such as a file opened to append
                raise
            data = os.read(source, min(CHUNK, size - copied))
            write_all(out, data)
            count = len(data)
        if not count:
            raise EngineBroken(
                "a blob became shorter while it was read",
                "Remove the image and make or fetch it again.",
            )
        copied += count
