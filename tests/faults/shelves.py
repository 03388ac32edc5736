"""What a registry has on its shelves, after whatever has happened to a client.

    blobs       of each, the bytes have the digest that is its name; and it has as many
                names as repositories have it, and the common one
    manifests   each is here, with every blob that it names
    uploads     may be half: their client may come back, and else they are swept

`wrong` only looks, beside the server.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from engine.oci import digest as digests
from engine.registry.server import manifests
from engine.registry.server.repository import Repository, all_repositories


def wrong(root: Path) -> list[str]:
    """Everything that should not be so, a line each."""
    found = list(_damaged(root))
    for repository in all_repositories(root):
        found += _lacking(repository)
    return found


def _damaged(root: Path) -> Iterator[str]:
    owned = [one.digests() for one in all_repositories(root)]
    for path in (root / "blobs" / "sha256").glob("*"):
        if hashlib.sha256(path.read_bytes()).hexdigest() != path.name:
            yield f"the registry's blob {path.name} is damaged"
        names = 1 + sum(f"sha256:{path.name}" in each for each in owned)
        if path.stat().st_nlink != names:
            yield f"the registry's blob {path.name} should have {names} names"


def _lacking(repository: Repository) -> Iterator[str]:
    for entry in repository.entries():
        data = manifests.load(repository, entry)
        for blob in manifests.read(data, entry.media_type).blobs:
            if repository.size(blob.digest) != blob.size:
                yield f"{repository.name} has no {digests.short(blob.digest)}"
