"""index.json: the names of the images, and the only file of the store that changes.

    {"manifests": [{"digest": "sha256:…",             which manifest
                    "annotations": {
                      "org.opencontainers.image.ref.name": "busybox:latest",
                      "org.labshell.parent": "sha256:…",
                      "org.labshell.digests": "localhost:5000/me/box@sha256:…",
                      "org.labshell.tagged": "2024-…"}}]}

An entry a name; an image without a name has one entry without. The name has its place
in the specification, so that other tools find it. What is ours, the parent, the
time of tagging, what registries call it, is kept here and not in the image: it must
not change the image's ID.

To change it: take the lock, read, change, write beside it, wait for the disk, rename.
Two commands at once wait for each other; a crash leaves the old file or the new one.

Source: opencontainers/image-spec, image-layout.md, annotations.md
Try it: `jq .manifests /var/lib/labshell/images/index.json`
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from engine import files
from engine.images.stored import DIGESTS, REF_NAME, familiar_name
from engine.oci.fields import Fields
from engine.oci.image import INDEX, MANIFESTS, Descriptor


class Index:
    """The index of the OCI image layout in `directory`."""

    def __init__(self, directory: Path, lock: Path) -> None:
        self.path = directory / "index.json"
        self._lock = lock

    def create(self) -> None:
        """Make an empty layout, unless there is one."""
        layout = self.path.with_name("oci-layout")
        if not layout.exists():
            files.write_json(layout, {"imageLayoutVersion": "1.0.0"})
        with files.locked(self._lock):
            if not self.path.exists():
                self._write([])

    def read(self) -> list[Descriptor]:
        """Every entry that points at an image's manifest."""
        try:
            data = files.read_json(self.path)
        except FileNotFoundError:
            return []
        entries = map(
            Descriptor.from_json, Fields.of(data, "index.json").objects("manifests")
        )
        return [entry for entry in entries if entry.media_type in MANIFESTS]

    @contextmanager
    def changing(self) -> Iterator[list[Descriptor]]:
        """The entries, to be changed in place; written when the `with` ends well."""
        with files.locked(self._lock):
            entries = self.read()
            yield entries
            self._write(entries)

    def sweep(self) -> None:
        """Remove what a command left that was killed between write and rename."""
        with files.locked(self._lock):
            for path in self.path.parent.glob(f".{self.path.name}.*"):
                path.unlink()

    def _write(self, entries: Sequence[Descriptor]) -> None:
        data = {
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": [entry.to_json() for entry in entries],
        }
        files.write_json(self.path, data, durable=True)


def put_name(entries: list[Descriptor], entry: Descriptor) -> None:
    """Add an entry with a name, or without one. A name moves: it has one image only.

    The image that had the name stays, without one if it has no other.
    """
    name = familiar_name(entry)
    if name:
        drop_name(entries, name)
    same = [other for other in entries if other.digest == entry.digest]
    if not name and same:
        return
    for other in same:
        if not familiar_name(other):
            entries.remove(other)
    entries.append(entry)


def note_digest(
    entries: list[Descriptor], manifest: str, name: str, called: str
) -> None:
    """Note what a registry calls an image, at its `name`; if that is "", anywhere."""
    for place, entry in enumerate(entries):
        if entry.digest == manifest and name in ("", familiar_name(entry)):
            notes = dict(entry.annotations)
            told = dict.fromkeys([*notes.get(DIGESTS, "").split(), called])
            entries[place] = entry._replace(
                annotations={**notes, DIGESTS: " ".join(told)}
            )
            return


def drop_name(entries: list[Descriptor], name: str) -> None:
    """Take a name away from its image, which stays: without a name, if need be."""
    for entry in [entry for entry in entries if familiar_name(entry) == name]:
        entries.remove(entry)
        if not any(other.digest == entry.digest for other in entries):
            entries.append(_nameless(entry))


def _nameless(entry: Descriptor) -> Descriptor:
    notes = {key: text for key, text in entry.annotations.items() if key != REF_NAME}
    return entry._replace(annotations=notes)
