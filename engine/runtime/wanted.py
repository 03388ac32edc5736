"""Wanted: what a shim looks up in config.json, when it needs it.

A shim knows little of its container by heart (see ShimFacts in bundle.py). What can
change while it lives, a name, a restart policy, is looked up when it is needed: `lab
rename` and `lab update` only write config.json, and need not reach the shim. As they
replace the file, one look at its number and time tells whether to read it again.

Try it: `lab run -d --name box busybox sleep 60; lab update --restart always box`
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine import files
from engine.errors import EngineError
from engine.runtime.restart import NEVER_AGAIN, RestartPolicy


class WantedVolume(NamedTuple):
    """A volume that the container is given, by name, and where."""

    name: str
    destination: str
    read_only: bool


class Wanted(NamedTuple):
    """What is wanted of a container, and how events call it."""

    name: str
    image: str
    labels: Mapping[str, str]
    restart: RestartPolicy
    volumes: tuple[WantedVolume, ...]

    @staticmethod
    def read(directory: Path) -> "Wanted":
        """What config.json says in the container's `directory`."""

        def parse(data: Any) -> Wanted:
            policy = data["options"].get("restart")
            return Wanted(
                name=data["name"],
                image=data["image"],
                labels=data["labels"],
                restart=RestartPolicy.from_json(policy) if policy else NEVER_AGAIN,
                volumes=tuple(
                    WantedVolume(
                        name=path["volume"],
                        destination=path["destination"],
                        read_only=path["read_only"],
                    )
                    for path in data["bound"]
                    if path["volume"]
                ),
            )

        return files.read_record(directory / "config.json", parse)


class WantedRecord:
    """What is wanted of the container in `directory`, and may change meanwhile."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known: tuple[tuple[int, int], Wanted] | None = None

    def now(self) -> Wanted:
        """What config.json says now. EngineError if it is damaged, or OSError."""
        now = os.stat(self._directory / "config.json")
        stamp = (now.st_ino, now.st_mtime_ns)
        if self._known is None or self._known[0] != stamp:
            self._known = (stamp, Wanted.read(self._directory))
        return self._known[1]

    def policy(self) -> RestartPolicy:
        """Whether to run it again; if that cannot be told, let it rest."""
        try:
            return self.now().restart
        except (EngineError, OSError):
            return NEVER_AGAIN
