"""The OCI layout: index.json says which images there are, blobs/ holds the rest.

    index.json ──► manifest ──► config, layers        each by digest and size
         └───────► index ──► one manifest for each kind of machine: ours is taken

A name is in the annotation of containerd, "docker.io/library/busybox:latest", or else
in that of the specification, if it looks like a whole name: many tools put only the
tag there, and a tag alone names nothing.

The manifest is kept as the bytes that came: its digest is the image's name in a
registry.

Source: opencontainers/image-spec image-layout.md, image-index.md, manifest.md
Try it: `skopeo copy docker-archive:a.tar oci-archive:b.tar:me/x:1; lab load -i b.tar`
"""

from collections.abc import Iterator

from engine.errors import ImageError, InvalidReference
from engine.images.archives import names
from engine.images.archives.contents import (
    ArchivedImage,
    read_config,
    refuse_too_many,
)
from engine.images.archives.spool import Member, Spool
from engine.images.importing import architecture
from engine.images.stored import REF_NAME
from engine.oci.fields import Fields
from engine.oci.image import INDEX, MANIFEST, Descriptor, Manifest
from engine.oci.reference import Reference

_INDEXES = (INDEX, "application/vnd.docker.distribution.manifest.list.v2+json")
_DEEPEST = 3  # indexes within indexes


def images(spool: Spool) -> list[ArchivedImage]:
    """The images of index.json; those with several names once, in its order."""
    index = Fields.parse(spool.read(names.INDEX_JSON), "index.json")
    entries = index.objects("manifests")
    refuse_too_many(len(entries))
    found: dict[str, ArchivedImage] = {}
    for entry in entries:
        notes = entry.text_map("annotations")
        for image in _images(spool, entry, 0):
            before = found.setdefault(image.id, image)
            both = dict.fromkeys([*before.names, *_name(notes)])
            found[image.id] = before._replace(names=tuple(both))
    return list(found.values())


def _images(spool: Spool, entry: Fields, depth: int) -> Iterator[ArchivedImage]:
    """The image that an entry points at; of an index, the one for this machine."""
    descriptor = Descriptor.from_json(entry)
    if descriptor.media_type not in _INDEXES:
        yield _image(spool, descriptor)
        return
    if depth == _DEEPEST:
        raise ImageError(
            f"index.json: more than {_DEEPEST} indexes within each other",
            "The archive is damaged, or a trap.",
        )
    raw = spool.read(_blob(spool, descriptor).name)
    for inner in Fields.parse(raw, "image index").objects("manifests"):
        if _for_this_machine(inner):
            yield from _images(spool, inner, depth + 1)
            return
    raise ImageError(
        f"no image for linux/{architecture()} is in the archive",
        "Save it for this kind of machine: `--platform`.",
    )


def _for_this_machine(entry: Fields) -> bool:
    platform = entry.object("platform")
    return not platform.data or (
        platform.text("os") == "linux"
        and platform.text("architecture") == architecture()
    )


def _image(spool: Spool, descriptor: Descriptor) -> ArchivedImage:
    raw_manifest = spool.read(_blob(spool, descriptor).name)
    manifest = Manifest.from_json(Fields.parse(raw_manifest, "manifest"))
    raw = spool.read(_blob(spool, manifest.config).name)
    config = read_config(raw, manifest.layers)
    return ArchivedImage(
        raw=raw,
        config=config,
        layers=tuple(_blob(spool, layer) for layer in manifest.layers),
        manifest=raw_manifest if descriptor.media_type == MANIFEST else None,
    )


def _blob(spool: Spool, descriptor: Descriptor) -> Member:
    """The file that a descriptor means, if it is as long as that says."""
    member = spool.find(names.path_of(descriptor.digest))
    if (member.digest, member.size) != (descriptor.digest, descriptor.size):
        raise ImageError(
            f"{member.name[:200]!a} is {member.size} bytes of {member.digest}, "
            f"and not {descriptor.size} bytes of {descriptor.digest}",
            "The archive is damaged. Make or fetch it again.",
        )
    return member


def _name(notes: dict[str, str]) -> tuple[str, ...]:
    """The name that the annotations give, none if they give only a tag."""
    name = notes.get(names.CONTAINERD_NAME) or notes.get(REF_NAME, "")
    if not {":", "/"} & set(name):
        return ()
    try:
        reference = Reference.parse(name)
    except InvalidReference as error:
        raise ImageError(f"index.json: {error.message}", error.hint) from error
    return () if reference.digest else (reference.familiar,)
