"""Volume use: which containers a volume belongs to, and what goes with them.

A volume is used by every container that names it in its record: one that runs, one
that has ended, and one that is only being made. Volumes with a name outlive them all.
Those that nobody has named go with the last container that uses them, if it is
removed with its volumes: by `rm -v` or --rm.

Try it: `lab volume rm NAME` while a container, even a stopped one, has it
"""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from engine import files
from engine.containers.binds import BoundPath
from engine.containers.house import House
from engine.errors import Conflict, EngineBroken, NotFound


def volume_users(house: House, name: str) -> list[str]:
    """The containers that use a volume, by ID, also those that are being made.

    EngineBroken if a record is damaged: nobody knows what it uses.
    """
    users = {
        identity: None
        for identity, bound in _all_bound(house)
        if any(path.volume == name for path in bound)
    }
    return list(users)


def used_volumes(house: House) -> set[str]:
    """The names of all volumes that a container uses."""
    return {path.volume for _, bound in _all_bound(house) for path in bound}


def _all_bound(house: House) -> Iterator[tuple[str, tuple[BoundPath, ...]]]:
    """Drafts first: one that becomes a container meanwhile is found once more."""
    for path in house.records.abandoned():
        if path.name.startswith(".new-") and files.is_locked(path / "alive"):
            with contextlib.suppress(FileNotFoundError):  # it has written nothing yet
                yield files.read_record(path / "config.json", _identity_and_bound)
    for container in house.records.all(strict=True):
        yield container.id, container.bound


def _identity_and_bound(data: Any) -> tuple[str, tuple[BoundPath, ...]]:
    return str(data["id"]), tuple(map(BoundPath.from_json, data["bound"]))


def remove_of_draft(house: House, draft: Path) -> None:
    """Remove the volumes that were made for a container that will never be."""
    with contextlib.suppress(FileNotFoundError, EngineBroken):
        identity, bound = files.read_record(draft / "config.json", _identity_and_bound)
        remove_anonymous(house, bound, but=identity)


def remove_anonymous(house: House, bound: Iterable[BoundPath], *, but: str) -> None:
    """Remove the volumes that nobody has named, unless another container uses them.

    `but` is the ID of the container that they go with: it does not count.
    """

    def others(name: str) -> list[str]:
        return [user for user in volume_users(house, name) if user != but]

    for path in bound:
        if path.anonymous:
            with contextlib.suppress(NotFound, Conflict, EngineBroken):
                house.volumes.remove(path.volume, others)
