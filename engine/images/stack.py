"""An image as a stack of layers, and as a list of the steps that made it.

    history (newest first)                 layers (topmost first)
      CMD ["sh"]           changed the       (none)
                           config only
      ADD rootfs /         made a layer      sha256:…

Both come from the config: its history has an entry for every step, some marked as
empty; its diff_ids name a layer for every other. So the n-th step that is not empty
made the n-th layer.

Source: opencontainers/image-spec, config.md "history"
Try it: `lab history busybox; lab layers busybox`
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from engine.images.stored import StoredImage
from engine.oci.image import History
from engine.storage.snapshots import Snapshots

MISSING = "<missing>"


class LayerInfo(NamedTuple):
    """One step: the layer that it made, or, if `empty`, that it made none."""

    digest: str = ""
    diff_id: str = ""
    chain_id: str = ""
    size: int = 0
    directory: Path | None = None
    created_by: str = ""
    created: str = ""
    comment: str = ""
    empty: bool = False


class HistoryRow(NamedTuple):
    """One line of `lab history`. `id` is an image's, or "<missing>"."""

    id: str
    created: str
    created_by: str
    size: int
    comment: str
    tags: tuple[str, ...]


def stack(image: StoredImage, snapshots: Snapshots) -> tuple[LayerInfo, ...]:
    """Every step of an image, bottom first."""
    layers = _layers(image, snapshots)
    steps = []
    for entry in image.config.history:
        none = LayerInfo(empty=True)
        steps.append(_step(none if entry.empty_layer else next(layers, none), entry))
    return (*steps, *layers)  # what is left are layers that the history keeps quiet of


def _layers(image: StoredImage, snapshots: Snapshots) -> Iterator[LayerInfo]:
    for descriptor, diff_id, chain_id, size in zip(
        image.manifest.layers,
        image.config.diff_ids,
        image.chain_ids,
        image.layer_sizes,
        strict=True,
    ):
        yield LayerInfo(
            digest=descriptor.digest,
            diff_id=diff_id,
            chain_id=chain_id,
            size=size,
            directory=snapshots.path(chain_id),
        )


def _step(layer: LayerInfo, entry: History) -> LayerInfo:
    return layer._replace(
        created_by=entry.created_by,
        created=entry.created,
        comment=entry.comment,
    )


def history(
    image: StoredImage, steps: tuple[LayerInfo, ...], store: Mapping[str, StoredImage]
) -> list[HistoryRow]:
    """The steps of an image, newest first, with the images that are still there.

    The first line is the image; the next its parent, as long as the parents are known.
    An image from elsewhere brings its history, not its parents: "<missing>".
    """
    rows = []
    here: StoredImage | None = image
    for step in reversed(steps):
        rows.append(
            HistoryRow(
                id=here.id if here else MISSING,
                created=step.created,
                created_by=step.created_by,
                size=step.size,
                comment=step.comment,
                tags=here.references if here else (),
            )
        )
        here = store.get(here.parent) if here and here.parent else None
    return rows
