"""What can be done with volumes.

Try it: `lab volume create data; lab volume ls`
"""

from collections.abc import Mapping

from engine.containers.house import House
from engine.errors import NotFound, told_as_engine_errors
from engine.storage.volumes import Volume


class VolumeVerbs:
    """The verbs of volumes."""

    _house: House

    @told_as_engine_errors()
    def create_volume(
        self, name: str | None = None, labels: Mapping[str, str] | None = None
    ) -> Volume:
        """The volume `name`, made if it is not there; None gives it a name."""
        self._house.prepare()
        return self._house.volumes.create(name, labels)

    @told_as_engine_errors()
    def volumes(self) -> list[Volume]:
        """Every volume, by name."""
        return self._house.volumes.all()

    @told_as_engine_errors()
    def volume(self, name: str) -> Volume:
        """The volume of this name."""
        return self._house.volumes.find(name)

    @told_as_engine_errors()
    def remove_volume(self, name: str, force: bool = False) -> None:
        """Remove a volume that nobody uses; with `force` it need not be there."""
        from engine.containers.removal import volume_users

        try:
            self._house.volumes.remove(name, volume_users(self._house, name))
        except NotFound:
            if not force:
                raise
