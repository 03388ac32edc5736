"""Remains: what a start makes beside the record, and a killed shim leaves behind.

    its control group            in the engine's own
    the socket of its shim       in /run/labshell/TAG
    network.json, or half of it  in the container's directory
    the overlay at rootfs        in the table of mounts

A container that should not run has none of them. A list asks that of hundreds: so what
lies in one directory for all of them is read there once. What comes up later belongs to
somebody who is alive, or is seen by the next list.

man: statx(2) on st_dev
Try it: `ls /run/labshell/* /sys/fs/cgroup/labshell-*`
"""

import os
from pathlib import Path

from engine.containers.house import House
from engine.containers.record import Container
from engine.kernel import cgroups
from engine.runtime import sandbox


class Remains:
    """What there is now below one engine root."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._sockets = _names_in(house.place.sockets)
        # A start makes a group in all trees at once: one of them tells.
        trees = cgroups.directories(house.place.cgroup)[:1]
        self._groups = {name for tree in trees for name in _names_in(tree)}

    def has(self, container: Container) -> bool:
        """Whether there is something of this container."""
        if f"{container.id}.sock" in self._sockets or self._has_group(container):
            return True
        place = os.fspath(container.directory)
        try:
            if sandbox.has_remains(place):
                return True
            # An overlay is a device of its own: that is sooner seen than a mount.
            return os.stat(f"{place}/rootfs").st_dev != os.stat(place).st_dev
        except FileNotFoundError:
            return False

    def _has_group(self, container: Container) -> bool:
        if container.options.cgroup_parent:
            return cgroups.exists(self._house.cgroup(container))
        return container.id in self._groups


def _names_in(directory: Path) -> set[str]:
    try:
        return {*os.listdir(directory)}
    except FileNotFoundError:
        return set()
