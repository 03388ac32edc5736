"""Pins: asking for a container's network namespace, and what comes.

The namespace is made by a child of the spawner (see runtime/pinning.py), which sends
two open files: the namespace, and a netlink socket that works in it for ever.

man: unix(7) on SCM_RIGHTS, network_namespaces(7)
Try it: `ls -l /run/labshell/*/netns`
"""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from engine import gate
from engine.errors import EngineError
from engine.oci.spec import Identities
from engine.runtime import channel, client
from engine.runtime.place import Place

if TYPE_CHECKING:
    from engine.gatekeeper import Decide


class Pinned(NamedTuple):
    """An open network namespace, and a netlink socket that works in it."""

    namespace: int
    channel: int

    def __enter__(self) -> "Pinned":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.namespace)
        os.close(self.channel)


def hold(
    pin: Path,
    place: Place,
    record: Path,
    *,
    at_once: bool = False,
    decide: "Decide | None" = None,
    identities: Identities | None = None,
) -> Pinned:
    """The namespace that is pinned at `pin`, made if there is none.

    With `identities` a new one belongs to a user namespace in which those are mapped.

    Acts are written into `record`, each when it happens if somebody is watching
    (`at_once`); `decide` is asked before each. EngineError if the kernel would not.
    """
    pin.parent.mkdir(mode=0o700, exist_ok=True)
    request: dict[str, Any] = {
        "pin": str(pin),
        "acts": str(record),
        "at_once": at_once,
    }
    if identities:
        request["identities"] = list(identities)
    with client.connect_to_spawner(place) as connection:
        if decide:
            _ask_stepped(connection, request, decide)
        else:
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


def _ask_stepped(
    connection: socket.socket, request: dict[str, Any], decide: "Decide"
) -> None:
    """Ask for the namespace, and let `decide` answer until the child has ended."""
    from engine.gatekeeper import Gatekeeper

    keeper = Gatekeeper()
    try:
        theirs = keeper.let_in()
        try:
            channel.send(connection, request, (theirs,))
        finally:
            os.close(theirs)  # or we would wait for ourselves
        keeper.serve(decide)
    finally:
        keeper.close()
