"""The workbench: the files of an image, to be changed without a container.

    lower   the layers of the image
    upper   empty: what COPY writes goes here, and is the next layer
    root    both as one tree, an overlay: an open directory, mounted nowhere

A container's read-write layer without a container. The overlay is mounted for a moment
only: once its root is open the mount is taken away, and lives as long as the
descriptor; whoever kills us takes it away too, and nobody else ever sees it.

man: umount(2) on MNT_DETACH; Documentation/filesystems/overlayfs.rst, "volatile"
Try it: `printf 'FROM busybox\\nWORKDIR /new\\n' | lab build -`
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from engine import entries, files
from engine.containers.copying.view import open_layers
from engine.containers.house import House
from engine.kernel import mounts


class Bench(NamedTuple):
    """The open root of the tree, and the directory that gets what is written."""

    root: int
    upper: Path


@contextmanager
def laid_out(house: House, layers: Sequence[Path]) -> Iterator[Bench]:
    """The files of `layers`, topmost first, to be written over while this lasts.

    The caller closes `root`, and takes `upper` away as a layer after that.
    """
    house.prepare()
    with house.images.snapshots.scratch() as place:
        upper = place / "upper"
        entries.make_directory(upper, 0o755)
        yield Bench(root=_open(place, upper, layers), upper=upper)


def _open(place: Path, upper: Path, layers: Sequence[Path]) -> int:
    if not layers:  # from scratch: what is written is all there is
        return files.open_directory(upper)
    for name in ("work", "root"):
        entries.make_directory(place / name, 0o755)
    mounts.overlay(place / "root", layers, upper, place / "work", volatile=True)
    try:
        return files.open_directory(place / "root")
    finally:
        mounts.unmount(place / "root")


@contextmanager
def to_read(house: House, layers: Sequence[Path]) -> Iterator[int]:
    """The root of `layers`, topmost first, to be read while this lasts."""
    house.prepare()
    with house.images.snapshots.scratch() as place:
        if len(layers) == 1:  # of an overlay the kernel wants two
            root = files.open_directory(layers[0])
        elif layers:
            root = open_layers(layers, place)
        else:
            root = files.open_directory(place)
        with files.closing(root):
            yield root
