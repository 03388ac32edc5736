"""Keeping a porter: what the shim does for it.

    1  take the published ports          refused? then the container does not start
    2  fork: the copy is the porter      it inherits the sockets
    3  wait for its word                 the name server must be there before a program
                                         inside can ask it
    4  have the kernel lead in           where the firewall can: translation.py
    5  whenever it has ended: back to 2

Ports are held from the start of a container to its last end, also between two attempts
of its restart policy. The porter of a killed shim is killed by the kernel: no port
stays taken by nobody.

man: fork(2), prctl(2) on PR_SET_PDEATHSIG
Try it: `lab run -d -p 8080:80 busybox httpd -f; lab tree; pkill -9 lab-porter`
"""

import contextlib
import os
import select
import signal
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from engine.errors import EngineBroken, EngineError, from_os_error
from engine.kernel import processes
from engine.runtime.logs import leave_word
from engine.runtime.loop import READ, Loop
from engine.runtime.record import StateRecord
from engine.runtime.sandbox import Published, Sandbox

if TYPE_CHECKING:
    from engine.runtime.porter.listening import Door

_PATIENCE = 5.0  # seconds for a porter to begin; it takes milliseconds
_PAUSE = 0.2  # seconds before the next one, when one has ended


class _Work(NamedTuple):
    """What a porter has to do: pass on to this `place`, tell `names`.

    `table` is that of the firewall which does most of the first, "" if none does.
    """

    place: str
    names: bool
    table: str


_NOTHING = _Work("", False, "")


class Porter:
    """The porter of one container, if it needs one."""

    def __init__(
        self,
        loop: Loop,
        record: StateRecord,
        published: tuple[Published, ...],
        recording: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        """`record` is told which ports the container has; acts are in a `recording`."""
        self._loop, self._record, self._published = loop, record, published
        self._directory, self._recording = record.directory, recording
        self._doors: list[Door] = []
        self._pid = 0
        self._pidfd = -1
        self._work = _NOTHING

    def refusal(self) -> EngineError | None:
        """Have all there for a start; else why not, and that was the start, then."""
        try:
            self._open()
            return None
        except (EngineError, OSError) as error:  # a port is taken, too many open files
            why = from_os_error(error) if isinstance(error, OSError) else error
            with contextlib.suppress(OSError):  # whoever asked hears it in any case
                self._record.failed(why)
            return why

    def renew(self) -> None:
        """The container's networks are others than before: so is what is to be done.

        EngineError if a port is not to be had, now that it could be reached.
        """
        self._open()
        self._record.write(self._record.state._replace(ports=self._record.ports))

    def _open(self) -> None:
        """Take the ports and have a porter there, if it needs one and has none."""
        sandbox = Sandbox.read(self._directory)
        endpoints = sandbox.endpoints if sandbox else ()
        place, table = next(
            ((one.address, one.table) for one in endpoints if one.gateway), ("", "")
        )
        work = _Work(place, any(each.has_names for each in endpoints), table)
        if work != self._work:
            self._dismiss()
            try:
                self._begin(work)
            except BaseException:
                self.close()
                raise
        self._record.ports = tuple(door.opened for door in self._doors)

    def _begin(self, work: _Work) -> None:
        if not work.place:
            self._give_back()
        elif self._published and not self._doors:
            from engine.runtime.porter import listening  # few containers have any

            with self._recording("start"):
                self._doors = listening.take(self._published, work.place)
        self._work = work
        if self._doors or work.names:
            self._hire()
        if self._doors and work.table:
            from engine.runtime import translation

            rules = [
                translation.Rule(
                    one.address, one.protocol, one.port, work.place, one.inside
                )
                for one in (door.opened for door in self._doors)
            ]
            with self._recording("start"):
                translation.lead(work.table, rules)

    def close(self) -> None:
        """Give the ports back, and let the porter go."""
        self._dismiss()
        self._give_back()

    def _dismiss(self) -> None:
        self._work = _NOTHING
        if self._pid:
            with self._recording("end"):
                processes.send_signal(self._pidfd, self._pid, signal.SIGKILL)
            self._reap()

    def _give_back(self) -> None:
        for door in self._doors:
            door.socket.close()
        self._doors = []

    def _hire(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            self._pid = processes.fork()
            if self._pid == 0:
                self._become_porter(theirs)
            self._pidfd = os.pidfd_open(self._pid)
            self._loop.watch(self._pidfd, READ, self._lost)
            theirs.close()
            if not select.select([ours], [], [], _PATIENCE)[0] or not ours.recv(1):
                raise EngineBroken(
                    "the porter of the container does not begin its work",
                    f"{self._directory}/shim.log may tell why.",
                )

    def _become_porter(self, report: socket.socket) -> NoReturn:
        try:
            from engine.runtime.porter import serving  # the shim does not need it

            serving.serve(self._directory, self._doors, report)
        except Exception:
            leave_word(self._directory)
        finally:
            os._exit(1)

    def _lost(self) -> None:
        """The porter has ended: nobody but us should end it."""
        self._reap()
        self._loop.later(_PAUSE, self._replace)

    def _replace(self) -> None:
        if self._work != _NOTHING and not self._pid:  # else nobody needs it now
            try:
                self._hire()
            except EngineError:
                self._loop.later(_PAUSE, self._replace)

    def _reap(self) -> None:
        self._loop.forget(self._pidfd)
        os.close(self._pidfd)
        os.waitpid(self._pid, 0)
        self._pid = 0
