"""Manifests: the small files that name the blobs, taken in and handed out.

A manifest may come when all that it names is here, and not before: so whoever can get
a manifest can get the whole image. That is checked under the repository's lock, the
same that a garbage collection takes, and the entry in index.json is made under it too.

    config, layers      must be blobs of this repository, with the size that is said
                        (a *foreign* layer lies elsewhere, by licence: not asked for)
    manifests           of an index: must be manifests of this repository
    subject             what this one is about (a signature, say): may come later

Source: opencontainers/distribution-spec 1.1, "Pushing Manifests", "Listing Referrers";
image-spec, manifest.md
Try it: `skopeo inspect --raw --tls-verify=false docker://127.0.0.1:5000/shop | jq`
"""

from typing import Any, NamedTuple

from engine.errors import ImageError
from engine.oci import digest as digests
from engine.oci.fields import Fields
from engine.oci.image import INDEX, MANIFEST, Descriptor
from engine.registry.server import index
from engine.registry.server.index import Entry
from engine.registry.server.names import Reference
from engine.registry.server.problems import Problem
from engine.registry.server.repository import Repository

LARGEST = 4 << 20  # bytes
_DOCKER = "application/vnd.docker.distribution.manifest"
INDEXES = (INDEX, f"{_DOCKER}.list.v2+json")
KINDS = (MANIFEST, f"{_DOCKER}.v2+json", *INDEXES)
_FOREIGN = (".foreign.", ".nondistributable.")  # in the media type of a layer


class Named(NamedTuple):
    """What a manifest names."""

    blobs: tuple[Descriptor, ...] = ()
    manifests: tuple[Descriptor, ...] = ()
    subject: str = ""  # a digest, "" if it is about nothing else


def read(data: bytes, media_type: str) -> Named:
    """What the manifest in `data` names. Problem if it is none."""
    try:
        return _read(Fields.parse(data, "manifest"), media_type)
    except ImageError as error:
        raise Problem("MANIFEST_INVALID", error.message) from error


def _read(fields: Fields, media_type: str) -> Named:
    said = fields.text("mediaType")
    if fields.number("schemaVersion") != 2:
        raise ImageError("manifest.schemaVersion is not 2")
    if said and said != media_type:
        raise ImageError(f"the manifest says it is {said[:80]!a}, not {media_type}")
    about = fields.object("subject")
    subject = Descriptor.from_json(about).digest if about.data else ""
    if media_type in INDEXES:
        children = map(Descriptor.from_json, fields.objects("manifests"))
        return Named(manifests=tuple(children), subject=subject)
    layers = [Descriptor.from_json(layer) for layer in fields.objects("layers")]
    here = [layer for layer in layers if not _is_foreign(layer)]
    config = Descriptor.from_json(fields.object("config"))
    return Named(blobs=(config, *here), subject=subject)


def _is_foreign(layer: Descriptor) -> bool:
    return any(word in layer.media_type for word in _FOREIGN)


def put(repository: Repository, data: bytes, media_type: str, tag: str = "") -> str:
    """Take in a manifest; what it is about ("" if nothing). Problem if it may not."""
    named = read(data, media_type)
    digest = digests.sha256(data)
    repository.create()
    with repository.changing() as entries:
        _check(repository, named, entries)
        repository.write(data)
        index.put(entries, Descriptor(media_type, digest, len(data)), tag)
    return named.subject


def _check(repository: Repository, named: Named, entries: list[Entry]) -> None:
    """Problem unless all that a manifest names is here."""
    known = {entry.digest for entry in entries}
    missing = [m.digest for m in named.manifests if m.digest not in known]
    for blob in named.blobs:
        size = repository.size(blob.digest)
        if size is None:
            missing.append(blob.digest)
        elif size != blob.size:
            message = f"{blob.digest} has {size} bytes, the manifest says {blob.size}"
            raise Problem("SIZE_INVALID", message)
    if missing:
        message = f"{repository.name} has no {', '.join(missing[:3])}: push it first"
        raise Problem("MANIFEST_BLOB_UNKNOWN", message)


def find(repository: Repository, wanted: Reference) -> Entry:
    """The manifest with this tag or digest. Problem if there is none."""
    for entry in repository.entries():
        if wanted.tag and index.tag_of(entry) == wanted.tag:
            return entry
        if wanted.digest == entry.digest:
            return entry
    what = wanted.digest or f"tag {wanted.tag}"
    raise Problem("MANIFEST_UNKNOWN", f"{repository.name} has no manifest {what}")


def delete(repository: Repository, wanted: Reference) -> None:
    """Take away a tag; or a manifest, with all its tags. Its blobs stay for now."""
    find(repository, wanted)
    with repository.changing() as entries:
        if wanted.tag:
            index.drop_tag(entries, wanted.tag)
        else:
            entries[:] = [e for e in entries if e.digest != wanted.digest]
            repository.drop(wanted.digest)


def load(repository: Repository, entry: Entry) -> bytes:
    """The bytes of a manifest. Problem if they are not what they were."""
    file = repository.open(entry.digest)
    if file is not None:
        with file:
            data = file.read(LARGEST + 1)
        if digests.sha256(data) == entry.digest:
            return data
    raise Problem("UNKNOWN", f"manifest {entry.digest} is damaged on the disk")


def referrers(repository: Repository, subject: str) -> list[dict[str, Any]]:
    """The manifests that are about `subject`, as descriptors of an index."""
    found = []
    for entry in {entry.digest: entry for entry in repository.entries()}.values():
        data = load(repository, entry)
        if read(data, entry.media_type).subject == subject:
            found.append(_referrer(entry, Fields.parse(data, "manifest")))
    return found


def _referrer(entry: Entry, manifest: Fields) -> dict[str, Any]:
    """An artifact has a type of its own; an image has that of its configuration."""
    kind = manifest.text("artifactType") or manifest.object("config").text("mediaType")
    notes = manifest.text_map("annotations")
    described = entry._replace(annotations=notes).to_json()
    return {**described, "artifactType": kind} if kind else described
