"""Reading a container's log while it may still grow.

A follower reads what is there, then waits for more. inotify(7) wakes it when a file in
the container's directory grows or is put aside, and the end of the program is told by
its shim: so there is nothing to poll. Where a restart policy runs the program again
the log goes on.

man: inotify(7)
Try it: `lab run -d --name box busybox ping 127.0.0.1; lab logs -f box`
"""

import contextlib
import select
from collections.abc import Generator

from engine import times
from engine.containers.house import House
from engine.containers.record import Container
from engine.containers.sessions import waiting
from engine.errors import InvalidState, NotFound
from engine.growing import Follower, GrowingFile
from engine.growing import follow as follow_file
from engine.kernel import watches
from engine.runtime import client
from engine.runtime.client import Connection
from engine.runtime.logs import LogEntry


class LogFollower(Follower[LogEntry]):
    """What a container has printed; with `follow` also what it will, until it ends.

    `since` and `until` are seconds since 1970. Of the last `tail` lines those are told
    that were printed between them.
    """

    def __init__(
        self,
        house: House,
        container: Container,
        *,
        follow: bool = False,
        since: float | None = None,
        until: float | None = None,
        tail: int | None = None,
    ) -> None:
        if container.options.log_driver == "none":
            raise InvalidState(
                "configured logging driver does not support reading",
                "It was made with --log-driver none: what it printed was not kept.",
            )
        self._house, self._container = house, container
        self._first = times.at(since) if since is not None else ""
        self._last = times.at(until) if until is not None else "~"  # behind every digit
        self._shim: Connection | None = None
        self._both = select.epoll() if follow else None
        directory = container.directory
        changes = watches.on_files_in(directory) if follow else None
        super().__init__(GrowingFile(directory / "log.jsonl", tail), changes, until)
        if self._both and changes is not None:
            self._both.register(changes, select.EPOLLIN)
            try:
                self._meet_shim()
            except BaseException:
                self.close()
                raise

    def fileno(self) -> int:
        """What is readable if the log has grown, or the shim has told something."""
        assert self._both, "what is not followed has an end"
        return self._both.fileno()

    def _is_complete(self) -> bool:
        over = super()._is_complete()
        while self._shim and self._has_ended(self._shim):
            self._shim.close()
            self._shim = None
            with contextlib.suppress(NotFound):
                self._container = self._house.records.find(self._container.id)
                self._meet_shim()
        return over or self._shim is None

    def _meet_shim(self) -> None:
        """Ask to be told of the program's end, unless that has come for good."""
        if self._container.active and self._both:
            self._shim = waiting.connect(self._house, self._container)
            if self._shim:
                self._both.register(self._shim.socket, select.EPOLLIN)

    def _has_ended(self, shim: Connection) -> bool:
        """Whether the program has; it may be run again."""
        try:
            while shim.exit_status is None:
                shim.receive(wait=False)
        except BlockingIOError:
            return False
        except client.GONE:
            pass
        return True

    def _parse(self, line: bytes) -> LogEntry:
        return LogEntry.parse(line)

    def _is_too_late(self, entry: LogEntry) -> bool:
        return entry.time > self._last

    def _is_wanted(self, entry: LogEntry) -> bool:
        return entry.time >= self._first

    def close(self) -> None:
        """Let go of everything."""
        super().close()
        if self._shim:
            self._shim.close()
            self._shim = None
        if self._both:
            self._both.close()


def entries(
    house: House,
    container: Container,
    *,
    follow: bool = False,
    since: float | None = None,
    until: float | None = None,
    tail: int | None = None,
) -> Generator[LogEntry, None, None]:
    """The same, one by one; sleeps while there is nothing new."""
    yield from follow_file(
        LogFollower(
            house, container, follow=follow, since=since, until=until, tail=tail
        )
    )
