"""What can be done with volumes.

Try it: `lab volume create data; lab volume ls`
"""

from collections.abc import Mapping

from engine import events
from engine.containers.house import House
from engine.errors import NotFound, told_as_engine_errors
from engine.filters import (
    NONE,
    Filters,
    Wanted,
    everything,
    fits,
    has_labels,
    refuse_unknown,
    truth,
)
from engine.storage.volumes import Volume


class VolumeVerbs:
    """The verbs of volumes."""

    _house: House

    @told_as_engine_errors()
    def create_volume(
        self,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> Volume:
        """The volume `name`, made if it is not there; None gives it a name."""
        self._house.prepare()
        return self._house.volumes.create(name, labels, options)

    @told_as_engine_errors()
    def volumes(self, filters: Filters = NONE) -> list[Volume]:
        """The volumes that agree with the filters, by name."""
        from engine.containers.volume_use import used_volumes

        refuse_unknown(filters, ("dangling", "driver", "label", "name"))
        dangling = truth(filters, "dangling")
        used = set() if dangling is None else used_volumes(self._house)
        return [
            volume
            for volume in self._house.volumes.all()
            if has_labels(filters.get("label", ()), volume.labels)
            and ("name" not in filters or fits(filters["name"], volume.name))
            and ("driver" not in filters or "local" in filters["driver"])
            and (dangling is None or dangling != (volume.name in used))
        ]

    @told_as_engine_errors()
    def volume(self, name: str) -> Volume:
        """The volume of this name."""
        return self._house.volumes.find(name)

    @told_as_engine_errors()
    def volume_users(self, name: str) -> list[str]:
        """The IDs of the containers that use a volume."""
        from engine.containers.volume_use import volume_users

        return volume_users(self._house, name)

    @told_as_engine_errors()
    def remove_volume(self, name: str, force: bool = False) -> None:
        """Remove a volume that nobody uses; with `force` it need not be there."""
        try:
            self._house.volumes.remove(name, self.volume_users, force=force)
        except NotFound:
            if not force:
                raise

    @told_as_engine_errors()
    def prune_volumes(
        self, all: bool = False, wanted: Wanted = everything
    ) -> tuple[list[str], int]:
        """Remove the volumes that nobody uses: their names, and how many bytes.

        Only those that nobody has named, unless `all`, and that are `wanted`.
        """
        from engine.containers.pruning import prune_volumes

        removed, freed = prune_volumes(self._house, all, wanted)
        notes = {"reclaimed": str(freed)}
        events.record(self._house.root, "volume", "prune", "", notes)
        return removed, freed
