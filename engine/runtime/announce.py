"""Announcing: the events of one container, told by its shim.

Who asks for events wants to know more than an ID: each carries the container's name,
image and labels. They are those of the moment (wanted.py): a name may have changed.

Source: Docker Engine API 1.41, /events
Try it: `lab events --since 1m`
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from engine import events
from engine.errors import EngineError
from engine.runtime.sandbox import Endpoint
from engine.runtime.wanted import WantedRecord


def command_line(arguments: Sequence[str]) -> str:
    """How an event quotes what is executed: a space after the program, always."""
    program, *others = arguments
    return f"{program} {' '.join(others)}"


class Announcer:
    """Writes events of the container in `directory`."""

    def __init__(self, directory: Path, wanted: WantedRecord) -> None:
        """`wanted` is the container's: its name and labels of the moment."""
        self._directory, self._wanted = directory, wanted
        self._root = directory.parents[1]

    def tell(self, action: str, **attributes: str) -> None:
        """`action` happened to the container."""
        with contextlib.suppress(EngineError, OSError):  # its record is damaged
            wanted = self._wanted.now()
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

    def disconnected(self, endpoints: tuple[Endpoint, ...]) -> None:
        """These endpoints of the container are no longer there."""
        for one in endpoints:
            details = {"container": self._directory.name, "name": one.network}
            details["type"] = "bridge"
            events.record(self._root, "network", "disconnect", one.network_id, details)

    def _tell_of_volumes(self, action: str) -> None:
        with contextlib.suppress(EngineError, OSError):
            for volume in self._wanted.now().volumes:
                details = {"container": self._directory.name, "driver": "local"}
                if action == "mount":
                    details["destination"] = volume.destination
                    details["propagation"] = ""
                    details["read/write"] = str(not volume.read_only).lower()
                events.record(self._root, "volume", action, volume.name, details)
