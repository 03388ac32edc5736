"""Checks for "A container on paper": what labshell-runc has made of which bundle."""

import json
from pathlib import Path

from engine.engine import Bundled
from engine.errors import NotFound
from labshell.lessons.checks import Lab, Outcome

PROGRAM = ["sleep", "3600"]


def was_created(lab: Lab) -> Outcome:
    """A container was made of the bundle, and waits to become the program."""
    found = _found(lab, lab.values["box"])
    if isinstance(found, Outcome):
        return found
    if found.status == "stopped":
        return lab.failed("{{box}} has stopped already.", earned=1)
    if _config(found)["process"]["args"] != PROGRAM:
        return lab.failed(
            "{{box}} was made, but to run something else than `sleep 3600`.", earned=2
        )
    if found.status != "created":
        return lab.failed(
            "{{box}} was made as asked, and has been started already.", earned=3
        )
    return lab.passed("{{box}} was made of its bundle, and waits.")


def was_started(lab: Lab) -> Outcome:
    """The process that waited has become the program."""
    found = _found(lab, lab.values["box"])
    if isinstance(found, Outcome):
        return found
    if found.status != "running":
        return lab.failed(
            "{{box}} does not run: it is {subject}.", subject=found.status
        )
    command = Path(f"/proc/{found.container.pid}/cmdline").read_bytes()
    if command.rstrip(b"\0").split(b"\0") != [word.encode() for word in PROGRAM]:
        return lab.failed("{{box}} runs something else than `sleep 3600`.", earned=1)
    return lab.passed("{{box}} runs: its process is `sleep` now.")


def was_mended(lab: Lab) -> Outcome:
    """A container was made of the broken bundle, and what was asked for is in it."""
    found = _found(lab, lab.values["bad"])
    if isinstance(found, Outcome):
        return found
    config = _config(found)
    if config["process"]["args"] != PROGRAM:
        return lab.failed("{{bad}} is not to run `sleep 3600`.", earned=1)
    if config.get("hostname") != lab.values["host"]:
        return lab.failed(
            "{{bad}} was made, but of another config.json: its host name was {{host}}.",
            earned=1,
        )
    if found.status not in ("created", "running"):
        return lab.failed("{{bad}} has stopped already.", earned=2)
    return lab.passed("The bundle of {{bad}} keeps to the specification.")


def _found(lab: Lab, id: str) -> Bundled | Outcome:
    """The container of this name that was made of a bundle in one of the volumes."""
    for one in Bundled.below(lab.engine.root):
        if one.container.id == id:
            return one
    try:
        lab.engine.container(id)
    except NotFound:
        return lab.failed("labshell-runc has no container {subject}.", subject=id)
    return lab.failed(
        "{subject} is a container of the engine's, which was not to be asked.",
        subject=id,
    )


def _config(found: Bundled) -> dict[str, dict[str, object]]:
    path = Path(found.container.bundle, "config.json")
    config: dict[str, dict[str, object]] = json.loads(path.read_bytes())
    return config
