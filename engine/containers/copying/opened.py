"""Opened: a container's root directory as a descriptor, whatever state it is in.

What the kernel needs for that is in runtime/outside.py. Here it is asked for, and let
go of: while the descriptor is open, the container may be started, stopped, killed; it
only cannot be removed.

Everything that is then done goes through this descriptor, by kernel/paths.py: there is
no path on the machine that leads to a container's file, and so none that a link in the
container could bend.

Try it: `lab run -d --name box -v data:/data busybox sleep 60; lab cp box:/data -`
"""

import contextlib
from collections.abc import Iterator

from engine.containers.house import House
from engine.containers.record import Container
from engine.errors import EngineBroken, InvalidState
from engine.runtime import client
from engine.runtime.client import Connection

_ATTEMPTS = 5  # a shim may be about to end when it is reached


@contextlib.contextmanager
def opened(house: House, container: Container) -> Iterator[int]:
    """The root of a container's files, volumes included, while this lasts."""
    house.prepare()
    connection = _ask(house, container)
    try:
        root, _namespace = connection.received  # both are closed with the connection
        yield root
    finally:
        connection.close()


def _ask(house: House, container: Container) -> Connection:
    for attempt in range(1, _ATTEMPTS + 1):
        connection = client.reach(house.place, container.directory)
        try:
            connection.ask("files")
            return connection
        except (InvalidState, EngineBroken):
            connection.close()
            if attempt == _ATTEMPTS:
                raise
        except BaseException:
            connection.close()
            raise
    raise AssertionError("unreachable")
