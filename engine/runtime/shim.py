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
life.py, and who hears of it in audience.py.

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
from engine.errors import Aborted, EngineError, InvalidState, from_os_error
from engine.runtime import channel, release, state
from engine.runtime.audience import Audience
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
        self._audience = Audience()
        self._stepper: Client | None = None  # is about to step through a start
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
        self._audience.leave(client)
        if client is self._stepper:
            self._call_off(Aborted())
        task = self._task_of(client)
        task.detach(client)
        if task.input_owner is client:
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
        self._audience.waiting.append(client)
        if request.get("stdin"):
            task.input_owner = client
        client.releases = bool(request.get("releases"))
        client.answer(terminal=task.terminal)

    def _wait(self, client: Client, request: dict[str, Any]) -> None:
        client.releases = client.releases or bool(request.get("releases"))
        client.answer()
        if self._let_go:  # it came a moment too late to be told with the others
            client.send(channel.encode({"exit": self._state.exit_code}))
        else:
            self._audience.waiting.append(client)

    def _close_stdin(self, client: Client, request: dict[str, Any]) -> None:
        self._task_of(client).close_input()

    def _resize(self, client: Client, request: dict[str, Any]) -> None:
        task = self._life.execs.find(request) or self._task_of(client)
        task.resize(int(request["rows"]), int(request["columns"]))
        client.answer()

    def _signal(self, client: Client, request: dict[str, Any]) -> None:
        self._life.signal(int(request["number"]))
        client.answer()

    def _stop(self, client: Client, request: dict[str, Any]) -> None:
        """Answered when it has ended and will stay so."""
        if self._stepper:
            self._audience.starters.append(self._stepper)
            self._audience.stoppers.append(client)
            self._call_off(Aborted())
            return
        if self._life.over:
            client.answer()
            return
        self._audience.stoppers.append(client)
        try:
            if self._state.stepped:
                self._life.break_off()
            else:
                self._life.stop(int(request["number"]), float(request["grace"]))
        except EngineError:
            self._audience.stoppers.remove(client)
            raise

    def _restart(self, client: Client, request: dict[str, Any]) -> None:
        """Answered when it runs anew."""
        if self._life.over:
            self._start(client, request)
            return
        number, grace = int(request["number"]), float(request["grace"])
        self._life.stop(number, grace, again=True)
        self._audience.starters.append(client)

    def _pause(self, client: Client, request: dict[str, Any]) -> None:
        self._life.pause()
        self._pauser = client if request.get("briefly") else None
        client.answer()

    def _unpause(self, client: Client, request: dict[str, Any]) -> None:
        self._life.unpause()
        client.answer()

    def _step(self, client: Client, request: dict[str, Any]) -> None:
        """It makes what a start needs, step by step, and then will ask for it."""
        if self._let_go or self._life.launching:  # as with a start
            client.close()
            return
        self._life.record.must_not_be_stepped()
        self._life.runtime.must_ask()
        self._life.record.begins(stepped=True)
        self._stepper = client
        client.answer()

    def _call_off(self, error: EngineError) -> None:
        """There will be no start: what was to come before it has failed."""
        self._stepper = None
        with contextlib.suppress(OSError):  # a full disk: those who wait hear it
            self._life.record.failed(error)
        self._began(error)

    def _start(self, client: Client, request: dict[str, Any]) -> None:
        if self._let_go:  # it has just ended: whoever asks tries again with a new shim
            client.close()
            return
        if client is not self._stepper:
            self._life.record.must_not_be_stepped()
        if not self._life.launching:  # else another was faster: both hear how it went
            self._life.record.after(state.START)
            if "rows" in request:
                self._life.task.resize(int(request["rows"]), int(request["columns"]))
            if error := channel.error_in(request) or self._porter.refusal():
                self._audience.starters.append(client)
                self._call_off(error)
                return
            self._stepper = None
            self._life.start(at_once=bool(request.get("at_once")), asked=client.file)
        self._audience.starters.append(client)

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
        self._life.record.must_not_be_paused()
        at_once = bool(request.get("at_once"))
        recording = functools.partial(self._life.recording, "exec", at_once=at_once)
        self._life.execs.start(client, request, self._life.task, recording)

    def _gate(self, client: Client, request: dict[str, Any]) -> None:
        """From now on somebody is asked before each act of this shim."""
        if (descriptor := client.take_file()) is not None:
            gate.install(descriptor)

    # What becomes of process 1

    def _began(self, error: EngineError | None) -> None:
        """The program runs, or could not: say so."""
        if error:
            self._end()
        self._audience.began(self._life.task.pid, self._state.exit_code, error)

    def _ended(self, status: int, last: bool) -> None:
        """The program has ended; `last`: nobody will run it again by itself."""
        if last:
            self._end()
        self._audience.ended(status, last)

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
    "step": Shim._step,
    "start": Shim._start,
    "exec": Shim._exec,
    "execs": Shim._execs,
    "files": Shim._files,
    "gate": Shim._gate,
    "networks": Shim._networks,
}
