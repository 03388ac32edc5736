"""Image use: which containers keep which images and layers from being removed.

    a container's image      named in its record
    the layers it stands on  named in its bundle: they are the lower directories of its
                             overlay, whatever becomes of the image's names

Try it: `lab create --name box busybox; lab rmi busybox`
"""

from pathlib import Path

from engine.containers import repair
from engine.containers.house import House
from engine.images.removal import Use
from engine.runtime.bundle import Bundle


def of_containers(house: House) -> Use:
    """Which containers keep which images and snapshots from being removed."""
    used_by: dict[str, list[str]] = {}
    running: set[str] = set()
    snapshots: set[Path] = set()
    for container in house.records.all(strict=True):
        used_by.setdefault(container.image_id, []).append(container.id)
        layers = Bundle.read(container.directory / "bundle").layers
        snapshots.update(layers.lower[1:] if layers else ())
        if repair.repair(house, container).running:
            running.add(container.id)
    return Use(used_by=used_by, running=running, snapshots=snapshots)
