"""Containers, images and volumes as rows of a table, and as JSON.

    CONTAINER ID   IMAGE     COMMAND     CREATED         STATUS         PORTS     NAMES
    3c05019b6d77   busybox   "sleep 1d"  2 minutes ago   Up 2 minutes             web

The columns and the words in them are Docker's. Each kind has two functions: one for
the eye, one for programs (`--json`), which loses nothing.

Try it: `lab ps -a`, `lab ps -a --json | python3 -m json.tool`
"""

import shlex
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from engine.engine import Container, State, StoredImage, Volume
from labshell.views.amounts import ago, since, size
from labshell.views.tables import shorten

if TYPE_CHECKING:
    from engine.engine import HistoryRow

CONTAINERS = (
    "CONTAINER ID",
    "IMAGE",
    "COMMAND",
    "CREATED",
    "STATUS",
    "PORTS",
    "NAMES",
)
IMAGES = ("REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE")
HISTORY = ("IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT")
VOLUMES = ("DRIVER", "VOLUME NAME")
NONE = "<none>"


def short_id(digest: str) -> str:
    """The twelve digits that people use of a digest or an ID."""
    return digest.removeprefix("sha256:")[:12]


def container_row(container: Container, *, whole: bool) -> tuple[str, ...]:
    """One line of `lab ps`; `whole` cuts nothing short."""
    command = shlex.join(container.command)
    return (
        container.id if whole else short_id(container.id),
        container.image,
        f'"{command if whole else shorten(command, 20)}"',
        ago(container.created),
        status(container.state),
        "",
        container.name,
    )


def status(state: State) -> str:
    """The state of a container in words: "Exited (137) 5 minutes ago"."""
    match state.status:
        case "running":
            return f"Up {since(state.started_at)}{_health(state)}"
        case "paused":
            return f"Up {since(state.started_at)} (Paused)"
        case "restarting":
            return f"Restarting ({state.exit_code}) {ago(state.finished_at)}"
        case "exited":
            return f"Exited ({state.exit_code}) {ago(state.finished_at)}"
        case "removing":
            return "Removal In Progress"
        case other:
            return other.capitalize()


def _health(state: State) -> str:
    """In Docker's words, behind "Up 3 seconds"; nothing if nobody asks."""
    match state.health.status:
        case "none":
            return ""
        case "starting":
            return " (health: starting)"
        case other:
            return f" ({other})"


def container_json(container: Container) -> dict[str, Any]:
    """One container for programs."""
    state = container.state
    return {
        "id": container.id,
        "name": container.name,
        "image": container.image,
        "image_id": container.image_id,
        "command": list(container.command),
        "created": container.created,
        "status": state.status,
        "pid": state.pid,
        "exit_code": state.exit_code,
        "restarts": state.restarts,
        "health": state.health.status,
        "started_at": state.started_at,
        "finished_at": state.finished_at,
        "oom_killed": state.oom_killed,
        "labels": dict(container.labels),
    }


def image_rows(
    image: StoredImage, pattern: str | None = None, *, whole: bool
) -> list[tuple[str, ...]]:
    """The lines of `lab images` for one image: one for each name that fits."""
    identity = image.id if whole else short_id(image.id)
    return [
        (repository, tag, identity, _when(image.created), size(image.size))
        for repository, tag in _names(image, pattern)
    ]


def is_called(image: StoredImage, pattern: str | None) -> bool:
    """Whether a name of the image fits "repository" or "repository:tag"."""
    return bool(_names(image, pattern))


def _names(image: StoredImage, pattern: str | None) -> list[tuple[str, str]]:
    """Each (repository, tag) of an image that fits; `<none>` if it has no name."""
    names = []
    for reference in image.references:
        repository, colon, tag = reference.partition("@")[0].rpartition(":")
        # The last colon of localhost:5000/x belongs to a port, not to a tag.
        has_tag = colon and "/" not in tag and "@" not in reference
        names.append((repository, tag) if has_tag else (reference, NONE))
    return [
        (repository, tag)
        for repository, tag in names or [(NONE, NONE)]
        if pattern is None
        or fnmatchcase(repository, pattern)
        or fnmatchcase(f"{repository}:{tag}", pattern)
    ]


def image_json(image: StoredImage) -> dict[str, Any]:
    """One image for programs."""
    return {
        "id": image.id,
        "references": list(image.references),
        "parent": image.parent,
        "created": image.created,
        "size": image.size,
        "layers": list(image.config.diff_ids),
    }


def history_row(row: "HistoryRow", *, whole: bool) -> tuple[str, ...]:
    """One line of `lab history`."""
    return (
        row.id if whole else short_id(row.id),
        _when(row.created),
        row.created_by if whole else shorten(row.created_by, 45),
        size(row.size),
        row.comment,
    )


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


def volume_row(volume: Volume) -> tuple[str, ...]:
    """One line of `lab volume ls`."""
    return ("local", volume.name)


def volume_json(volume: Volume) -> dict[str, Any]:
    """One volume for programs."""
    return {
        "name": volume.name,
        "created": volume.created,
        "labels": dict(volume.labels),
        "mountpoint": str(volume.mountpoint),
    }


def _when(moment: str | None) -> str:
    """How long ago, or N/A for an image whose maker left the time out."""
    try:
        return ago(moment) if moment else "N/A"
    except ValueError:
        return "N/A"
