"""Layers: what a container sees as one file system, taken apart again.

    read-write   the container's own        changed by it
    init         the engine's               places to mount on
    image        shared by many             never changed

Read off the directories that the overlay shows, so it is true of whatever is there.

Source: Documentation/filesystems/overlayfs.rst of the kernel
Try it: `lab layers NAME`, `lab diff NAME`
"""

from pathlib import Path
from typing import NamedTuple

from engine.containers.house import House
from engine.containers.record import Container
from engine.images.stored import StoredImage
from engine.runtime.bundle import Bundle
from engine.storage import usage
from engine.storage.changes import Change, changes


class LayerView(NamedTuple):
    """One layer as it lies on disk; `below` are the layers under it, topmost first."""

    kind: str
    id: str
    created_by: str
    size: int
    directory: Path
    below: tuple[Path, ...]

    def changes(self) -> list[Change]:
        """What this layer adds, changes and deletes over those below."""
        return list(changes(self.directory, self.below))


def container_changes(container: Container) -> list[Change]:
    """What the read-write layer changes, without the engine's own mount points."""
    layers = Bundle.read(container.directory / "bundle").layers
    return list(changes(layers.upper, layers.lower)) if layers else []


def image_layers(house: House, image: StoredImage) -> tuple[LayerView, ...]:
    """The layers of an image, bottom first; steps without a layer are left out."""
    directories = tuple(reversed(house.images.layer_directories(image)))
    steps = [step for step in house.images.stack(image) if not step.empty]
    return tuple(
        LayerView(
            kind="image",
            id=step.diff_id,
            created_by=step.created_by,
            size=step.size,
            directory=directory,
            below=tuple(reversed(directories[:height])),
        )
        for height, (step, directory) in enumerate(zip(steps, directories, strict=True))
    )


def container_layers(
    house: House, container: Container, image: StoredImage
) -> tuple[LayerView, ...]:
    """The layers of a container, bottom first: image, init, read-write."""
    stack = list(image_layers(house, image))
    for kind, name in (("init", "init"), ("read-write", "upper")):
        directory = container.directory / name
        below = tuple(view.directory for view in reversed(stack))
        stack.append(
            LayerView(
                kind=kind,
                id=container.short_id,
                created_by="labshell" if kind == "init" else container.name,
                size=usage.of(directory).content,
                directory=directory,
                below=below,
            )
        )
    return tuple(stack)


def container_size(house: House, container: Container) -> tuple[int, int]:
    """The bytes that a container has written, and those together with its image's."""
    written = usage.of(container.directory / "upper").content
    image = house.images.by_id().get(container.image_id)
    return written, written + (image.size if image else 0)
