"""index.json of a repository: which manifests it has, and what their tags are.

    {"schemaVersion": 2,
     "manifests": [
       {"mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": "sha256:9f…", "size": 1024,
        "annotations": {"org.opencontainers.image.ref.name": "1.0"}},
       {"mediaType": …, "digest": "sha256:3c…", "size": 528}]}      no tag: by digest

A tag is a name that moves: to push it again points it at another manifest, and the old
one stays, without a tag. The media type is kept because it is not part of the bytes:
the registry has to send a manifest as what it was pushed as.

To change it: take the lock, read, change, write beside it, rename.

Source: opencontainers/image-spec, image-layout.md
Try it: `jq .manifests /var/lib/labshell/registry/repositories/shop/index.json`
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine import files
from engine.oci.fields import Fields
from engine.oci.image import INDEX, Descriptor
from engine.registry.server.problems import Problem

_REF_NAME = "org.opencontainers.image.ref.name"
_MOST_ENTRIES = 20_000  # what fits into a file that is read at every request

Entry = Descriptor


def tag_of(entry: Entry) -> str:
    """The tag of an entry, "" if it has none."""
    return entry.annotations.get(_REF_NAME, "")


class Index:
    """The index of the repository in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "index.json"
        self._lock = directory / "lock"

    def create(self) -> None:
        """Make an empty layout, unless there is one."""
        layout = self._path.with_name("oci-layout")
        if not layout.exists():
            files.write_json(layout, {"imageLayoutVersion": "1.0.0"})
        if not self._path.exists():
            with files.locked(self._lock):
                if not self._path.exists():
                    self._write([])

    def exists(self) -> bool:
        """Whether there is one: it is made last of what a repository has."""
        return self._path.exists()

    def read(self) -> list[Entry]:
        """The entries. FileNotFoundError if there is no such repository."""
        data = Fields.of(files.read_json(self._path), "index.json")
        return [Descriptor.from_json(entry) for entry in data.objects("manifests")]

    @contextmanager
    def changing(self) -> Iterator[list[Entry]]:
        """The entries, to be changed in place; written when the `with` ends well."""
        with files.locked(self._lock):
            entries = self.read()
            before = list(entries)
            yield entries
            if len(entries) > _MOST_ENTRIES:
                raise Problem("DENIED", "the repository has too many manifests")
            if entries != before:
                self._write(entries)

    def _write(self, entries: list[Entry]) -> None:
        data = {
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": [entry.to_json() for entry in entries],
        }
        files.write_json(self._path, data, durable=True)


def put(entries: list[Entry], manifest: Descriptor, tag: str = "") -> None:
    """Add a manifest, with a tag or without. A tag that was elsewhere moves here."""
    drop_tag(entries, tag)
    known = [entry for entry in entries if entry.digest == manifest.digest]
    if tag:
        for entry in known:
            if not tag_of(entry):
                entries.remove(entry)
        entries.append(manifest._replace(annotations={_REF_NAME: tag}))
    elif not known:
        entries.append(manifest)


def drop_tag(entries: list[Entry], tag: str) -> bool:
    """Take a tag away; its manifest stays. False if there is no such tag."""
    for entry in entries:
        if tag and tag_of(entry) == tag:
            entries.remove(entry)
            if not any(other.digest == entry.digest for other in entries):
                entries.append(entry._replace(annotations={}))
            return True
    return False
