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


@contextlib.contextmanager
def opened(house: House, container: Container) -> Iterator[int]:
    """The root of a container's files, volumes included, while this lasts."""
    house.prepare()
    with _asked(house, container) as connection:
        root, _namespace = connection.received  # both are closed with the connection
        yield root


def _asked(house: House, container: Container, attempts: int = 5) -> Connection:
    """A connection over which the files have come."""
    connection = client.reach(house.place, container.directory)
    try:
        connection.ask("files")
        return connection
    except (InvalidState, EngineBroken):  # a shim that was about to end when we came
        connection.close()
        if attempts == 1:
            raise
        return _asked(house, container, attempts - 1)
    except BaseException:
        connection.close()
        raise
