"""Pull: an image comes from a registry, all of it or nothing.

    1  manifest   by tag or digest; of an index, the one for this kind of machine
    2  config     what the layers must be, once they are unpacked
    3  layers     three at a time, into files beside the store      see fetching.py
    4  place      the store is held: they become blobs, and are unpacked and checked
    5  enter      the image and its name, in one write of the index

What is here already is not fetched. Whatever fails before step 4 has not touched the
store; what had come of a layer stays for the next time. What fails in step 4 leaves
blobs and snapshots that no image names: the caller collects them.

The manifest is kept as it came, so its digest is the same here as there. What the
registry calls the image (`RepoDigests`) is the digest of what the tag points at: of the
index, where there is one.

Source: opencontainers/distribution-spec, "Pull"; moby distribution/pull_v2.go (words)
Try it: `lab pull localhost:5000/shop; lab images --digests`
"""

import contextlib
import functools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

from engine.errors import (
    EngineBroken,
    ImageError,
    NotFound,
)
from engine.images import layers
from engine.images.archives.contents import read_config
from engine.images.making import NewImage
from engine.images.store import ImageStore
from engine.images.stored import CONTENT_SIZES, DIGESTS, StoredImage
from engine.oci import digest as digests
from engine.oci.image import Descriptor, ImageConfig
from engine.oci.reference import Reference
from engine.registry.fetching import fetch
from engine.registry.finding import Found, look_for
from engine.registry.manifests import Platform
from engine.registry.service import Service
from engine.registry.telling import TransferProgress

_MOST_ROUNDS = 5
Guard = Callable[[], AbstractContextManager[None]]


class Pulled(NamedTuple):
    """What came of a pull. `is_new`: the image was not here, or had not that name."""

    reference: Reference
    image: StoredImage
    digest: str
    is_new: bool

    @property
    def lines(self) -> tuple[str, str]:
        """What Docker says at the end."""
        news = "Downloaded newer image" if self.is_new else "Image is up to date"
        name = self.reference.familiar
        return f"Digest: {self.digest}", f"Status: {news} for {name}"


def pull(
    store: ImageStore,
    service: Service,
    reference: Reference,
    platform: Platform | None,
    progress: TransferProgress,
    guarded: Guard = contextlib.nullcontext,
) -> Pulled:
    """Bring the image that `reference` names; for this machine, if `platform` is None.

    `progress` hears of it. What is here under another name gets this one, too. While
    the store is changed, that is `guarded`.
    """
    store.downloads.sweep_old()
    found = look_for(service, reference, platform or Platform.parse(""))
    called = reference.digest or reference.tag
    progress.titled(str(called), f"Pulling from {reference.repository}")
    here = store.by_id().get(found.manifest.config.digest)
    if here:
        _check_platform(here.config, reference, platform)
        return _already_here(store, here, reference, found)
    raw, config = _config(found)
    _check_platform(config, reference, platform)
    new = NewImage(
        config=raw,
        manifest=found.raw,
        names=_names(reference),
        media_type=found.media_type,
        notes={DIGESTS: f"{reference.repository_familiar}@{found.digest}"},
    )
    _Coming(store, service, found, progress).bring(new, config.diff_ids, guarded)
    image = store.find(found.manifest.config.digest)
    return Pulled(reference=reference, image=image, digest=found.digest, is_new=True)


def _already_here(
    store: ImageStore, here: StoredImage, reference: Reference, found: Found
) -> Pulled:
    """An image that is here keeps its manifest, and gets the name."""
    name = next(iter(_names(reference)), "")
    store.note_digest(here, reference, found.digest)
    return Pulled(
        reference=reference,
        image=store.find(here.id),
        digest=found.digest,
        is_new=bool(name) and name not in here.references,
    )


def _names(reference: Reference) -> tuple[str, ...]:
    """The name that the image gets: none if it was asked for by its digest."""
    return () if reference.digest else (reference.familiar,)


