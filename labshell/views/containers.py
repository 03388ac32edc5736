"""Containers as rows of a table, as fields for templates, and as JSON.

    CONTAINER ID   IMAGE     COMMAND     CREATED         STATUS         PORTS     NAMES
    3c05019b6d77   busybox   "sleep 1d"  2 minutes ago   Up 2 minutes             web

The columns, the fields and the words in them are Docker's. `--json` is for programs
and loses nothing.

Try it: `lab ps -a`, `lab ps --format '{{.Names}}: {{.Status}}'`, `lab ps -a --json`
"""

import json
from collections.abc import Mapping
from typing import Any

from engine.engine import Container
from engine.moments import ago
from labshell.templates.listing import Listing, Row
from labshell.views.amounts import local_time, size
from labshell.views.ports import published_ports
from labshell.views.tables import shorten

CONTAINERS = Listing(
    headings={
        "ID": "CONTAINER ID",
        "Image": "IMAGE",
        "Command": "COMMAND",
        "CreatedAt": "CREATED AT",
        "RunningFor": "CREATED",
        "Status": "STATUS",
        "Ports": "PORTS",
        "Names": "NAMES",
        "Size": "SIZE",
        "Labels": "LABELS",
        "LocalVolumes": "LOCAL VOLUMES",
        "Mounts": "MOUNTS",
        "Networks": "NETWORKS",
        "State": "STATE",
    },
    columns=("ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"),
    gives_way="Command",
)
_WIDEST_MOUNT, _WIDEST_COMMAND = 15, 20


def container_row(
    container: Container,
    sizes: tuple[int, int] | None = None,
    *,
    image: str = "",
    whole: bool = False,
    under_oom: bool = False,
) -> Row:
    """The fields of a container; `whole` cuts nothing short.

    `image` is what its image is called now, if not as it was asked for; `sizes` are the
    bytes that it has written, and those with its image's; one that is `under_oom` hangs
    until it gets more memory.
    """
    state, command = container.state, container.command_line
    mounts = [bound.volume or str(bound.source) for bound in container.bound]
    amount = f"{size(sizes[0])} (virtual {size(sizes[1])})" if sizes else "0B"
    return {
        "ID": container.id if whole else container.id[:12],
        "Image": image_called(image or container.image, whole=whole),
        "Command": quoted(command if whole else shorten(command, _WIDEST_COMMAND)),
        "CreatedAt": local_time(container.created),
        "RunningFor": ago(container.created),
        "Status": container.status + (" (under OOM)" if under_oom else ""),
        "Ports": published_ports(container),
        "Names": container.name,
        "Size": amount,
        "Labels": pairs(container.labels),
        "Label": lambda key: container.labels.get(key, ""),
        "LocalVolumes": str(sum(1 for bound in container.bound if bound.volume)),
        "Mounts": ",".join(
            mount if whole else shorten(mount, _WIDEST_MOUNT) for mount in mounts
        ),
        "Networks": container.options.network,
        "State": state.status,
    }


def image_called(image: str, *, whole: bool) -> str:
    """A name as it is, an ID as lists show it."""
    is_id = image.startswith("sha256:") and not whole
    return image.removeprefix("sha256:")[:12] if is_id else image


def quoted(text: str) -> str:
    """The text between double quotes, in one line."""
    return json.dumps(text, ensure_ascii=False)


def pairs(labels: Mapping[str, str]) -> str:
    """Labels as `key=value,key=value`, by key."""
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels))


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
        "stepped": state.stepped,
        "health": state.health.status,
        "started_at": state.started_at,
        "finished_at": state.finished_at,
        "oom_killed": state.oom_killed,
        "labels": dict(container.labels),
    }
