"""Contents: what an archive says that it holds, as data, whichever format says it.

    ArchivedImage   config   the bytes as they came: their digest is the image's ID
                    layers   files of the spool, bottom first
                    names, and its parent if that is in the same archive

An ArchivedImage has been checked as far as its JSON goes. That its layers are what its
diff_ids say is found out when they are unpacked (see loading.py).

Source: moby image/tarexport (behaviour)
Try it: `lab save busybox | tar xO manifest.json`
"""

from collections.abc import Sequence
from typing import NamedTuple

from engine.errors import ImageError
from engine.images.archives.spool import Member
from engine.oci import digest as digests
from engine.oci.fields import Fields
from engine.oci.image import MOST_LAYERS, ImageConfig

MOST_IMAGES = 1000


class ArchivedImage(NamedTuple):
    """One image of an archive.

    `names` are familiar names; `manifest` is the OCI manifest as it came, if any did.
    """

    raw: bytes
    config: ImageConfig
    layers: tuple[Member, ...]
    names: tuple[str, ...] = ()
    parent: str | None = None
    manifest: bytes | None = None

    @property
    def id(self) -> str:
        """The image's ID: the digest of its config."""
        return digests.sha256(self.raw)


def read_config(raw: bytes, layers: Sequence[object]) -> ImageConfig:
    """The config of an image with these layers; ImageError if they do not fit."""
    fields = Fields.parse(raw, "image config")
    config = ImageConfig.from_json(fields)
    if not fields.object("rootfs").data:
        raise ImageError(
            "invalid image JSON, no RootFS key", "This is no config of an image."
        )
    if config.os not in ("", "linux"):
        raise ImageError(
            f"cannot load {config.os[:40]} image on linux",
            "A container shares the kernel of its machine.",
        )
    if len(config.diff_ids) != len(layers):
        raise ImageError(
            "invalid manifest, layers length mismatch: "
            f"expected {len(layers)}, got {len(config.diff_ids)}",
            "The archive is damaged.",
        )
    if len(layers) > MOST_LAYERS:
        raise ImageError(
            f"max depth exceeded: {len(layers)} layers, at most {MOST_LAYERS} work",
            "Flatten it where it was made: `export` and `import` of a container.",
        )
    return config


def refuse_too_many(count: int) -> None:
    """Stop at a list so long that nobody made it to be used."""
    if count > MOST_IMAGES:
        raise ImageError(
            f"the archive lists {count} images, at most {MOST_IMAGES} are read",
            "Save them in several archives.",
        )
