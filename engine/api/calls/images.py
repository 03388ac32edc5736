"""Images: list, inspect, history, names, removal.

What is done is told in lines by the engine, "Untagged: mine:1"; here each is an object.

Source: Docker Engine API 1.41, "Images"
Try it: `curl --unix-socket /run/labshell/labd.sock http://labd/images/json`
"""

import time
from collections.abc import Iterable
from typing import Any

from engine.api.answers import Answer, as_json, nothing
from engine.api.call import Call
from engine.api.problems import Problem
from engine.api.routes import Route
from engine.engine import StoredImage
from engine.filters import to_prune, truth
from engine.moments import seconds_since_epoch


def listed(call: Call) -> Answer:
    """A list of them, the newest first."""
    request = call.request
    found = call.engine.images(all=request.flag("all"), filters=request.filters())
    return as_json([summary(image) for image in found])


def summary(image: StoredImage) -> dict[str, Any]:
    """An image as an entry of a list; -1 stands for what was not counted.

    One without a name has "<none>", by which clients know it.
    """
    nameless = not image.references and not image.repo_digests
    return {
        "Containers": -1,
        "Created": created(image.created),
        "Id": image.id,
        "Labels": dict(image.config.defaults.labels) or None,
        "ParentId": image.parent or "",
        "RepoDigests": ["<none>@<none>"] if nameless else list(image.repo_digests),
        "RepoTags": ["<none>:<none>"] if nameless else list(image.references),
        "SharedSize": -1,
        "Size": image.size,
        "VirtualSize": image.size,
    }


def created(moment: str) -> int:
    """Seconds since 1970; 0 of an image that does not say when it was made."""
    try:
        return int(seconds_since_epoch(moment))
    except ValueError:
        return 0


def inspect(call: Call) -> Answer:
    """All that there is to say of one."""
    return as_json(call.engine.inspect(call.image, "image"))


def history(call: Call) -> Answer:
    """The steps that made it, the newest first."""
    return as_json(
        [
            {
                "Comment": row.comment,
                "Created": created(row.created),
                "CreatedBy": row.created_by,
                "Id": row.id,
                "Size": row.size,
                "Tags": list(row.tags) or None,
            }
            for row in call.engine.history(call.image)
        ]
    )


def tag(call: Call) -> Answer:
    """Give it one more name."""
    repository, tag = call.request.text("repo"), call.request.text("tag")
    call.engine.tag(call.image, f"{repository}:{tag}" if tag else repository)
    return nothing(201)


def remove(call: Call) -> Answer:
    """Remove a name, and with the last one the image."""
    force, keeps = call.request.flag("force"), call.request.flag("noprune")
    return as_json(
        removed(call.engine.remove_image(call.image, force=force, parents=not keeps))
    )


def removed(lines: Iterable[str]) -> list[dict[str, str]]:
    """What was done, as objects: {"Untagged": "mine:1"}."""
    parts = (line.partition(": ") for line in lines)
    return [{what: name} for what, _, name in parts]


def prune(call: Call) -> Answer:
    """Remove those without a name; with dangling=false all that no container uses."""
    filters = call.request.filters()
    named = truth(filters, "dangling") is False
    others = {key: filters[key] for key in filters if key != "dangling"}
    pruned = call.engine.prune_images(named, to_prune(others, time.time()))
    return as_json(
        {
            "ImagesDeleted": removed(pruned.lines) or None,
            "SpaceReclaimed": pruned.reclaimed,
        }
    )


def search(call: Call) -> Answer:
    """Nobody keeps an index here."""
    raise Problem(
        501, "search is not supported here: a registry of one's own has no index"
    )


ROUTES = (
    Route("GET", "/images/json", listed),
    Route("GET", "/images/search", search),
    Route("POST", "/images/prune", prune, slow=True),
    Route("GET", "/images/{image}/json", inspect),
    Route("GET", "/images/{image}/history", history),
    Route("POST", "/images/{image}/tag", tag),
    Route("DELETE", "/images/{image}", remove, slow=True),
)
