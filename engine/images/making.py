"""Making: an image is written, its layers being there already.

    config      bytes; their digest is the image's ID
    manifest    bytes; names the config and the layers
    index       an entry for each name: only now does anybody see the image

Bytes, not data: an image that came from elsewhere keeps them as they came, or its
digests would be others.

Source: opencontainers/image-spec, manifest.md
Try it: `lab commit box mine; jq . /var/lib/labshell/images/blobs/sha256/…`
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from engine import times
from engine.errors import ImageError
from engine.images.stored import PARENT, REF_NAME, TAGGED
from engine.oci import digest as digests
from engine.oci.fields import Fields
from engine.oci.image import CONFIG, MANIFEST, MOST_LAYERS, Descriptor, Manifest
from engine.storage.content import ContentStore


class NewImage(NamedTuple):
    """An image to enter: its two JSON files, its familiar names, its parent's ID.

    `notes` are annotations of its entries in the index.
    """

    config: bytes
    manifest: bytes
    names: tuple[str, ...] = ()
    parent: str | None = None
    media_type: str = MANIFEST
    notes: Mapping[str, str] = {}

    @property
    def entry(self) -> Descriptor:
        """What the index says of it, but for the names."""
        return Descriptor(
            media_type=self.media_type,
            digest=digests.sha256(self.manifest),
            size=len(self.manifest),
            annotations=self.notes,
        )

    def write(self, content: ContentStore) -> None:
        """Write the two files, and wait until the disk has them and the layers."""
        content.write(self.config)
        content.write(self.manifest)
        manifest = Manifest.from_json(Fields.parse(self.manifest, "manifest"))
        layers = (layer.digest for layer in manifest.layers)
        wanted = [self.entry.digest, manifest.config.digest, *layers]
        content.sync(dict.fromkeys(wanted))

    def entries(self) -> Iterator[Descriptor]:
        """An entry for each name; one without if it has none."""
        for name in self.names or ("",):
            yield named(self.entry, name, self.parent)


def manifest_of(config: bytes, stack: Sequence[Descriptor]) -> bytes:
    """The manifest of an image with these layers, bottom first."""
    if len(stack) > MOST_LAYERS:
        raise ImageError(
            f"max depth exceeded: an image has at most {MOST_LAYERS} layers",
            "Flatten it: `lab export` a container, and `lab import` that.",
        )
    descriptor = Descriptor(
        media_type=CONFIG, digest=digests.sha256(config), size=len(config)
    )
    return compact_json(Manifest(config=descriptor, layers=tuple(stack)).to_json())


def named(entry: Descriptor, name: str, parent: str | None) -> Descriptor:
    """An index entry with its notes: the name, since when, and the parent."""
    notes = {
        **entry.annotations,
        REF_NAME: name,
        PARENT: parent or "",
        TAGGED: times.now() if name else "",
    }
    return entry._replace(
        annotations={key: text for key, text in notes.items() if text}
    )


def compact_json(data: Any) -> bytes:
    """JSON without blanks. What is no text is escaped: "\\udcff"."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return text.encode(errors="backslashreplace")
