"""The shim: the process that stays with a container for as long as it runs.

Shell and command may end, the container goes on. Somebody must hold its terminal, write
its log, collect its exit status and answer those who ask. That is the shim, one for
each container, small, and with one thread:

    clients ──▶ containers' socket ──▶ ┌──────┐ ──▶ log.jsonl, state.json
                                       │ shim │
                   lock `alive`, held ─└──┬───┘
                                          │ starter (gone) … task: process 1

It is alive as long as it holds the lock: a lock that is free under a container that
should run means that the shim was killed, and the next command repairs it.

What a client may ask is the table REQUESTS; what then happens to process 1 is in
life.py. The end of the program is told to everybody as {"exit": status}: after the
record says so and, if it is not run again, after the lock is free, so that whoever
hears it may remove the container.

man: flock(2), unix(7), prctl(2) on PR_SET_CHILD_SUBREAPER
Try it: `lab run -d busybox sleep 60; lab tree`
"""

import contextlib
import functools
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine import gate
from engine.errors import EngineError, InvalidState, from_os_error
from engine.runtime import channel, release, state
from engine.runtime.bundle import ShimFacts
from engine.runtime.clients import Client, Reception
from engine.runtime.life import Life
from engine.runtime.loop import Loop
from engine.runtime.porter.keeping import Porter
from engine.runtime.state import State
from engine.runtime.tasks import Task


