"""Removing an image: what is refused, what is untagged, what is deleted.

`lab rmi NAME` takes a *name* away. The image goes with its last name, and with it each
parent that has no name and no other child. What it refuses, and in which words, is
Docker's:

    asked for      the image                        without -f     with -f
    one of names   (whatever it is)                 untags         untags
    the last name  a container uses it              refuses        untags, deletes *
    an ID          has names in two repositories    refuses        deletes
    an ID          a stopped container uses it      refuses        deletes *
    any of these   a running container uses it      refuses        refuses
    any of these   has children                     refuses        refuses
                                        * its snapshots stay for the container

Given the last name of an image that has children, the name goes and the image stays.
`plan` only decides, on data; the store then does it.

Source: Docker's daemon/images/image_delete.go (behaviour), measured
Try it: `lab run --name box busybox true; lab rmi busybox`
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from engine.errors import Conflict
from engine.images.stored import StoredImage
from engine.oci import digest as digests
from engine.oci.reference import Reference

Images = Mapping[str, StoredImage]  # by ID
_HINT_CONTAINER = "`lab ps -a` shows the container; `lab rm` it first."


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Which containers use which image, and which of them run."""

    used_by: Mapping[str, Sequence[str]]
    running: Collection[str] = ()

    def stopped_user(self, image_id: str) -> str | None:
        """A container of the image that does not run."""
        users = self.used_by.get(image_id, ())
        return next((user for user in users if user not in self.running), None)

    def running_user(self, image_id: str) -> str | None:
        """A container of the image that runs."""
        users = self.used_by.get(image_id, ())
        return next((user for user in users if user in self.running), None)


@dataclass(slots=True, kw_only=True)
class Plan:
    """What to do: names to take away, images to delete."""

    untag: list[str] = field(default_factory=list)
    delete: list[StoredImage] = field(default_factory=list)


def plan(image: StoredImage, name: str, images: Images, use: Use, force: bool) -> Plan:
    """What `rmi NAME` comes to. Conflict if it is refused."""
    if _is_id(image, name):
        return _plan_by_id(image, images, use, force)
    familiar = Reference.parse(name).familiar
    if "@" in familiar:  # a digest names all of the image's tags in that repository
        repository = Reference.parse(name).full_repository
        names = [n for n in image.references if _repository(n) == repository]
    else:
        names = [familiar]
    user = next(iter(use.used_by.get(image.id, ())), None)
    if len(image.references) == 1 and user and not force:
        raise Conflict(
            f'conflict: unable to remove repository reference "{name}" (must force) - '
            f"container {user[:12]} is using its referenced image {image.short_id}",
            _HINT_CONTAINER,
        )
    made = Plan(untag=names)
    if set(names) >= set(image.references):
        if _children(image, images):
            return made
        _refuse_if_in_use(image, images, use, force=force, names_left=0)
        made.delete = [image, *_parents_to_delete(image, images, use)]
    return made


def deleted_lines(
    deleted: Sequence[StoredImage], left: Sequence[StoredImage]
) -> list[str]:
    """Docker's lines for what is gone: each image, then its layers that none shares."""
    kept = {chain_id for image in left for chain_id in image.chain_ids}
    lines = []
    for image in deleted:
        lines.append(f"Deleted: {image.id}")
        gone = [name for name in reversed(image.chain_ids) if name not in kept]
        lines += [f"Deleted: {name}" for name in gone]
        kept.update(gone)
    return lines


def _plan_by_id(image: StoredImage, images: Images, use: Use, force: bool) -> Plan:
    repositories = {_repository(name) for name in image.references}
    _refuse_if_in_use(image, images, use, force=force, names_left=len(repositories))
    deleted = [image, *_parents_to_delete(image, images, use)]
    return Plan(untag=list(image.references), delete=deleted)


def _refuse_if_in_use(
    image: StoredImage, images: Images, use: Use, *, force: bool, names_left: int
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
    if names_left > 1:
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


def _parents_to_delete(
    image: StoredImage, images: Images, use: Use
) -> list[StoredImage]:
    """The parents that nothing else needs: no name, no other child, no container."""
    going = [image]
    while parent := images.get(going[-1].parent or ""):
        others = [child for child in _children(parent, images) if child not in going]
        if parent.references or others or use.used_by.get(parent.id):
            break
        going.append(parent)
    return going[1:]


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
