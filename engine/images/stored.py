"""One image in the store, as data: what the index, the manifest and the config say.

An image may have several names, or none. Its ID is the digest of its config: two
machines that have the same ID have the same image, layer for layer.

Try it: `lab images --no-trunc`
"""

from collections.abc import Sequence
from typing import NamedTuple

from engine.errors import ImageError
from engine.oci import digest as digests
from engine.oci.fields import Fields
from engine.oci.image import MANIFEST, Descriptor, ImageConfig, Manifest
from engine.oci.reference import Reference
from engine.storage.content import ContentStore

REF_NAME = "org.opencontainers.image.ref.name"
PARENT = "org.labshell.parent"  # the ID of the image that this one was made from
TAGGED = "org.labshell.tagged"  # when it got its name, RFC 3339
DIGESTS = "org.labshell.digests"  # what registries call it: "a@sha256:… b@sha256:…"
CONTENT_SIZES = "org.labshell.content-sizes"  # of the layers of an image from elsewhere
CONTENT_SIZE = "org.labshell.content-size"  # of a layer: the bytes in its files
_GZIP = "+gzip"
_LARGEST_DEFLATED = 1 << 32


class StoredImage(NamedTuple):
    """An image that is in the store."""

    id: str
    config: ImageConfig
    manifest: Manifest
    manifest_digest: str
    manifest_size: int
    references: tuple[str, ...]  # familiar names, sorted: ("busybox:latest",)
    parent: str | None
    tagged: str
    size: int  # bytes in the files of all layers
    layer_sizes: tuple[int, ...]  # the same, one by one, bottom first
    media_type: str = MANIFEST
    repo_digests: tuple[str, ...] = ()  # its familiar names by digest, sorted

    @property
    def created(self) -> str:
        """When it was made, RFC 3339."""
        return self.config.created

    @property
    def short_id(self) -> str:
        """The ID as tables print it."""
        return digests.short(self.id)

    @property
    def chain_ids(self) -> tuple[str, ...]:
        """The names of its snapshots, bottom first."""
        return digests.chain_ids(self.config.diff_ids)

    @property
    def entry(self) -> Descriptor:
        """What the index says of it, but for names; sizes that only it knows, too."""
        sizes = ",".join(map(str, self.layer_sizes))
        made_here = all(CONTENT_SIZE in one.annotations for one in self.manifest.layers)
        return Descriptor(
            media_type=self.media_type,
            digest=self.manifest_digest,
            size=self.manifest_size,
            annotations={} if made_here else {CONTENT_SIZES: sizes},
        )

    @property
    def blobs(self) -> tuple[str, ...]:
        """The digests of everything that it consists of."""
        layers = (layer.digest for layer in self.manifest.layers)
        return (self.manifest_digest, self.manifest.config.digest, *layers)


def load(content: ContentStore, entries: Sequence[Descriptor]) -> StoredImage:
    """The image that index `entries` of one manifest point at."""
    first = entries[0]
    raw = content.read(first.digest)
    manifest = Manifest.from_json(Fields.parse(raw, "manifest"))
    config_raw = content.read(manifest.config.digest)
    config = ImageConfig.from_json(Fields.parse(config_raw, "image config"))
    if len(config.diff_ids) != len(manifest.layers):
        raise ImageError(
            f"the config names {len(config.diff_ids)} layers, "
            f"the manifest {len(manifest.layers)}",
            "The image is damaged: remove it and make or fetch it again.",
        )
    sizes = _noted_sizes(entries, len(manifest.layers)) or tuple(
        _unpacked_size(content, layer) for layer in manifest.layers
    )
    digests_told = {one for entry in entries for one in _note(entry, DIGESTS).split()}
    return StoredImage(
        id=manifest.config.digest,
        config=config,
        manifest=manifest,
        manifest_digest=first.digest,
        manifest_size=len(raw),
        references=tuple(sorted(filter(None, map(familiar_name, entries)))),
        parent=next(filter(None, (_note(entry, PARENT) for entry in entries)), None),
        tagged=max(_note(entry, TAGGED) for entry in entries),
        size=sum(sizes),
        layer_sizes=sizes,
        media_type=first.media_type,
        repo_digests=tuple(sorted(digests_told)),
    )


def familiar_name(entry: Descriptor) -> str:
    """The name that an index entry gives its image, "" if none."""
    name = entry.annotations.get(REF_NAME, "")
    return Reference.parse(name).familiar if name else ""


def _note(entry: Descriptor, key: str) -> str:
    return entry.annotations.get(key, "")


def _noted_sizes(entries: Sequence[Descriptor], count: int) -> tuple[int, ...]:
    """The bytes in the files of each layer, as the index says; () if it does not."""
    text = next(filter(None, (_note(entry, CONTENT_SIZES) for entry in entries)), "")
    numbers = [n for n in text.split(",") if n.isdecimal() and len(n) < 20]
    return tuple(map(int, numbers)) if len(numbers) == count else ()


def _unpacked_size(content: ContentStore, layer: Descriptor) -> int:
    """The bytes in a layer's files, noted when it was made here.

    For a layer from elsewhere, how large its tar is: a little more. gzip notes that in
    its last four bytes, modulo 4 GB.
    """
    noted_here = layer.annotations.get(CONTENT_SIZE, "")
    if noted_here.isdecimal() and len(noted_here) < 20:
        return int(noted_here)
    if not layer.media_type.endswith(_GZIP) or layer.size < 18:
        return layer.size
    with content.open(layer.digest) as file:
        file.seek(-4, 2)
        noted = int.from_bytes(file.read(4), "little")
    return noted if noted >= layer.size else noted + _LARGEST_DEFLATED
