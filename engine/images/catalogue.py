"""The catalogue: which images are in the store, and which one a name means.

What a person types is tried in this order, as Docker does:

    a name            busybox, me/shop:1.0, shop@sha256:…     looked up in the index
    an image ID       sha256:8c0d… or 8c0d…                   looked up in all manifests
    its beginning     8c0                                     if only one image has it

A name needs the index, one manifest and one config; an ID needs all of them, since
the index does not know IDs.

One damaged image must not hide the others: it is left out of lists, and `notices` says
so. Asked for by its name, it is an error that says what is wrong with it.

Try it: `lab images --no-trunc; lab inspect 8c0`
"""

from collections import defaultdict
from collections.abc import Iterable

from engine.errors import (
    DigestMismatch,
    EngineBroken,
    EngineError,
    ImageError,
    NotFound,
)
from engine.images.index import Index
from engine.images.stored import DIGESTS, REF_NAME, StoredImage, familiar_name, load
from engine.oci import digest as digests
from engine.oci.fields import Fields
from engine.oci.image import Descriptor, Manifest
from engine.oci.reference import Reference
from engine.storage.content import ContentStore

DAMAGED = (DigestMismatch, EngineBroken, ImageError)
Group = list[Descriptor]  # the index entries of one manifest


class Catalogue:
    """The images that an index names."""

    def __init__(
        self, content: ContentStore, index: Index, notices: list[str] | None = None
    ) -> None:
        # About damaged images, a line each.
        self.notices: list[str] = [] if notices is None else notices
        self._content, self._index = content, index

    def find(self, name: str) -> StoredImage:
        """The image with this name, ID, or beginning of an ID. NotFound if none."""
        if group := self.group_of(name):
            return self.load(group)
        found = self._by_prefix(name.removeprefix("sha256:"))
        if len(found) == 1:
            return found[0]
        if found:
            raise NotFound(
                f"{name} is the beginning of {len(found)} image IDs",
                "Type more of the ID: `lab images --no-trunc`.",
            )
        shown = name if _is_id(name) else Reference.parse(name).familiar
        raise NotFound(f"No such image: {shown}", self._instead_of(name))

    def still(self, image: StoredImage) -> StoredImage:
        """The same image, unless somebody has removed it since. NotFound if so.

        What has the same digest is the same: nothing of it need be read again.
        """
        if any(entry.digest == image.manifest_digest for entry in self._index.read()):
            return image
        return self.find(image.id)

    def _instead_of(self, name: str) -> str:
        """What to do about a name that no image has."""
        from difflib import get_close_matches

        entries = self._index.read()
        names = [known for entry in entries if (known := familiar_name(entry))]
        short = [known.removesuffix(":latest") for known in names]
        if near := get_close_matches(name, [*short, *names], n=1):
            return f"Did you mean {near[0]}? `lab images -a` lists what there is."
        return (
            "`lab images -a` lists what there is. `lab pull`, `lab load`, `lab import` "
            "or `lab commit` bring more."
        )

    def group_of(self, name: str) -> Group | None:
        """The index entries of the image with this name, if it is a name."""
        if _is_id(name):
            return None
        reference = Reference.parse(name)
        groups = self._groups()
        return next((g for g in groups if _has_name(g, reference)), None)

    def tags_of(self, repository: str) -> list[Reference]:
        """Every name in a repository; none if a tag or a digest came with it."""
        if _is_id(repository) or {":", "@"} & set(repository.rpartition("/")[2]):
            return []
        wanted = Reference.parse(repository).full_repository
        names = filter(None, map(familiar_name, self._index.read()))
        found = [Reference.parse(name) for name in sorted(names)]
        return [name for name in found if name.full_repository == wanted and name.tag]

    def load(self, group: Group) -> StoredImage:
        """The image of some index entries; if it is damaged, the error says which."""
        try:
            return load(self._content, group)
        except DAMAGED as error:
            name = next(filter(None, map(familiar_name, group)), group[0].digest)
            raise type(error)(
                f"image {name}: {error.message}", f"`lab rmi {name}` removes it."
            ) from error

    def all(self) -> list[StoredImage]:
        """Every image that is sound, newest first."""
        images = []
        for group in self._groups():
            try:
                images.append(self.load(group))
            except DAMAGED as error:
                self._notice(error)
        return sorted(images, key=lambda image: image.created, reverse=True)

    def blobs(self) -> set[str]:
        """Every blob that an image needs, those of damaged images as far as known."""
        needed = set()
        for group in self._groups():
            needed.add(group[0].digest)
            try:
                raw = self._content.read(group[0].digest)
                manifest = Manifest.from_json(Fields.parse(raw, "manifest"))
            except DAMAGED as error:
                self._notice(error)
                continue
            needed |= {manifest.config.digest}
            needed |= {layer.digest for layer in manifest.layers}
        return needed

    def _notice(self, error: EngineError) -> None:
        if error.message not in self.notices:
            self.notices.append(error.message)

    def _groups(self) -> Iterable[Group]:
        groups: dict[str, Group] = defaultdict(list)
        for entry in self._index.read():
            groups[entry.digest].append(entry)
        return groups.values()

    def _by_prefix(self, prefix: str) -> list[StoredImage]:
        if not prefix or set(prefix) - set("0123456789abcdef"):
            return []
        images = {image.id: image for image in self.all()}
        return [i for i in images.values() if digests.hex_of(i.id).startswith(prefix)]


def _is_id(name: str) -> bool:
    return digests.valid(name) or digests.valid(f"sha256:{name}")


def _has_name(group: Group, reference: Reference) -> bool:
    """Is `reference` a name in this group? With a digest, the tag does not count."""
    called = f"{reference.repository_familiar}@{reference.digest}"
    for entry in group:
        if called in entry.annotations.get(DIGESTS, "").split():
            return True
        name = entry.annotations.get(REF_NAME, "")
        own = Reference.parse(name) if name else None
        if own and own.full_repository == reference.full_repository:
            if reference.digest == entry.digest:
                return True
            if not reference.digest and reference.tag == own.tag:
                return True
    return False
