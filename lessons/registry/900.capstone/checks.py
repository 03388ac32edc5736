"""Checks for "A job: what came on Friday": they read the registry's own files."""

import base64
import http.client
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from labshell.lessons.checks import Lab, Outcome

_SECONDS = 2.0  # for an answer
_PASSWORD = "enigma"
_SMALL = 1 << 20  # bytes: no blob with the key is larger


class Stored(NamedTuple):
    """An image in the registry: what it is called there, and what it consists of."""

    repository: str
    tag: str
    digest: str
    image: str  # its ID
    layers: tuple[str, ...]  # their digests, the bottom one first


def _stored(lab: Lab) -> Iterator[Stored]:
    """Everything that the registry can hand out."""
    if not lab.engine.registry.repositories():
        return
    for one in lab.engine.registry.contents():
        manifest = json.loads(_blob(lab, one.digest).read_bytes())
        layers = tuple(layer.digest for layer in one.layers)
        image = manifest.get("config", {}).get("digest", "")
        yield Stored(one.repository, one.tag, one.digest, image, layers)


def _blob(lab: Lab, digest: str) -> Path:
    return lab.engine.registry.root / "blobs" / digest.replace(":", "/")


def _deployed(lab: Lab, day: str) -> str:
    """The digest of what was deployed on that day, as it was written down."""
    text = (lab.in_volume(lab.values["desk"], "/deployed").data or b"").decode()
    found = re.search(rf"^{day} .*@(sha256:[0-9a-f]{{64}})$", text, re.MULTILINE)
    return found[1] if found else ""


def _team(lab: Lab, more: str = "") -> str:
    """The repository of the team's image, or the one beside it."""
    return f"{lab.values['team']}/{lab.values['image']}{more}"


def _tagged(lab: Lab, repository: str, tag: str) -> Stored | None:
    """What the registry has under this name."""
    for one in _stored(lab):
        if (one.repository, one.tag) == (repository, tag):
            return one
    return None


def thursday_is_back(lab: Lab) -> Outcome:
    """The tag is where it was, and the container is sure to stay where it is."""
    wanted = _deployed(lab, "thursday")
    stable = _tagged(lab, _team(lab), "stable")
    moved = stable is not None and stable.digest == wanted
    name = lab.values["image"] + "-gate"
    gate = lab.container(name, lost=False)
    images = {one.image for one in _stored(lab) if one.digest == wanted}
    runs = gate.running and gate.image_id in images
    asked = lab.engine.inspect(name, kind="container")["Config"]["Image"]
    if not moved and not runs:
        return lab.failed(
            "{{team}}/{{image}}:stable is not Thursday's image, and {{image}}-gate "
            "does not run it."
        )
    if not moved:
        return lab.failed(
            "{{image}}-gate runs Thursday's image. Whoever asks the registry for "
            "`stable` is given another one.",
            earned=2,
        )
    if not runs:
        return lab.failed(
            "{{team}}/{{image}}:stable is Thursday's image. {{image}}-gate does not "
            "run it.",
            earned=2,
        )
    if not asked.endswith(f"@{wanted}"):
        return lab.failed(
            "The gate runs Thursday's image, by a name that may mean another one "
            "tomorrow, or elsewhere none at all: {subject}",
            earned=3,
            subject=asked,
        )
    return lab.passed("Thursday's image is back, and the gate keeps to it.")


