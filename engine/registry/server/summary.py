"""What is in a registry: repositories, tags, what each tag points at, how large it is.

Read straight from the files, so it can be asked whether a server runs or not.

Try it: `lab registry ls`
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from engine.registry.server import index, manifests
from engine.registry.server.index import Entry
from engine.registry.server.repository import Repository, all_repositories


class Layer(NamedTuple):
    """A blob of an image, as stored: compressed or not."""

    digest: str
    size: int  # bytes


class TaggedManifest(NamedTuple):
    """A manifest and one of its tags; it has one line for each."""

    repository: str
    tag: str  # "" if it can be had by its digest only
    digest: str
    layers: tuple[Layer, ...]  # bottom first; none of an index
    manifests: int  # how many an index holds; 0 of an image
    size: int  # bytes: the manifest, and the blobs that it names


def summarise(root: Path) -> Iterator[TaggedManifest]:
    """All manifests, by repository and tag."""
    for repository in all_repositories(root):
        for entry in sorted(repository.entries(), key=index.tag_of):
            yield _summary(repository, entry)


def _summary(repository: Repository, entry: Entry) -> TaggedManifest:
    named = manifests.read(manifests.load(repository, entry), entry.media_type)
    layers = tuple(Layer(blob.digest, blob.size) for blob in named.blobs[1:])
    return TaggedManifest(
        repository=repository.name,
        tag=index.tag_of(entry),
        digest=entry.digest,
        layers=layers,
        manifests=len(named.manifests),
        size=entry.size + sum(blob.size for blob in named.blobs),
    )