def _config(found: Found) -> tuple[bytes, ImageConfig]:
    """The config, as it came and as data."""
    blob = found.manifest.config
    raw = found.repository.small_blob(blob.digest, blob.size)
    return raw, read_config(raw, found.manifest.layers)


def _check_platform(
    config: ImageConfig, reference: Reference, platform: Platform | None
) -> None:
    """NotFound if a platform was asked for, and the only image there is for another."""
    if platform and config.architecture != platform.machine:
        raise NotFound(
            f"image with reference {reference.familiar} was found but does not match "
            f"the specified platform: wanted {platform}, "
            f"actual: {config.os}/{config.architecture}",
            "The registry has it for that kind of machine only.",
        )


class _Coming:
    """The layers of one image on their way."""

    def __init__(
        self,
        store: ImageStore,
        service: Service,
        found: Found,
        progress: TransferProgress,
    ) -> None:
        self._store, self._service, self._found = store, service, found
        self._progress = progress
        self._layers = {layer.digest: layer for layer in found.manifest.layers}

    def bring(self, new: NewImage, diff_ids: Sequence[str], guarded: Guard) -> None:
        """Fetch what is not here, and enter the image.

        What had come may be gone again when the store is held: somebody has deleted
        what no image needs. Then it is fetched once more.
        """
        self._tell_what_is_to_come()
        for _ in range(_MOST_ROUNDS):
            self._fetch([one for one in self._layers.values() if self._lacks(one)])
            with guarded(), self._store.writing():
                if any(map(self._lacks, self._layers.values())):
                    continue
                self._place()
                return self._enter(new, diff_ids)
        raise EngineBroken(
            "what has come is deleted again and again, before it is an image",
            "Somebody removes images all the time: pull when they have finished.",
        )

    def _tell_what_is_to_come(self) -> None:
        for layer in self._layers.values():
            here = self._store.content.has(layer.digest)
            status = "Already exists" if here else "Pulling fs layer"
            self._progress.layer(digests.short(layer.digest), status)

    def _lacks(self, layer: Descriptor) -> bool:
        """Whether a layer must still be fetched. ImageError if it has another size."""
        place = self._store.content.path(layer.digest)
        for path in (place, self._store.downloads.whole(layer.digest)):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_size != layer.size:
                    raise ImageError(
                        f"layer {layer.digest} has {path.stat().st_size} bytes, and "
                        f"not {layer.size} as the manifest says",
                        "The registry is at fault, or this is a trap.",
                    )
                return False
        return True

    def _fetch(self, wanted: Sequence[Descriptor]) -> None:
        """Fetch layers, several at once; the first failure ends all of it."""
        jobs = (functools.partial(self._fetch_one, layer) for layer in wanted)
        self._service.together(self._service.settings.downloads, jobs)

    def _fetch_one(self, layer: Descriptor) -> None:
        name, downloads = digests.short(layer.digest), self._store.downloads
        with downloads.of(layer.digest) as download:
            if not downloads.whole(layer.digest).exists():
                fetch(
                    self._found.repository,
                    layer,
                    download,
                    lambda done: self._progress.moved(name, done, layer.size),
                )
                self._progress.layer(name, "Verifying Checksum")
                downloads.complete(download)
        self._progress.layer(name, "Download complete")

    def _place(self) -> None:
        """Make blobs of what has come."""
        content, downloads = self._store.content, self._store.downloads
        for digest in self._layers:
            content.adopt(downloads.whole(digest), digest)

    def _enter(self, new: NewImage, diff_ids: Sequence[str]) -> None:
        """Unpack all layers, each of which must be what the config says; then enter."""
        content, snapshots = self._store.content, self._store.snapshots
        stack = self._found.manifest.layers

        def tell(place: int, status: str) -> None:
            self._progress.layer(digests.short(stack[place].digest), status)

        layers.unpacked(content, snapshots, stack, diff_ids, tell=tell)
        chain_ids = digests.chain_ids(diff_ids)
        sizes = ",".join(str(snapshots.content_size(one)) for one in chain_ids)
        self._store.add_all([new._replace(notes={**new.notes, CONTENT_SIZES: sizes})])
