"""Removing an image: what is refused, what is untagged, what is deleted.

`lab rmi NAME` takes a *name* away. The image goes with its last name, and with it each
parent that has no name and no other child. What it refuses, and in which words, is
Docker's:

    asked for      the image                        without -f     with -f
    one of names   (whatever it is)                 untags         untags
    the last name  a stopped container uses it      refuses        untags, deletes *
    the last name  a running container uses it      refuses        untags
    the last name  has children                     untags         untags
    an ID          has several names                refuses        deletes
    an ID          a stopped container uses it      refuses        deletes *
    an ID          a running container uses it      refuses        refuses
    an ID          has children                     refuses        refuses
                                        * its snapshots stay for the container

`plan` only decides, on data; deleting.py then does it.

Source: Docker's daemon/images/image_delete.go (behaviour), measured
Try it: `lab run --name box busybox true; lab rmi busybox`
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.errors import Conflict
from engine.images.stored import StoredImage
from engine.oci import digest as digests
from engine.oci.reference import Reference

Images = Mapping[str, StoredImage]  # by ID
_HINT_CONTAINER = "`lab ps -a` shows the container; `lab rm` it first."


class Use(NamedTuple):
    """What containers need: the image of each, and the snapshots it stands on.

    `used_by` maps image IDs to container IDs; `running` says which of those run.
    """

    used_by: Mapping[str, Sequence[str]] = {}
    running: Collection[str] = ()
    snapshots: Collection[Path] = ()

    @property
    def chain_ids(self) -> set[str]:
        """The names of the snapshots."""
        return {f"sha256:{path.name}" for path in self.snapshots}

    def stopped_user(self, image_id: str) -> str | None:
        """A container of the image that does not run."""
        users = self.used_by.get(image_id, ())
        return next((user for user in users if user not in self.running), None)

    def running_user(self, image_id: str) -> str | None:
        """A container of the image that runs."""
        users = self.used_by.get(image_id, ())
        return next((user for user in users if user in self.running), None)


class Plan(NamedTuple):
    """What to do: names to take away, images to delete."""

    untag: Sequence[str]
    delete: Sequence[StoredImage] = ()


def plan(image: StoredImage, name: str, images: Images, use: Use, force: bool) -> Plan:
    """What `rmi NAME` comes to. Conflict if it is refused."""
    if _is_id(image, name):
        _refuse_if_in_use(image, images, use, force=force)
        return Plan(untag=image.references, delete=[image])
    names = _names_meant(image, name)
    user = next(iter(use.used_by.get(image.id, ())), None)
    if len(image.references) == 1 and user and not force:
        raise Conflict(
            f'conflict: unable to remove repository reference "{name}" (must force) - '
            f"container {user[:12]} is using its referenced image {image.short_id}",
            _HINT_CONTAINER,
        )
    stays = _children(image, images) or use.running_user(image.id)
    gone = set(names) >= set(image.references) and not stays
    return Plan(untag=names, delete=[image] if gone else [])


def _names_meant(image: StoredImage, name: str) -> list[str]:
    """The name, or with a digest all names that the image has in that repository."""
    familiar = Reference.parse(name).familiar
    if "@" not in familiar:
        return [familiar]
    repository = Reference.parse(name).full_repository
    return [n for n in image.references if _repository(n) == repository]


def digests_untagged(image: StoredImage, untagged: Collection[str]) -> list[str]:
    """What registries call an image goes with its last name in that repository."""
    left = {_repository(name) for name in image.references if name not in untagged}
    return [one for one in image.repo_digests if _repository(one) not in left]


def parents_to_delete(
    image: StoredImage, images: Images, use: Use
) -> Iterator[StoredImage]:
    """The parents that nothing else needs: no name, no other child, no container."""
    going = [image]
    while parent := images.get(going[-1].parent or ""):
        others = [child for child in _children(parent, images) if child not in going]
        if parent.references or others or use.used_by.get(parent.id):
            break
        going.append(parent)
        yield parent


def deleted_lines(
    deleted: Sequence[StoredImage], left: Iterable[StoredImage], use: Use
) -> list[str]:
    """Docker's lines for what is gone: each image, then its layers that none needs."""
    kept = {chain_id for image in left for chain_id in image.chain_ids} | use.chain_ids
    lines = []
    for image in deleted:
        lines.append(f"Deleted: {image.id}")
        gone = [name for name in reversed(image.chain_ids) if name not in kept]
        lines += [f"Deleted: {name}" for name in gone]
        kept.update(gone)
    return lines


def _refuse_if_in_use(
    image: StoredImage, images: Images, use: Use, *, force: bool
) -> None:
    """Docker's four conflicts: the first two cannot be forced."""
    if _children(image, images):
        raise _conflict(
            image,
            "cannot be forced",
            "image has dependent child images",
            "`lab images -a` shows the images made from it; remove those first.",
        )
    if user := use.running_user(image.id):
        what = f"image is being used by running container {user[:12]}"
        raise _conflict(image, "cannot be forced", what, _HINT_CONTAINER)
    if force:
        return
    if len(image.references) > 1:
        raise _conflict(
            image,
            "must be forced",
            "image is referenced in multiple repositories",
            "Remove it by its names, one by one, or add -f.",
        )
    if user := use.stopped_user(image.id):
        what = f"image is being used by stopped container {user[:12]}"
        raise _conflict(image, "must be forced", what, _HINT_CONTAINER)


def _conflict(image: StoredImage, force: str, why: str, hint: str) -> Conflict:
    return Conflict(
        f"conflict: unable to delete {image.short_id} ({force}) - {why}", hint
    )


def _children(image: StoredImage, images: Images) -> list[StoredImage]:
    return [other for other in images.values() if other.parent == image.id]


def _repository(name: str) -> str:
    return Reference.parse(name).full_repository


def _is_id(image: StoredImage, name: str) -> bool:
    """Was the image asked for by its ID, or by the beginning of it?"""
    if digests.valid(name):
        return True
    digits = name.removeprefix("sha256:")
    named = set(digits) <= set("0123456789abcdef") and bool(digits)
    return (
        named
        and digests.hex_of(image.id).startswith(digits)
        and f"{name}:latest" not in image.references
    )
