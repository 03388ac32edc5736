"""Wanted: what a shim looks up in config.json, when it needs it.

A shim knows little of its container by heart (see ShimFacts in bundle.py). What can
change while it lives, a name, a restart policy, is read anew each time: `lab rename`
and `lab update` only write config.json, and need not reach the shim.

Try it: `lab run -d --name box busybox sleep 60; lab update --restart always box`
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import files
from engine.runtime.restart import NEVER_AGAIN, RestartPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedVolume:
    """A volume that the container is given, by name, and where."""

    name: str
    destination: str
    read_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
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
