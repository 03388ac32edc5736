"""Sweeping: taking away what commands that were killed, or that failed, have left.

    containers/.new-ID       a draft whose lock is free: its maker is dead
    containers/.gone-ID      a record whose removal was cut short
    locks/unfinished-…       a mark whose lock is free: somewhere there are blobs,
                             snapshots, volumes or names that no record knows of

What is looked at first costs two listings of directories, at each `ps` and `create`.
Only where one of them tells of something, all else is compared with the records: see
storage/unfinished.py.

Try it: `lab load -i big.tar & pkill -9 -f load; ls /var/lib/labshell/locks; lab ps -a`
"""

import contextlib
from pathlib import Path

from engine import files
from engine.containers import forgetting, volume_use
from engine.containers.house import House
from engine.errors import EngineError
from engine.runtime import release
from engine.storage import unfinished


def sweep(house: House) -> None:
    """Remove what commands that were killed have left: drafts, blobs, volumes …"""
    if house.records.abandoned():
        _sweep_drafts(house)
    if unfinished.left(house.locks):
        lock = files.try_lock(house.images.lock)
        if lock is not None:  # else somebody is at work there: the next command
            with files.closing(lock):
                _sweep_stores(house)


def _sweep_stores(house: House) -> None:
    """Remove what no record names, while nobody makes images or stands on any.

    Nobody had it, so nobody is told.
    """
    from engine.containers import image_use

    marks = unfinished.left(house.locks)
    with contextlib.suppress(OSError, EngineError):  # it is there for the next one
        forgetting.drop_dead_names(house.records)
        forgetting.drop_half_written(house.records)
        _complete(house)
        house.volumes.sweep()
        _sweep_networks(house)
        house.images.sweep(image_use.of_containers(house).snapshots)
        for mark in marks:
            mark.unlink(missing_ok=True)


def _sweep_networks(house: House) -> None:
    """Remove bridges, rules and leases that no network tells of."""
    if (house.root / "networks").exists():
        from engine.containers import networking
        from engine.network import making

        making.sweep(networking.machine(house))


def _complete(house: House) -> None:
    """Give read-write layers to containers of builds that have lost theirs.

    A build makes the layer of an image of it, and then removes the container.
    """
    for container in house.records.all():
        (container.directory / "upper").mkdir(mode=0o755, exist_ok=True)


def _sweep_drafts(house: House) -> None:
    """Remove records that were being made or removed; each is one notice."""
    with files.locked(house.records.lock):
        found = house.records.abandoned()
        dead = [path for path in found if not files.is_locked(path / "alive")]
        # Their names first: once all else has gone, nobody comes to look for them.
        forgetting.drop_dead_names(house.records)
        for path in dead:
            _remove_draft(house, path)


def _remove_draft(house: House, path: Path) -> None:
    with contextlib.suppress(OSError, EngineError):  # it is there for the next one
        release.unmount(path / "rootfs")
        kind, _, identity = path.name.partition("-")
        if kind == ".gone":
            forgetting.finish(house.records, identity)
        else:
            volume_use.remove_of_draft(house, path)
            files.remove_tree(path)
        house.notices.append(
            f"repaired: removed what a killed command had left at {path.name}"
        )
