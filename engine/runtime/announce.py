"""Announcing: the events of one container, told by its shim.

Who asks for events wants to know more than an ID: each carries the container's name,
image and labels. They are those of the moment: config.json is read again if it has
been replaced, because a name may have changed since.

Source: Docker Engine API 1.41, /events
Try it: `lab events --since 1m`
"""

import contextlib
import os
from pathlib import Path

from engine import events
from engine.errors import EngineError
from engine.runtime.wanted import Wanted


class Announcer:
    """Writes events of the container in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._root = directory.parents[1]
        self._known: tuple[tuple[int, int], Wanted] | None = None

    def _wanted(self) -> Wanted:
        """What config.json says now."""
        now = os.stat(self._directory / "config.json")
        stamp = (now.st_ino, now.st_mtime_ns)
        if self._known is None or self._known[0] != stamp:
            self._known = (stamp, Wanted.read(self._directory))
        return self._known[1]

    def tell(self, action: str, **attributes: str) -> None:
        """`action` happened to the container."""
        with contextlib.suppress(EngineError, OSError):  # its record is damaged
            wanted = self._wanted()
            known = {**wanted.labels, "image": wanted.image, "name": wanted.name}
            events.record(
                self._root,
                "container",
                action,
                self._directory.name,
                {**known, **attributes},
            )

    def mounted(self) -> None:
        """The container's volumes can be seen in it from now on."""
        self._tell_of_volumes("mount")

    def unmounted(self) -> None:
        """And no longer."""
        self._tell_of_volumes("unmount")

    def _tell_of_volumes(self, action: str) -> None:
        with contextlib.suppress(EngineError, OSError):
            for volume in self._wanted().volumes:
                details = {"container": self._directory.name, "driver": "local"}
                if action == "mount":
                    details["destination"] = volume.destination
                    details["propagation"] = ""
                    details["read/write"] = str(not volume.read_only).lower()
                events.record(self._root, "volume", action, volume.name, details)
