"""Push: an image goes to a registry: layers first, then the config, the manifest last.

    layers     five at once, each only if it is not there       see sending.py
    config     the same
    manifest   the bytes that are in the store: so its digest stays the same

Layers go as they are: those that were fetched compressed are sent so, those that were
made here are not compressed. Docker compresses them first, with every push of another
machine to other bytes; here the digest of an image does not depend on who sends it, and
on a network that is faster than gzip it takes less time.

A registry that has a layer in another repository can take it from there ("mount"):
which one that may be, we know from what it calls other images with the same layer.

Source: opencontainers/distribution-spec, "Push"; moby distribution/push_v2.go (words)
Try it: `lab tag busybox localhost:5000/me/box; lab push localhost:5000/me/box`
"""

import functools
from typing import NamedTuple

from engine.errors import NotFound
from engine.images.store import ImageStore
from engine.images.stored import StoredImage
from engine.oci import digest as digests
from engine.oci.image import Descriptor
from engine.oci.reference import Reference
from engine.registry.repository import PUSH, Repository
from engine.registry.sending import Sending
from engine.registry.service import Service
from engine.registry.telling import TransferProgress

_MOST_NEIGHBOURS = 1  # repositories that are tried for each layer


class Pushed(NamedTuple):
    """What came of a push."""

    reference: Reference
    image: StoredImage

    @property
    def line(self) -> str:
        """What Docker says at the end."""
        digest, size = self.image.manifest_digest, self.image.manifest_size
        return f"{self.reference.tag}: digest: {digest} size: {size}"


def push(
    store: ImageStore,
    service: Service,
    reference: Reference,
    progress: TransferProgress,
) -> Pushed:
    """Bring the image of that name to the registry in its name."""
    with store.writing():  # nobody deletes what is being sent
        image = store.find(reference.familiar)
        repository = Repository(service.origin(), reference.repository, PUSH)
        _Going(store, service, repository, image, progress).send(reference)
        manifest = store.content.read(image.manifest_digest)
    tag = reference.tag or image.manifest_digest
    repository.put_manifest(tag, manifest, image.media_type)
    store.note_digest(image, reference, image.manifest_digest)
    return Pushed(reference=reference, image=image)


def tags_here(store: ImageStore, reference: Reference) -> list[Reference]:
    """Every name in a repository that an image has here. NotFound if there is none."""
    found = store.catalogue.tags_of(reference.repository_familiar)
    if not found:
        raise NotFound(
            "An image does not exist locally with the tag: "
            f"{reference.repository_familiar}",
            "`lab tag IMAGE NAME` gives it one. `lab images` lists what there is.",
        )
    return found


class _Going:
    """The blobs of one image on their way."""

    def __init__(
        self,
        store: ImageStore,
        service: Service,
        repository: Repository,
        image: StoredImage,
        progress: TransferProgress,
    ) -> None:
        self._store, self._service = store, service
        self._repository, self._image, self._progress = repository, image, progress
        self._others = list(store.by_id().values())

    def send(self, reference: Reference) -> None:
        """Send all of them; the first failure ends it."""
        layers = self._image.manifest.layers
        names = map(digests.short, self._image.config.diff_ids)
        named = {layer.digest: name for layer, name in zip(layers, names, strict=True)}
        for name in reversed(named.values()):
            self._progress.layer(name, "Preparing")
        wanted = {layer.digest: layer for layer in reversed(layers)}
        jobs = (
            functools.partial(self._send_one, layer, named[layer.digest], reference)
            for layer in wanted.values()
        )
        self._service.together(self._service.settings.uploads, jobs)
        config = self._image.manifest.config
        Sending(self._repository, self._store.content, config).send((), _nobody)

    def _send_one(self, layer: Descriptor, name: str, reference: Reference) -> None:
        sending = Sending(self._repository, self._store.content, layer)
        size = self._store.content.size(layer.digest)
        status = sending.send(
            self._neighbours(layer, reference),
            lambda done: self._progress.moved(name, done, size),
        )
        self._progress.layer(name, status)

    def _neighbours(self, layer: Descriptor, reference: Reference) -> list[str]:
        """Repositories of this registry that have the layer, as far as we know."""
        found = dict[str, None]()
        for image in self._others:
            if layer.digest not in image.blobs:
                continue
            for called in map(Reference.parse, image.repo_digests):
                if called.registry == reference.registry:
                    found[called.repository] = None
        found.pop(reference.repository, None)
        return list(found)[:_MOST_NEIGHBOURS]


def _nobody(done: int) -> None:
    """Nobody wants to hear of a config's bytes."""
