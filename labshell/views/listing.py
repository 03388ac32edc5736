"""Images, their history and volumes: rows of a table, fields for templates, JSON.

    REPOSITORY   TAG       IMAGE ID       CREATED         SIZE
    busybox      latest    8c0d5f1a2b3c   2 minutes ago   1.98MB

The columns, the fields and the words in them are Docker's; `--json` is for programs
and loses nothing.

Try it: `lab images --format '{{.Repository}}'`, `lab images --json`
"""

from typing import TYPE_CHECKING, Any

from engine.engine import StoredImage, Volume
from engine.moments import ago
from labshell.templates.listing import Listing, Row
from labshell.views.amounts import local_time, size
from labshell.views.containers import pairs
from labshell.views.tables import shorten

if TYPE_CHECKING:
    from engine.engine import HistoryRow

IMAGES = Listing(
    headings={
        "Repository": "REPOSITORY",
        "Tag": "TAG",
        "Digest": "DIGEST",
        "ID": "IMAGE ID",
        "CreatedSince": "CREATED",
        "CreatedAt": "CREATED AT",
        "Size": "SIZE",
        "VirtualSize": "VIRTUAL SIZE",
        "SharedSize": "SHARED SIZE",
        "UniqueSize": "UNIQUE SIZE",
        "Containers": "CONTAINERS",
    },
    columns=("Repository", "Tag", "ID", "CreatedSince", "Size"),
    gives_way="Repository",
)
WITH_DIGESTS = IMAGES._replace(
    columns=("Repository", "Tag", "Digest", "ID", "CreatedSince", "Size")
)
HISTORY = Listing(
    headings={
        "ID": "IMAGE",
        "CreatedSince": "CREATED",
        "CreatedAt": "CREATED AT",
        "CreatedBy": "CREATED BY",
        "Size": "SIZE",
        "Comment": "COMMENT",
    },
    columns=("ID", "CreatedSince", "CreatedBy", "Size", "Comment"),
    gives_way="CreatedBy",
)
VOLUMES = Listing(
    headings={
        "Driver": "DRIVER",
        "Name": "VOLUME NAME",
        "Scope": "SCOPE",
        "Mountpoint": "MOUNTPOINT",
        "Labels": "LABELS",
        "Links": "LINKS",
        "Size": "SIZE",
    },
    columns=("Driver", "Name"),
    gives_way="Name",
)
NONE, UNKNOWN = "<none>", "N/A"


def short_id(digest: str) -> str:
    """The twelve digits that people use of a digest or an ID."""
    return digest.removeprefix("sha256:")[:12]


def image_rows(image: StoredImage, *, whole: bool) -> list[Row]:
    """The fields of an image once for each of its names; `whole` cuts nothing."""
    return [
        {
            "Repository": repository,
            "Tag": tag,
            "Digest": digest,
            "ID": image.id if whole else short_id(image.id),
            "CreatedSince": _since(image.created),
            "CreatedAt": _at(image.created),
            "Size": size(image.size),
            "VirtualSize": size(image.size, digits=4),
            "SharedSize": UNKNOWN,
            "UniqueSize": UNKNOWN,
            "Containers": UNKNOWN,
        }
        for repository, tag, digest in _names(image)
    ]


def _names(image: StoredImage) -> list[tuple[str, str, str]]:
    """Each (repository, tag, digest) of an image; `<none>` for what it has not."""
    names = []
    for reference in image.references:
        repository, colon, tag = reference.partition("@")[0].rpartition(":")
        # The last colon of localhost:5000/x belongs to a port, not to a tag.
        has_tag = colon and "/" not in tag and "@" not in reference
        names.append((repository, tag) if has_tag else (reference, NONE))
    called = (one.partition("@") for one in image.repo_digests)
    known = {repository: digest for repository, _, digest in called}
    rows = [(name, tag, known.get(name, NONE)) for name, tag in names]
    alone = [(name, NONE, digest) for name, digest in known.items()]
    return rows or alone or [(NONE, NONE, NONE)]


def image_json(image: StoredImage) -> dict[str, Any]:
    """One image for programs."""
    return {
        "id": image.id,
        "references": list(image.references),
        "digests": list(image.repo_digests),
        "parent": image.parent,
        "created": image.created,
        "size": image.size,
        "layers": list(image.config.diff_ids),
    }


def history_row(row: "HistoryRow", *, whole: bool, human: bool = True) -> Row:
    """The fields of one step; `human`: sizes and times in words."""
    created = row.created or UNKNOWN
    return {
        "ID": row.id if whole else short_id(row.id),
        "CreatedSince": _since(row.created) if human else created,
        "CreatedAt": created,
        "CreatedBy": row.created_by if whole else shorten(row.created_by, 45),
        "Size": size(row.size) if human else str(row.size),
        "Comment": row.comment,
    }


def history_json(row: "HistoryRow") -> dict[str, Any]:
    """One line of an image's history for programs."""
    return {
        "id": row.id,
        "created": row.created,
        "created_by": row.created_by,
        "size": row.size,
        "comment": row.comment,
        "tags": list(row.tags),
    }


def volume_row(volume: Volume) -> Row:
    """The fields of one volume."""
    return {
        "Driver": "local",
        "Name": volume.name,
        "Scope": "local",
        "Mountpoint": str(volume.mountpoint),
        "Labels": pairs(volume.labels),
        "Label": lambda key: volume.labels.get(key, ""),
        "Links": UNKNOWN,
        "Size": UNKNOWN,
    }


def volume_json(volume: Volume) -> dict[str, Any]:
    """One volume for programs."""
    return {
        "name": volume.name,
        "created": volume.created,
        "labels": dict(volume.labels),
        "options": dict(volume.options),
        "mountpoint": str(volume.mountpoint),
    }


def _since(moment: str | None) -> str:
    """How long ago, or N/A for an image whose maker left the time out."""
    try:
        return ago(moment) if moment else UNKNOWN
    except ValueError:
        return UNKNOWN


def _at(moment: str | None) -> str:
    try:
        return local_time(moment) if moment else UNKNOWN
    except ValueError:
        return UNKNOWN
