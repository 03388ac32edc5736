"""Removal: `rm`, and what `--rm` leaves to do when a container has ended.

    the record      its name first, then everything in its directory
    the layers      init and read-write layer go with it: what was written is lost
    the volumes     anonymous ones with -v or --rm, named ones never

Try it: `lab run --name box busybox sh -c 'echo hello > /f'; lab rm box`
"""

import contextlib
import os
import time
from pathlib import Path

from engine import files
from engine.containers import lifecycle, repair, telling
from engine.containers.house import House
from engine.containers.record import Container
from engine.errors import Conflict, EngineError, NotFound
from engine.images.removal import Use
from engine.runtime import release, state
from engine.runtime.bundle import Bundle, ShimFacts

PATIENCE = 3.0  # seconds


def remove(
    house: House, container: Container, *, force: bool = False, volumes: bool = False
) -> None:
    """Remove a container. Conflict if it runs, unless `force` kills it first."""
    if container.active:
        if not force:
            raise Conflict(*_refusal(container))
        with contextlib.suppress(EngineError):  # it has ended by itself
            lifecycle.kill(house, container)
    try:
        lock = _lock(container)
    except FileNotFoundError:
        return  # somebody else has removed it meanwhile, as with --rm
    try:
        release.take_away(ShimFacts.read(container.directory / "bundle"))
        house.records.forget(container)
    finally:
        os.close(lock)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(house.place.shim_socket(container.id))
    telling.tell(house, container, "destroy")
    if volumes:
        _remove_volumes(house, container)


def _lock(container: Container) -> int:
    """The container's lock. A shim that has told the exit status, and whoever removes
    a --rm container for it, let go of it soon. FileNotFoundError if it has gone.
    """
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        lock = files.try_lock(container.directory / "alive")
        if lock is not None:
            if container.directory.exists():
                return lock
            os.close(lock)  # its directory was renamed before the file was locked
            raise FileNotFoundError(container.directory)
        time.sleep(0.01)
    raise Conflict(
        f"removal of container {container.id}: it is being started",
        "Try again in a moment.",
    )


def _refusal(container: Container) -> tuple[str, str]:
    if container.state.status == state.PAUSED:
        return (
            f"You cannot remove a paused container {container.id}. Unpause and then "
            "stop the container before attempting removal or force remove",
            f"`lab unpause {container.name}` and `lab stop {container.name}` first, "
            "or `lab rm -f`.",
        )
    return (
        f"You cannot remove a {container.state.status} container {container.id}. "
        "Stop the container before attempting removal or force remove",
        f"`lab stop {container.name}` first, or `lab rm -f {container.name}`.",
    )


def _remove_volumes(house: House, container: Container) -> None:
    for path in container.bound:
        if path.anonymous:
            with contextlib.suppress(NotFound, Conflict):
                house.volumes.remove(path.volume, volume_users(house, path.volume))


def volume_users(house: House, name: str) -> list[str]:
    """The containers that use a volume, by ID."""
    return [
        container.id
        for container in house.records.all()
        if any(path.volume == name for path in container.bound)
    ]


def remove_finished(house: House, container: Container) -> bool:
    """Remove a --rm container that nobody removed when it ended. True if it was one.

    Whoever should do it, client or shim, is given some seconds.
    """
    ended = container.options.auto_remove and container.state.status == state.EXITED
    if not ended or container.state.finished_at > files.now(ago=PATIENCE):
        return False
    with contextlib.suppress(EngineError):
        remove(house, container, volumes=True)
        house.notices.append(f"repaired: removed {container.name}, which had ended")
    return True


def users_of_images(house: House) -> Use:
    """Which containers keep which images and snapshots from being removed."""
    used_by: dict[str, list[str]] = {}
    running: set[str] = set()
    snapshots: set[Path] = set()
    for container in house.records.all():
        used_by.setdefault(container.image_id, []).append(container.id)
        layers = Bundle.read(container.directory / "bundle").layers
        snapshots.update(layers.lower[1:] if layers else ())
        if repair.repair(house, container).running:
            running.add(container.id)
    return Use(used_by=used_by, running=running, snapshots=snapshots)


def remove_released(directory: str) -> None:
    """What a shim without a client starts when a --rm container has ended."""
    path = Path(directory)
    house = House(path.parents[1])
    with contextlib.suppress(NotFound):
        container = house.records.find(path.name)
        with files.locked(path / "alive"):
            pass  # the shim lets go of it when it has told everybody
        remove(house, container, volumes=True)
