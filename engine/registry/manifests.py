"""Manifests: which one is meant, and what it may name.

    an index    several images under one name, one for each kind of machine
                linux/amd64 ─► manifest    linux/arm64/v8 ─► manifest …
    a manifest  one image: its config and its layers

Two families of media types mean the same: those of the OCI, and those that Docker had
before. Of an index one manifest is taken: the one for this machine, or for --platform.

What comes from a registry is not believed. Refused are: layers that are to be fetched
from elsewhere ("foreign layers", with URLs), configs that are no image's, sizes that
no JSON file has, indexes within indexes within indexes.

Source: opencontainers/image-spec image-index.md, manifest.md; distribution/distribution
docs/spec/manifest-v2-2.md
Try it: `lab manifest inspect busybox`
"""

from typing import NamedTuple

from engine.errors import ImageError, InvalidArgument, NotFound
from engine.images.importing import architecture
from engine.oci.fields import Fields
from engine.oci.image import (
    CONFIG,
    INDEX,
    MANIFEST,
    MANIFESTS,
    Descriptor,
    Manifest,
)

DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
_DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
INDEXES = (INDEX, DOCKER_INDEX)
ACCEPTED = (*MANIFESTS, *INDEXES)
DEEPEST = 3  # indexes within each other
_MOST_ENTRIES = 1000
_LARGEST_CONFIG = 4 << 20  # bytes
_LAYERS = (
    "application/vnd.oci.image.layer.",
    "application/vnd.docker.image.rootfs.diff.tar",
)
# What a variant is if nobody says.
_VARIANTS = {"arm64": "v8", "arm": "v7"}
_ALIASES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm"}
_TRAP = "The registry is at fault, or this is a trap."


class Platform(NamedTuple):
    """A kind of machine: "linux/arm64/v8"."""

    system: str
    machine: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, self))

    @staticmethod
    def parse(text: str) -> "Platform":
        """What --platform says; this machine if it is empty."""
        system, _, rest = text.lower().partition("/")
        machine, _, variant = rest.partition("/")
        if text and not rest and system not in ("linux", "windows", "darwin"):
            system, machine = "linux", system
        machine = _ALIASES.get(machine or architecture(), machine or architecture())
        if not all(
            part.replace("_", "").isalnum() for part in (machine, system or "x")
        ):
            raise InvalidArgument(
                f'"{text}": unknown operating system or architecture: invalid argument',
                "As in linux/arm64, or linux/arm/v7.",
            )
        return Platform(system or "linux", machine, variant)

    def fits(self, entry: Fields) -> bool:
        """Whether an entry of an index is for this kind of machine."""
        platform = entry.object("platform")
        machine = platform.text("architecture")
        if (platform.text("os"), machine) != (self.system, self.machine):
            return False
        usual = _VARIANTS.get(machine, "")
        return (platform.text("variant") or usual) == (self.variant or usual)


def media_type(fields: Fields, told: str) -> str:
    """What a document is: it says so itself, or whoever sent it did, or it shows."""
    kind = fields.text("mediaType") or told
    if kind in ACCEPTED:
        return kind
    if fields.data.get("manifests") is not None:
        return INDEX
    return MANIFEST


def choose(index: Fields, platform: Platform) -> Descriptor:
    """The entry of an index for a platform. NotFound if there is none."""
    entries = index.objects("manifests")
    if len(entries) > _MOST_ENTRIES:
        raise ImageError(f"{index.what} has {len(entries)} entries", _TRAP)
    for entry in entries:
        if entry.text("mediaType") in ACCEPTED and platform.fits(entry):
            return Descriptor.from_json(entry)
    there = sorted({_platform_of(entry) for entry in entries} - {"", "unknown/unknown"})
    raise NotFound(
        f"no matching manifest for {platform} in the manifest list entries",
        f"There is one for: {', '.join(there)[:300]}." if there else "It is empty.",
    )


def _platform_of(entry: Fields) -> str:
    platform = entry.object("platform")
    parts = (platform.text(key) for key in ("os", "architecture", "variant"))
    return "/".join(filter(None, parts))


def checked(fields: Fields) -> Manifest:
    """The manifest of an image. ImageError if it is none that can be fetched."""
    manifest = Manifest.from_json(fields)
    config = fields.object("config").text("mediaType")
    if config not in (CONFIG, _DOCKER_CONFIG):
        raise ImageError(
            f"{fields.what} is no image: its config is {config[:100]!a}",
            "Registries keep other things too: charts, signatures, modules.",
        )
    if not 0 < manifest.config.size <= _LARGEST_CONFIG:
        raise ImageError(
            f"{fields.what}: a config of {manifest.config.size} bytes", _TRAP
        )
    for layer in fields.objects("layers"):
        _check_layer(layer)
    return manifest


def _check_layer(layer: Fields) -> None:
    kind = layer.text("mediaType")
    if layer.texts("urls") or "foreign" in kind or "nondistributable" in kind:
        raise ImageError(
            f"{layer.what} is to be fetched from elsewhere (a foreign layer)",
            "Only what the registry itself has is fetched.",
        )
    if not kind.startswith(_LAYERS):
        raise ImageError(f"{layer.what} is no layer: {kind[:100]!a}", _TRAP)
    if layer.number("size") == 0:
        raise ImageError(f"{layer.what} has no size", _TRAP)
