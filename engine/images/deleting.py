"""Deleting: names are taken away, images go, and then what no image needs any more.

    with the store held alone       nobody writes a layer or is about to stand on one
      who needs what?               asked now: a container made a moment ago counts
      plan                          what rmi or prune comes to        see removal.py
      index.json                    written once: from here on the images are gone
      blobs, snapshots              what nothing names is deleted

A crash after the index leaves files that nobody needs: the next deletion takes them.

`prune` takes images without a name (dangling), or all that no container uses. What
Docker's rules refuse stays, silently.

Source: moby daemon/images/image_prune.go (behaviour)
Try it: `lab image prune`; `lab rmi busybox`
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from engine import events
from engine.errors import Conflict
from engine.images import index, removal
from engine.images.catalogue import DAMAGED
from engine.images.removal import Use
from engine.images.store import ImageStore
from engine.images.stored import StoredImage, familiar_name

Users = Callable[[], Use]


class Pruned(NamedTuple):
    """What prune did, as Docker's lines, and how many bytes of layers went."""

    lines: tuple[str, ...]
    reclaimed: int


def remove(
    store: ImageStore,
    name: str,
    users: Users = Use,
    *,
    force: bool = False,
    parents: bool = True,
) -> list[str]:
    """Untag or delete an image; what was done, as Docker's lines.

    `parents`: those that have no name go with their last child.
    """
    with store.alone():
        lines = _forget_damaged(store, name)
        if not lines:
            deletion = _Deletion(store, users())
            deletion.remove(store.find(name), name, force=force, parents=parents)
            lines = deletion.finish()
        else:
            store.sweep(users().snapshots)
    return lines


def prune(
    store: ImageStore,
    users: Users,
    wanted: Callable[[StoredImage], bool],
    *,
    named: bool = False,
) -> Pruned:
    """Delete images without a name, or also `named` ones, that no container uses."""
    with store.alone():
        deletion = _Deletion(store, users())
        for image in list(deletion.images.values()):
            if wanted(image) and (named or not image.references):
                deletion.prune(image)
        lines = deletion.finish(sweep=True)  # also what crashes have left
        store.downloads.sweep()
    return Pruned(lines=tuple(lines), reclaimed=deletion.size_of(lines))


class _Deletion:
    """Several removals that become one change of the index."""

    def __init__(self, store: ImageStore, use: Use) -> None:
        self._store, self._use = store, use
        self.images = store.by_id()
        self._untagged: list[str] = []
        self._deleted: set[str] = set()  # digests of manifests
        self._told: list[tuple[StoredImage, str]] = []  # what becomes an event
        self._lines: list[str] = []
        self._sizes = {
            chain_id: size
            for image in self.images.values()
            for chain_id, size in zip(image.chain_ids, image.layer_sizes, strict=True)
        }

    def remove(
        self,
        image: StoredImage,
        name: str,
        *,
        force: bool = False,
        parents: bool = True,
    ) -> None:
        """Plan what `rmi NAME` comes to, and note it. Conflict if it is refused."""
        plan = removal.plan(image, name, self.images, self._use, force)
        deleted = list(plan.delete)
        if parents and deleted:
            deleted += removal.parents_to_delete(image, self.images, self._use)
        left = tuple(n for n in image.references if n not in plan.untag)
        self.images[image.id] = image._replace(references=left)
        for gone in deleted:
            del self.images[gone.id]
            self._deleted.add(gone.manifest_digest)
        self._untagged += plan.untag
        self._told += [(image, "untag") for _ in plan.untag]
        self._told += [(gone, "delete") for gone in deleted]
        self._lines += [f"Untagged: {familiar}" for familiar in plan.untag]
        if plan.untag or deleted:
            called = removal.digests_untagged(image, plan.untag)
            self._lines += [f"Untagged: {familiar}" for familiar in called]
        self._lines += removal.deleted_lines(deleted, self.images.values(), self._use)

    def prune(self, image: StoredImage) -> None:
        """Remove an image by its names or its ID, if no rule is against it."""
        for name in image.references or (image.id,):
            here = self.images.get(image.id)
            if here is None:
                return  # it went with its last child
            try:
                self.remove(here, name)
            except Conflict:
                continue

    def finish(self, *, sweep: bool = False) -> list[str]:
        """Write the index, delete what nothing needs; what was done, as lines."""
        with self._store.index.changing() as entries:
            for familiar in self._untagged:
                index.drop_name(entries, familiar)
            entries[:] = [e for e in entries if e.digest not in self._deleted]
        if self._deleted or sweep:
            self._store.sweep(self._use.snapshots)
        for image, action in self._told:
            notes = {**image.config.defaults.labels, "name": image.id}
            events.record(self._store.root, "image", action, image.id, notes)
        return self._lines

    def size_of(self, lines: Sequence[str]) -> int:
        """The bytes in the layers that these lines tell the end of."""
        return sum(self._sizes.get(line.partition(": ")[2], 0) for line in lines)


def _forget_damaged(store: ImageStore, name: str) -> list[str]:
    """Take an image that cannot be read out of the index; what to say of it."""
    group = store.catalogue.group_of(name)
    try:
        if group:
            store.catalogue.load(group)
        return []
    except DAMAGED:
        with store.index.changing() as entries:
            entries[:] = [e for e in entries if group and e.digest != group[0].digest]
        return [f"Untagged: {familiar_name(entry)}" for entry in group or ()]
