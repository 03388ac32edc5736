"""Finding: which manifest a reference means, and who has it.

    mirrors, in their order ─► the origin
    tag ─► index ─► the manifest for this kind of machine       up to three deep

A mirror that fails, or lacks the image, is passed over; the origin has the last word.
The digest of an image, as a registry calls it, is that of what the tag points at: of
the index where there is one, so that it means the same on every machine.

Source: opencontainers/distribution-spec, "Pulling manifests"
Try it: `lab manifest inspect localhost:5000/me/box`
"""

from typing import Any, NamedTuple

from engine.errors import DigestMismatch, ImageError, RegistryError
from engine.oci.fields import Fields
from engine.oci.image import Manifest
from engine.oci.reference import Reference
from engine.registry import manifests
from engine.registry.connection import Connection
from engine.registry.manifests import DEEPEST, INDEXES, Platform
from engine.registry.repository import RawManifest, Repository
from engine.registry.service import Service

_PLATFORM = ("architecture", "os", "os.version", "variant")


class Found(NamedTuple):
    """An image in a registry: who has it, and what it consists of.

    `digest` is what the reference points at; `media_type` is of the manifest.
    """

    repository: Repository
    digest: str
    raw: bytes
    media_type: str
    manifest: Manifest


def look_for(service: Service, reference: Reference, platform: Platform) -> Found:
    """Find the image: at the mirrors, then at the origin. RegistryError if nowhere."""
    readers = list(service.readers())
    for connection in readers[:-1]:
        try:
            return _look_at(connection, reference, platform)
        except (RegistryError, ImageError, DigestMismatch):
            continue  # the origin knows better, and says so
    return _look_at(readers[-1], reference, platform)


def all_tags(service: Service, reference: Reference) -> list[str]:
    """Every tag of a repository, as the registry itself has them."""
    found = Repository(service.origin(), reference.repository).tags()
    for tag in found:
        reference._replace(tag=tag).check()
    return found


def manifest(service: Service, reference: Reference) -> RawManifest:
    """What the reference points at, as the registry itself has it."""
    repository = Repository(service.origin(), reference.repository)
    called = reference.digest or reference.tag or ""
    found = repository.manifest(called, reference.familiar)
    _parsed(repository, found, reference.familiar)
    return found


def described(service: Service, reference: Reference) -> dict[str, Any]:
    """What the reference points at, and for which machines, as Docker's API has it."""
    repository = Repository(service.origin(), reference.repository)
    called = reference.familiar
    found = repository.manifest(reference.digest or reference.tag or "", called)
    fields = _parsed(repository, found, called)
    kind = manifests.media_type(fields, found.media_type)
    if kind in INDEXES:
        platforms = [entry.object("platform") for entry in fields.objects("manifests")]
    else:
        blob = manifests.checked(fields).config
        raw = repository.small_blob(blob.digest, blob.size)
        platforms = [Fields.parse(raw, f"config of {called}")]
    return {
        "Descriptor": {
            "mediaType": kind,
            "digest": found.digest,
            "size": len(found.raw),
        },
        "Platforms": [
            {key: one.text(key) for key in _PLATFORM if one.text(key)}
            for one in platforms
        ],
    }


def _look_at(connection: Connection, reference: Reference, platform: Platform) -> Found:
    repository = Repository(connection, reference.repository)
    called = reference.familiar
    first = repository.manifest(reference.digest or reference.tag or "", called)
    chosen, kind, fields = first, "", Fields({}, "")
    for _ in range(DEEPEST):
        fields = _parsed(repository, chosen, called)
        kind = manifests.media_type(fields, chosen.media_type)
        if kind not in INDEXES:
            manifest = manifests.checked(fields)
            return Found(repository, first.digest, chosen.raw, kind, manifest)
        entry = manifests.choose(fields, platform)
        chosen = repository.manifest(entry.digest, called)
        if len(chosen.raw) != entry.size:
            why = f"expected {entry.size} bytes, {len(chosen.raw)} came"
            raise repository.broken(f"manifest for {called}", why)
    raise ImageError(
        f"manifest for {called}: more than {DEEPEST} indexes within each other",
        "The registry is at fault, or this is a trap.",
    )


def _parsed(repository: Repository, manifest: RawManifest, called: str) -> Fields:
    host = repository.connection.endpoint.host
    return Fields.parse(manifest.raw, f"manifest for {called} (from {host})")
