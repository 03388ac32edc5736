"""Waiting for the end of a container's program, and perhaps of its record.

    not-running   at once, if it does not run; else when it ends
    next-exit     the next time that it ends, also if it is still to be started
    removed       when it has ended, and its record has gone

The shim tells the end to whoever has asked it to. A container of --rm is removed by one
of those who waits for that; only if nobody does, its shim sees to it. That a record has
gone is told by inotify(7): its directory gets another name.

Source: Docker Engine API 1.41, "Wait for a container"
man: inotify(7)
Try it: `lab wait NAME`
"""

import contextlib
import os
import select

from engine.containers import repair
from engine.containers.house import House
from engine.containers.record import Container
from engine.errors import (
    EngineError,
    InvalidArgument,
    InvalidState,
    NotFound,
    SyscallError,
)
from engine.kernel import watches
from engine.runtime import client, state
from engine.runtime.client import Connection

NOT_RUNNING, NEXT_EXIT, REMOVED = "not-running", "next-exit", "removed"
_BLOCK = 4096  # bytes


def connect(
    house: House, container: Container, *, early: bool = False, removes: bool = False
) -> Connection | None:
    """A connection that will hear of the program's end; None if that has come.

    `early`: also if it is still to be started. `removes`: whoever asks will remove the
    container of --rm.
    """
    reach = client.reach if early else client.connect
    try:
        connection = reach(house.place, container.directory)
    except InvalidState:
        return None
    try:
        connection.ask("wait", releases=removes)
    except client.GONE:  # its shim was about to end when we came
        connection.close()
        return None
    except BaseException:
        connection.close()
        raise
    return connection


class Waiting:
    """Somebody waits for a container. Whoever has it has to close it."""

    def __init__(
        self, house: House, container: Container, condition: str = NOT_RUNNING
    ) -> None:
        """`condition` is one of the three above; "" is the first."""
        if condition not in ("", NOT_RUNNING, NEXT_EXIT, REMOVED):
            raise InvalidArgument(
                f'invalid condition: "{condition}"',
                f"There is {NOT_RUNNING}, {NEXT_EXIT} and {REMOVED}.",
            )
        self._house, self._container = house, container
        self._removed = condition == REMOVED
        self._removes = self._removed and container.options.auto_remove
        self._shim: Connection | None = None
        self._status: int | None = None
        self._gone = -1
        ended = container.state.status in (state.EXITED, state.DEAD)
        early = condition == NEXT_EXIT or (self._removed and not ended)
        try:
            self._begin(early=early)
        except BaseException:
            self.close()
            raise

    def _begin(self, *, early: bool) -> None:
        """Ask to be told what is waited for."""
        if self._removed:
            try:
                self._gone = watches.on_renaming(self._container.directory)
            except SyscallError:  # it has just gone: that is told as NotFound
                self._house.records.find(self._container.id)
                raise
            os.set_blocking(self._gone, False)
        if early:
            self._house.prepare()
        if early or self._container.active:
            self._shim = connect(
                self._house, self._container, early=early, removes=self._removes
            )
        if self._shim is None:
            self._ended(None)

    def fileno(self) -> int:
        """The descriptor to wait at; another one after each `read`."""
        return self._shim.socket.fileno() if self._shim else self._gone

    def read(self) -> int | None:
        """The exit status, as soon as what is waited for has come; does not wait."""
        self._hear()
        if self._shim or (self._removed and not self._has_gone()):
            return None
        return self._status

    def _hear(self) -> None:
        """Take what the shim has told."""
        with contextlib.suppress(BlockingIOError):
            while self._shim:
                self._listen(self._shim)

    def _has_gone(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            os.read(self._gone, _BLOCK)
        return not self._container.directory.exists()

    def _listen(self, shim: Connection) -> None:
        try:
            shim.receive(wait=False)
            if shim.exit_status is None:
                return
        except client.GONE:  # it could not be started, or its shim was killed
            pass
        shim.close()
        self._shim = None
        self._ended(shim.exit_status)

    def _ended(self, status: int | None) -> None:
        """Remember the exit status; None: as its record says."""
        self._status = self._recorded() if status is None else status
        if self._removes:
            from engine.containers import removal

            with contextlib.suppress(EngineError):  # somebody else is at it
                removal.remove(self._house, self._container, volumes=True)

    def _recorded(self) -> int:
        try:
            found = self._house.records.find(self._container.id)
            self._container = repair.repair(self._house, found)
        except NotFound:  # all that is known of it is what it was
            pass
        return self._container.state.exit_code

    def result(self) -> int:
        """The exit status, however long it takes."""
        while (status := self.read()) is None:
            select.select([self], [], [])
        return status

    def close(self) -> None:
        """Wait no more. What was promised is done."""
        if self._removes:
            self._hear()
        if self._shim:
            self._shim.close()
            self._shim = None
        if self._gone >= 0:
            os.close(self._gone)
            self._gone = -1
