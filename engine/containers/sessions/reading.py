"""Reading a container's log while it may still grow.

A follower reads what is there, then waits for more. inotify(7) wakes it when a file in
the container's directory grows or is put aside, and the end of the program is told by
its shim: so there is nothing to poll. Where a restart policy runs the program again
the log goes on.

man: inotify(7)
Try it: `lab run -d --name box busybox ping 127.0.0.1; lab logs -f box`
"""

import contextlib
import os
import select
import time
from collections.abc import Generator, Iterator

from engine import files, times
from engine.containers.house import House
from engine.containers.record import Container
from engine.errors import InvalidState, NotFound
from engine.growing import GrowingFile
from engine.kernel import watches
from engine.runtime import client
from engine.runtime.client import Connection
from engine.runtime.logs import LogEntry


def entries(
    house: House,
    container: Container,
    *,
    follow: bool = False,
    since: float | None = None,
    until: float | None = None,
    tail: int | None = None,
) -> Generator[LogEntry, None, None]:
    """What the container has printed; `follow` waits for more until it ends.

    `since` and `until` are seconds since 1970. Of the last `tail` lines those are told
    that were printed between them.
    """
    if container.options.log_driver == "none":
        raise InvalidState(
            "configured logging driver does not support reading",
            "It was made with --log-driver none: what it printed was not kept.",
        )
    first = times.at(since) if since is not None else ""
    last = times.at(until) if until is not None else "~"  # behind every digit
    log = GrowingFile(container.directory / "log.jsonl", tail)
    try:
        for _ in _looks(house, container, until) if follow else [None]:
            for line in log.lines():
                with contextlib.suppress(ValueError):  # cut short by a full disk
                    entry = LogEntry.parse(line)
                    if entry.time > last:
                        return
                    if entry.time >= first:
                        yield entry
    finally:
        log.close()


def _looks(house: House, container: Container, until: float | None) -> Iterator[None]:
    """Yields whenever there may be more in the log; the last time when it has ended."""
    with files.closing(watches.on_files_in(container.directory)) as changed:
        while container.active and (connection := _waiting(house, container)):
            with connection:
                while connection.exit_status is None:
                    yield
                    if not _wait(changed, connection, until):
                        return
            try:
                container = house.records.find(container.id)
            except NotFound:
                break
        yield


def _wait(changed: int, connection: Connection, until: float | None) -> bool:
    """Wait until something has happened; False when `until` is over."""
    left = None if until is None else max(0.0, until - time.time())
    ready = select.select([changed, connection.socket.fileno()], [], [], left)[0]
    if changed in ready:
        os.read(changed, 4096)
    elif ready:
        connection.receive()
    return bool(ready)


def _waiting(house: House, container: Container) -> Connection | None:
    """A connection that will hear of the program's end; None if it has come."""
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
