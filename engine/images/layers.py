"""The layers of an image: from blobs to directories, and from a directory to a blob.

    unpacked   bottom first, since each layer is unpacked with those below in sight;
               handed out topmost first, since that is how overlay wants them
    write      an upper directory becomes a blob, not compressed: the machine that made
               it needs it soon, and whoever sends it away can compress it

A snapshot is made from a blob only if the bytes that came out of it have the diff_id
that the image's config promised: a flipped bit on the disk stops here.

Source: opencontainers/image-spec, config.md "Layer DiffID"
Try it: `lab layers busybox --paths`
"""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.acts import act, os_error
from engine.errors import DigestMismatch
from engine.images.stored import CONTENT_SIZE
from engine.notes import quote
from engine.oci import digest as digests
from engine.oci.image import LAYER, Descriptor
from engine.storage.content import BlobWriter, ContentStore
from engine.storage.snapshots import Snapshots

if TYPE_CHECKING:
    from engine.storage.pack import Packed


class Layer(NamedTuple):
    """A layer that was just written: its blob, its diff_id, the bytes in its files.

    `whole` and `deleted` are as in storage/pack.py.
    """

    descriptor: Descriptor
    diff_id: str
    size: int
    whole: bool
    deleted: tuple[str, ...]


def write(content: ContentStore, directory: Path, latest: int | None = None) -> Layer:
    """Pack an overlay's upper directory into a blob; no time in it after `latest`."""
    with content.writer() as writer:
        packed = _pack(directory, writer, latest)
        blob = writer.finish()
    descriptor = Descriptor(
        media_type=LAYER,
        digest=blob.digest,
        size=blob.size,
        annotations={CONTENT_SIZE: str(packed.size)},
    )
    return Layer(
        descriptor=descriptor,
        diff_id=blob.digest,
        size=packed.size,
        whole=packed.whole,
        deleted=packed.deleted,
    )


@act(
    "tar(1)",
    lambda directory, writer, latest: (
        f"tar --xattrs --sort=name -c -C {quote(directory)} . > blob"
    ),
    lambda directory, writer, latest: f'"{directory}"',
    refusal=os_error,
)
def _pack(directory: Path, writer: BlobWriter, latest: int | None) -> "Packed":
    from engine.storage.pack import pack

    return pack(directory, writer.write, latest)


def unpacked(
    content: ContentStore,
    snapshots: Snapshots,
    layers: Sequence[Descriptor],
    diff_ids: Sequence[str],
    *,
    checked: bool = False,
    tell: Callable[[int, str], None] | None = None,
) -> tuple[Path, ...]:
    """The directories of a stack of layers, topmost first; what is missing is made.

    `checked`: that they have these diff_ids is known, and need not be found out.
    `tell` hears of each layer, counted from the bottom, before and after.
    """
    directories: list[Path] = []
    chain_ids = digests.chain_ids(diff_ids)
    stack = zip(layers, diff_ids, chain_ids, strict=True)
    for place, (layer, diff_id, chain_id) in enumerate(stack):
        parents = tuple(reversed(directories))
        expected = None if checked else diff_id
        fill = functools.partial(_unpack, content, layer, expected, parents)
        if tell:
            tell(place, "Extracting")
        directories.append(snapshots.ensure(chain_id, fill))
        if tell:
            tell(place, "Pull complete")
    return tuple(reversed(directories))


def _unpack(
    content: ContentStore,
    layer: Descriptor,
    diff_id: str | None,
    parents: Sequence[Path],
    directory: Path,
) -> None:
    """Unpack a layer; DigestMismatch if a diff_id is expected and it has another."""
    blob = content.path(layer.digest)
    found = _unpack_into(directory, blob, content, parents, diff_id is not None)
    if diff_id and found != diff_id:
        raise DigestMismatch(
            f"layer {diff_id} unpacks to {found}",
            "The blob was changed. Remove the image and make or fetch it again.",
        )


@act(
    "tar(1)",
    lambda directory, blob, *_: (
        f"tar --xattrs -x -C {quote(directory)} < {quote(blob)}"
        "  # and .wh.NAME becomes a whiteout"
    ),
    lambda directory, blob, *_: f'"{blob}", "{directory}"',
    refusal=os_error,
)
def _unpack_into(
    directory: Path,
    blob: Path,
    content: ContentStore,
    parents: Sequence[Path],
    hashed: bool,
) -> str:
    """The diff_id of what came out of the blob, if it is to be `hashed`."""
    from engine.storage.unpack import unpack

    with content.open(f"sha256:{blob.name}") as stream:
        return unpack(stream, directory, parents, hashed=hashed)
