"""Pruning: removing what nobody needs, in one go.

    container prune    what does not run
    volume prune       what no container uses: volumes without a name, or all

A test can narrow it down, by when a thing was made and by its labels. What comes into
use meanwhile stays.

Source: Docker Engine API 1.41, ContainerPrune and VolumePrune
Try it: `lab container prune`, `lab volume prune --all`
"""

import contextlib

from engine.containers import removal, repair, volume_use
from engine.containers.house import House
from engine.errors import Conflict, NotFound
from engine.filters import Wanted
from engine.runtime import state
from engine.storage import usage


def prune_containers(house: House, wanted: Wanted) -> tuple[list[str], int]:
    """Remove the containers that do not run: their IDs, and how many bytes."""
    removed, freed = [], 0
    for container in list(house.records.all()):
        container = repair.repair_or_tell(house, container)
        if container.state.status not in (state.CREATED, state.EXITED, state.DEAD):
            continue
        if not wanted(container.created, container.labels):
            continue
        size = usage.of(container.directory / "upper").content
        with contextlib.suppress(Conflict):  # it has been started meanwhile
            removal.remove(house, container)
            removed.append(container.id)
            freed += size
    return removed, freed


def prune_volumes(house: House, every: bool, wanted: Wanted) -> tuple[list[str], int]:
    """Remove the volumes that no container uses: their names, and how many bytes."""
    removed, freed = [], 0
    house.volumes.sweep()
    used = volume_use.used_volumes(house)
    for volume in house.volumes.all():
        if volume.name in used or not (every or volume.anonymous):
            continue
        if not wanted(volume.created, volume.labels):
            continue
        size = 0 if volume.options else usage.of(volume.mountpoint).content
        with contextlib.suppress(Conflict, NotFound):  # used, or removed meanwhile
            house.volumes.remove(
                volume.name, lambda name: volume_use.volume_users(house, name)
            )
            removed.append(volume.name)
            freed += size
    return removed, freed