def key_is_gone(lab: Lab) -> Outcome:
    """No file of the registry has the key, and what others need can be had."""
    if lost := [day for day in ("monday", "thursday") if not _can_be_had(lab, day)]:
        return lab.failed(
            "The image that was deployed on this day cannot be pulled any more: "
            "{subject}. `:reset step` brings it back.",
            subject=", ".join(lost),
        )
    held = set(_with_the_key(lab))
    tools = _tagged(lab, _team(lab, "-tools"), "1")
    telling = [one for one in _stored(lab) if held & {one.image, *one.layers}]
    if telling:
        untagged = not any(one.tag for one in telling)
        return lab.failed(
            "Images with the key can still be pulled from the registry: {subject}",
            earned=1 if untagged else 0,
            subject=", ".join(sorted({_name(one) for one in telling})),
        )
    if tools is None or _file(lab, tools, "tool") != lab.values["tool"]:
        return lab.failed(
            "No image of the registry has the key. But {{team}}/{{image}}-tools:1, "
            "with its /tool, is not there either.",
            earned=2,
        )
    if held:
        return lab.failed(
            "No image of the registry has the key any more. Its layer still lies in "
            "the registry's files.",
            earned=3,
        )
    return lab.passed("The key is gone from the registry, and nothing else is.")


def _can_be_had(lab: Lab, day: str) -> bool:
    """Whether the registry still has what was deployed on that day, with all blobs."""
    for one in _stored(lab):
        if one.digest == _deployed(lab, day) and one.repository == _team(lab):
            return all(_blob(lab, d).exists() for d in (one.image, *one.layers))
    return False


def _with_the_key(lab: Lab) -> Iterator[str]:
    """The digests of the registry's blobs in which the key can be read."""
    key = lab.values["key"].encode()
    for path in lab.engine.registry.root.rglob("*"):
        small = path.is_file() and path.stat().st_size <= _SMALL
        if small and key in path.read_bytes():
            yield f"sha256:{path.name}"


def _name(stored: Stored) -> str:
    return f"{stored.repository}:{stored.tag or '<none>'}"


def _file(lab: Lab, stored: Stored, name: str) -> str:
    """What a file of its uppermost layer that has one says; nothing if none does."""
    for digest in reversed(stored.layers):
        with tarfile.open(_blob(lab, digest)) as layer:
            if name in layer.getnames() and (data := layer.extractfile(name)):
                return data.read(_SMALL).decode(errors="replace").strip()
    return ""


def knows_who_asks(lab: Lab) -> Outcome:
    """Strangers are refused, and what has a short name comes from next door."""
    image, user = lab.values["image"], lab.values["user"]
    if (answer := _answer(lab)) is None:
        return lab.failed("Nobody answers at port {{port}}.")
    mirrored = _tagged(lab, f"library/{image}", "stable")
    wanted = _deployed(lab, "thursday")
    ready = mirrored is not None and mirrored.digest == wanted
    pulled = ready and f"{image}@{wanted}" in _known_as(lab, f"{image}:stable")
    if answer != 401:
        return lab.failed(
            "The registry at port {{port}} still answers everybody.",
            earned=1 if pulled else 0,
        )
    if _answer(lab, user) != 200:
        return lab.failed(
            "Strangers are refused. But {{user}}, with enigma, is not given Thursday's "
            "image, either."
        )
    if not ready:
        return lab.failed(
            "Strangers are refused, {{user}} is let in. But a mirror would be asked "
            "for library/{{image}}:stable, and Thursday's image is not there.",
            earned=2,
        )
    if not pulled:
        return lab.failed(
            "The door is closed, and the registry could be a mirror. This machine has "
            "not pulled Thursday's image as {{image}}:stable.",
            earned=3,
        )
    return lab.passed("The registry knows who asks, and stands in for docker.io.")


def _known_as(lab: Lab, name: str) -> list[str]:
    """By which digests the image of this name is known; none if there is no such."""
    for image in lab.engine.images():
        if name in image.references:
            return list(lab.engine.inspect(image.id, kind="image")["RepoDigests"])
    return []


def _answer(lab: Lab, user: str = "") -> int | None:
    """What the registry answers to who wants Thursday's image; None if nobody does."""
    headers = {"Accept": "*/*"}
    if user:
        basic = base64.b64encode(f"{user}:{_PASSWORD}".encode()).decode()
        headers["Authorization"] = f"Basic {basic}"
    path = f"/v2/{_team(lab)}/manifests/{_deployed(lab, 'thursday')}"
    port = int(lab.values["port"])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        connection.request("HEAD", path, headers=headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