class Shim:
    """Owns one container."""

    def __init__(
        self, directory: Path, lock: int, listener: socket.socket, first: socket.socket
    ) -> None:
        """`directory` holds the container; `first` is the connection that asked."""
        self.directory = directory
        self._lock = lock
        self._loop = Loop()
        self._clients: list[Client] = []
        self._waiting: list[Client] = []  # for the next end of the program
        self._starters: list[Client] = []  # for the start under way
        self._stoppers: list[Client] = []  # for the last end of the program
        self._facts = ShimFacts.read(directory / "bundle")
        self._life = Life(self._loop, directory, self._facts, self._began, self._ended)
        self._let_go = False
        self._pauser: Client | None = None
        asked, record = self._facts.published, self._life.record
        self._porter = Porter(self._loop, record, asked, self._life.recording)
        self._reception = Reception(self._loop, listener, self._welcome)
        self._welcome(first)

    @property
    def _state(self) -> State:
        return self._life.record.state

    def run(self) -> None:
        """Serve until the container has ended and everybody has heard of it."""
        while not self._over():
            self._loop.turn()
        if not self._let_go:  # whoever was attached has gone before it was started
            self._life.task.close()
            self._leave()

    def _over(self) -> bool:
        if self._let_go:
            return all(client.idle for client in self._clients)
        return self._life.over and not self._clients

    # Clients

    def _welcome(self, connection: socket.socket) -> None:
        client = Client(self._loop, connection, self._on_message, self._on_close)
        self._clients.append(client)

    def _on_close(self, client: Client) -> None:
        self._clients.remove(client)
        for who in (self._waiting, self._stoppers, self._starters):
            if client in who:
                who.remove(client)
        task = self._task_of(client)
        task.detach(client)
        if not task.terminal and task.input_owner is client:
            task.close_input()
        with self._life.recording("cp"):
            self._life.viewers.leave(client, needed=not self._life.over)
        if client is self._pauser and self._state.status == state.PAUSED:
            with contextlib.suppress(OSError, EngineError):  # it stays as recorded
                self._life.unpause()  # a commit was killed: what it paused goes on

    def _task_of(self, client: Client) -> Task:
        """What a client is attached to: what it has executed, else the container."""
        return self._life.execs.task_of(client) or self._life.task

    def _on_message(self, client: Client, kind: bytes, payload: bytes) -> None:
        if kind == channel.STDIN:
            self._task_of(client).write(payload)
            return
        try:
            request = channel.decode(payload)
            handler = REQUESTS.get(str(request.get("do")))
            if handler is None:
                raise InvalidState(f"the shim cannot do {request.get('do')}")
            handler(self, client, request)
        except EngineError as error:
            client.refuse(error)
        except OSError as error:
            client.refuse(from_os_error(error))

    # Requests
    def _attach(self, client: Client, request: dict[str, Any]) -> None:
        task = self._life.task
        task.attach(client)
        self._waiting.append(client)
        if request.get("stdin"):
            task.input_owner = client
        client.releases = bool(request.get("releases"))
        client.answer(terminal=task.terminal)

    def _wait(self, client: Client, request: dict[str, Any]) -> None:
        client.answer()
        if self._let_go:  # it came a moment too late to be told with the others
            client.send(channel.encode({"exit": self._state.exit_code}))
        else:
            self._waiting.append(client)

    def _close_stdin(self, client: Client, request: dict[str, Any]) -> None:
        self._task_of(client).close_input()

    def _resize(self, client: Client, request: dict[str, Any]) -> None:
        self._task_of(client).resize(int(request["rows"]), int(request["columns"]))

    def _signal(self, client: Client, request: dict[str, Any]) -> None:
        self._life.signal(int(request["number"]))
        client.answer()

    def _stop(self, client: Client, request: dict[str, Any]) -> None:
        """Answered when it has ended and will stay so."""
        if self._life.over:
            client.answer()
            return
        self._stoppers.append(client)
        try:
            if self._state.stepped:
                self._life.break_off()
            else:
                self._life.stop(int(request["number"]), float(request["grace"]))
        except EngineError:
            self._stoppers.remove(client)
            raise

    def _restart(self, client: Client, request: dict[str, Any]) -> None:
        """Answered when it runs anew."""
        if self._life.over:
            self._start(client, request)
            return
        number, grace = int(request["number"]), float(request["grace"])
        self._life.stop(number, grace, again=True)
        self._starters.append(client)

    def _pause(self, client: Client, request: dict[str, Any]) -> None:
        self._life.pause()
        self._pauser = client if request.get("briefly") else None
        client.answer()

    def _unpause(self, client: Client, request: dict[str, Any]) -> None:
        self._life.unpause()
        client.answer()

    def _start(self, client: Client, request: dict[str, Any]) -> None:
        if self._let_go:  # it has just ended: whoever asks tries again with a new shim
            client.close()
            return
        self._life.record.must_not_be_stepped()
        if not self._life.launching:  # else another was faster: both hear how it went
            self._life.record.after(state.START)
            if "rows" in request:
                self._resize(client, request)
            if error := self._porter.refusal():
                self._starters.append(client)
                self._began(error)
                return
            at_once = bool(request.get("at_once"))
            self._life.start(at_once=at_once, asked=client.file)
        self._starters.append(client)

    def _networks(self, client: Client, request: dict[str, Any]) -> None:
        """The container's networks are others than before."""
        self._porter.renew()
        client.answer()

    def _execs(self, client: Client, request: dict[str, Any]) -> None:
        client.answer(ids=self._life.execs.ids)

    def _files(self, client: Client, request: dict[str, Any]) -> None:
        """Answered with the container's files, whether it runs or not."""
        if self._let_go:
            raise InvalidState("the container has just ended")
        self._life.record.must_not_be_stepped()
        with self._life.recording("cp"):
            self._life.viewers.show(client)

    def _exec(self, client: Client, request: dict[str, Any]) -> None:
        self._life.record.must_run()
        if self._state.status == state.PAUSED:
            raise InvalidState(
                "Container is paused, unpause the container before exec",
                "`lab unpause NAME` gives it the CPU back.",
            )
        at_once = bool(request.get("at_once"))
        recording = functools.partial(self._life.recording, "exec", at_once=at_once)
        self._life.execs.start(client, request, self._life.task, recording)

    def _gate(self, client: Client, request: dict[str, Any]) -> None:
        """From now on somebody is asked before each act of this shim."""
        descriptor = client.take_file()
        if descriptor is not None:
            gate.install(descriptor)

    # What becomes of process 1

    def _began(self, error: EngineError | None) -> None:
        """The program runs, or could not: say so."""
        starters, self._starters = self._starters, []
        if error:
            self._end()
        for client in starters:
            if error:
                client.refuse(error)
            else:
                client.answer(pid=self._life.task.pid)
        if error:
            self._answer_stoppers()

    def _ended(self, status: int, last: bool) -> None:
        """The program has ended; `last`: nobody will run it again by itself."""
        waiting, self._waiting = self._waiting, []
        if last:
            self._end()
        for client in waiting:
            client.send(channel.encode({"exit": status}))
        if last:
            self._answer_stoppers()

    def _answer_stoppers(self) -> None:
        stoppers, self._stoppers = self._stoppers, []
        for client in stoppers:
            client.answer()

    def _end(self) -> None:
        """Leave; and have a --rm container removed if none of the clients will."""
        if self._facts.auto_remove and not any(c.releases for c in self._clients):
            release.later(self.directory)
        self._leave()

    def _leave(self) -> None:
        """Give up the lock and the socket: from now on the container is nobody's."""
        self._life.disconnect()
        self._let_go = True
        self._porter.close()
        self._reception.close()
        os.close(self._lock)


REQUESTS: dict[str, Callable[[Shim, Client, dict[str, Any]], None]] = {
    "attach": Shim._attach,
    "wait": Shim._wait,
    "close-stdin": Shim._close_stdin,
    "resize": Shim._resize,
    "signal": Shim._signal,
    "stop": Shim._stop,
    "restart": Shim._restart,
    "pause": Shim._pause,
    "unpause": Shim._unpause,
    "start": Shim._start,
    "exec": Shim._exec,
    "execs": Shim._execs,
    "files": Shim._files,
    "gate": Shim._gate,
    "networks": Shim._networks,
}
