"""Disk: what images, containers and volumes take, and what could be had back.

    images       the layers, each counted once, however many images stand on it
      shared     of an image: its layers that another image has, too
      unique     of an image: what goes when it goes
    containers   the read-write layers
    volumes      what is in them; `links` are the containers that use one

Two ways to count, both true. The sizes are those of the *files*, as Docker counts. On
the *disk* a layer is there twice: as a tar that can be sent away (blob), and unpacked
for containers to stand on (snapshot).

What could be had back is what `lab system prune -a --volumes` deletes: layers that no
container stands on, containers that do not run, volumes that nobody uses.

Source: moby daemon/disk_usage.go (behaviour)
Try it: `lab system df -v`
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.containers.house import House
from engine.containers.record import Container
from engine.images.stored import StoredImage
from engine.storage import usage
from engine.storage.volumes import Volume


class ImageUsage(NamedTuple):
    """One image: bytes that others have, too, bytes of its own, its containers."""

    image: StoredImage
    shared: int
    unique: int
    containers: int


class ContainerUsage(NamedTuple):
    """One container: the bytes that it has written."""

    container: Container
    written: int


class VolumeUsage(NamedTuple):
    """One volume: the bytes in it, and how many containers use it."""

    volume: Volume
    size: int
    links: int


class Share(NamedTuple):
    """One line of `lab system df`: how many, in use, bytes, bytes to be had back."""

    total: int
    active: int
    size: int
    reclaimable: int


class DiskUsage(NamedTuple):
    """Everything; `blobs` and `snapshots` are bytes on the disk, in blocks."""

    images: tuple[ImageUsage, ...]
    containers: tuple[ContainerUsage, ...]
    volumes: tuple[VolumeUsage, ...]
    layers: Share
    written: Share
    kept: Share
    blobs: int
    snapshots: int


def disk_usage(house: House, containers: Sequence[Container]) -> DiskUsage:
    """What everything takes. It looks at every file, and may take a while."""
    images = house.images.list(intermediate=False)
    uses = Counter(container.image_id for container in containers)
    written = tuple(
        ContainerUsage(container=one, written=usage.of(one.directory / "upper").content)
        for one in containers
    )
    volumes = tuple(_volumes(house, containers))
    return DiskUsage(
        images=tuple(_images(images, uses)),
        containers=written,
        volumes=volumes,
        layers=_share_of_layers(house, images, uses),
        written=Share(
            total=len(written),
            active=sum(one.container.active for one in written),
            size=sum(one.written for one in written),
            reclaimable=sum(x.written for x in written if not x.container.active),
        ),
        kept=Share(
            total=len(volumes),
            active=sum(one.links > 0 for one in volumes),
            size=sum(one.size for one in volumes),
            reclaimable=sum(one.size for one in volumes if not one.links),
        ),
        blobs=usage.of(house.images.content.blobs).disk,
        snapshots=usage.of(house.images.snapshots.directory).disk,
    )


def _sizes(images: Iterable[StoredImage]) -> dict[str, int]:
    """The bytes in each layer of these images, by its chain_id."""
    return {
        chain_id: size
        for image in images
        for chain_id, size in zip(image.chain_ids, image.layer_sizes, strict=True)
    }


def _images(images: Sequence[StoredImage], uses: Counter[str]) -> Iterable[ImageUsage]:
    owners = Counter(chain_id for image in images for chain_id in image.chain_ids)
    for image in images:
        shared = sum(
            size for chain_id, size in _sizes([image]).items() if owners[chain_id] > 1
        )
        yield ImageUsage(
            image=image,
            shared=shared,
            unique=image.size - shared,
            containers=uses[image.id],
        )


def _share_of_layers(
    house: House, images: Sequence[StoredImage], uses: Counter[str]
) -> Share:
    """All layers, those of unnamed parents too, each once."""
    sizes = _sizes(house.images.list())
    used = [image for image in images if uses[image.id]]
    size = sum(sizes.values())
    return Share(
        total=len(images),
        active=len(used),
        size=size,
        reclaimable=size - sum(_sizes(used).values()),
    )


def _volumes(house: House, containers: Sequence[Container]) -> Iterable[VolumeUsage]:
    links = Counter(
        name for one in containers for name in {path.volume for path in one.bound}
    )
    for volume in house.volumes.all():
        yield VolumeUsage(
            volume=volume,
            size=0 if volume.options else usage.of(volume.mountpoint).content,
            links=links[volume.name],
        )
