"""Pins: asking for a container's network namespace, and what comes.

The namespace is made by a child of the spawner (see runtime/pinning.py), which sends
two open files: the namespace, and a netlink socket that works in it for ever.

man: unix(7) on SCM_RIGHTS, network_namespaces(7)
Try it: `ls -l /run/labshell/*/netns`
"""

import os
from pathlib import Path
from typing import NamedTuple

from engine import gate
from engine.errors import EngineError
from engine.runtime import channel, client
from engine.runtime.place import Place


class Pinned(NamedTuple):
    """An open network namespace, and a netlink socket that works in it."""

    namespace: int
    channel: int

    def __enter__(self) -> "Pinned":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.namespace)
        os.close(self.channel)


def hold(pin: Path, place: Place, record: Path, *, at_once: bool = False) -> Pinned:
    """The namespace that is pinned at `pin`, made if there is none.

    Acts are written into `record`, each when it happens if somebody is watching
    (`at_once`). EngineError if the kernel would not.
    """
    pin.parent.mkdir(mode=0o700, exist_ok=True)
    request = {"pin": str(pin), "acts": str(record), "at_once": at_once}
    with client.connect_to_spawner(place) as connection:
        channel.send(connection, request, gate.descriptors())
        kind, payload, descriptors = channel.receive(connection)
    answer = channel.decode(payload) if kind else {}
    if "error" in answer:
        raise EngineError.from_json(answer["error"])
    if len(descriptors) != 2:
        raise EngineError(
            "no network namespace came: the process that makes it was killed",
            "Try again in a moment.",
        )
    return Pinned(namespace=descriptors[0], channel=descriptors[1])
