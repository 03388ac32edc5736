"""What is on the disk, as the tables of `lab system df`.

    TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE
    Images          2         1         1.984MB   0B (0%)

Sizes are those of the files, each layer once; RECLAIMABLE is what pruning would free.

Try it: `lab system df`, `lab system df -v`, `lab system df --format json`
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from labshell.templates.listing import Listing, Row
from labshell.views.amounts import size
from labshell.views.containers import CONTAINERS, container_row
from labshell.views.listing import IMAGES, VOLUMES, image_rows, volume_row

if TYPE_CHECKING:
    from engine.engine import DiskUsage, Share

KINDS = Listing(
    headings={
        "Type": "TYPE",
        "TotalCount": "TOTAL",
        "Active": "ACTIVE",
        "Size": "SIZE",
        "Reclaimable": "RECLAIMABLE",
    },
    columns=("Type", "TotalCount", "Active", "Size", "Reclaimable"),
    gives_way="Type",
)
SHARED_IMAGES = IMAGES.with_columns("SharedSize", "UniqueSize", "Containers")
SIZED_CONTAINERS = CONTAINERS._replace(
    columns=tuple("ID Image Command LocalVolumes Size RunningFor Status Names".split()),
)
SIZED_VOLUMES = VOLUMES._replace(columns=("Name", "Links", "Size"))


def kind_rows(found: "DiskUsage") -> Iterator[Row]:
    """A row for each kind of thing."""
    yield _kind("Images", found.layers)
    yield _kind("Containers", found.written)
    yield _kind("Local Volumes", found.kept)
    yield {
        "Type": "Build Cache",
        "TotalCount": "0",
        "Active": "0",
        "Size": "0B",
        "Reclaimable": "0B",
    }


def _kind(name: str, share: "Share") -> Row:
    percent = f" ({share.reclaimable * 100 // share.size}%)" if share.size else ""
    return {
        "Type": name,
        "TotalCount": str(share.total),
        "Active": str(share.active),
        "Size": exact(share.size),
        "Reclaimable": f"{exact(share.reclaimable)}{percent}",
    }


def detailed_rows(found: "DiskUsage", *, whole: bool = False) -> dict[str, list[Row]]:
    """A row for each image, container and volume, by kind."""
    images: list[Row] = [
        {
            **row,
            "SharedSize": exact(one.shared),
            "UniqueSize": exact(one.unique),
            "Containers": str(one.containers),
        }
        for one in found.images
        for row in image_rows(one.image, whole=whole)
    ]
    containers: list[Row] = [
        {**container_row(one.container, whole=whole), "Size": size(one.written)}
        for one in found.containers
    ]
    volumes: list[Row] = [
        {**volume_row(one.volume), "Links": str(one.links), "Size": size(one.size)}
        for one in found.volumes
    ]
    return {
        "Images": images,
        "Containers": containers,
        "Volumes": volumes,
        "BuildCache": [],
    }


def on_the_disk(found: "DiskUsage") -> str:
    """The same once more, as du(1) counts."""
    return (
        f"On the disk: {size(found.blobs)} in blobs (layers as tars, to send away) and "
        f"{size(found.snapshots)} in snapshots\n(the same unpacked, for containers)."
    )


def exact(count: int) -> str:
    """A number of bytes with four digits, as Docker prints what is shared."""
    return size(count, digits=4)
