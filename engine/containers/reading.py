"""Reading a container's log while it may still grow.

A follower reads what is there, then waits for more. inotify(7) wakes it when the file
grows, and the container's end is told by its shim: so there is nothing to poll.

man: inotify(7)
Try it: `lab run -d --name box busybox ping 127.0.0.1; lab logs -f box`
"""

import os
import select
from collections.abc import Generator, Iterator
from pathlib import Path

from engine.containers.house import House
from engine.containers.record import Container
from engine.errors import InvalidState
from engine.kernel import watches
from engine.runtime import client, logs
from engine.runtime.client import Connection
from engine.runtime.logs import LogEntry


def entries(house: House, container: Container, follow: bool) -> Iterator[LogEntry]:
    """What the container has printed; `follow` waits for more until it ends."""
    path = container.directory / "log.jsonl"
    place = yield from _more(path, 0)
    if not follow or not container.active:
        return
    watch = watches.on_change(path)
    connection = _waiting(house, container)
    try:
        while connection and connection.exit_status is None:
            place = yield from _more(path, place)
            ready = select.select([watch, connection.socket.fileno()], [], [])[0]
            if watch in ready:
                os.read(watch, 4096)
            else:
                connection.receive()
        yield from _more(path, place)
    finally:
        if connection:
            connection.close()
        os.close(watch)


def _waiting(house: House, container: Container) -> Connection | None:
    """A connection that will hear of the container's end; None if it has come."""
    try:
        connection = client.connect(house.place, container.directory)
    except InvalidState:
        return None
    try:
        connection.ask("wait")
    except client.GONE:  # its shim was about to end when we came
        connection.close()
        return None
    return connection


def _more(path: Path, place: int) -> Generator[LogEntry, None, int]:
    """What is in the log from byte `place` on; returns the place where it ended."""
    for entry, end in logs.read(path, place):
        yield entry
        place = end
    return place
