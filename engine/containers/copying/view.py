"""View: the whole tree of a container, opened to be read, whatever state it is in.

    it runs       its overlay is mounted at rootfs/: that is opened
    it does not   its layers are mounted there for a moment, to be read: opened, and
                  unmounted at once. What is open stays, and nobody else sees it; if
                  we are killed, the kernel takes it away

Neither shows what a container has mounted inside: volumes, /proc, /etc/hosts. Those
mounts are in its own mount namespace. What is seen here are the empty files and
directories below them.

man: umount(2) on MNT_DETACH, mount_namespaces(7)
Try it: `lab run --name box busybox touch /x; lab export box | tar t`
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from engine import files
from engine.containers.house import House
from engine.containers.record import Container
from engine.errors import Conflict
from engine.kernel import mounts
from engine.runtime.bundle import Bundle

_PATIENCE = 10.0  # seconds for a container that is just being started, or has ended


class Seen(NamedTuple):
    """An open root directory; `shifted`: owners are those seen from outside."""

    root: int
    shifted: bool


@contextmanager
def whole_tree(house: House, container: Container) -> Iterator[Seen]:
    """The root directory of the container's tree, open."""
    seen = _open(house, container)
    with files.closing(seen.root):
        yield seen


def _open(house: House, container: Container) -> Seen:
    place = container.directory / "rootfs"
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if container.running:
            shifted = container.identities is not None
            return Seen(files.open_directory(place), shifted)
        lock = files.try_lock(container.directory / "alive")
        if lock is not None:
            with files.closing(lock):
                layers = Bundle.read(container.directory / "bundle").layers
                assert layers is not None, "a container that the engine made has layers"
                whole = (layers.upper, *layers.lower)
                return Seen(open_layers(whole, place), shifted=False)
        time.sleep(0.01)
        container = house.records.find(container.id)
    raise Conflict(
        f"container {container.id} is being started or removed",
        "Try again in a moment.",
    )


def open_layers(layers: Sequence[Path], place: Path) -> int:
    """The root of layers, topmost first, that are mounted for as long as it is open.

    `place` is a directory to mount on for a moment. Nothing can be written to them, so
    nothing has to be synced when they go.
    """
    mounts.overlay_to_read(place, layers)
    try:
        return files.open_directory(place)
    finally:
        mounts.unmount(place)
