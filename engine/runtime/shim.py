"""The shim: the process that stays with a container for as long as it runs.

Shell and daemon may end, the container goes on. Somebody must hold its terminal, write
its log, collect its exit status and answer those who ask. That is the shim, one for
each container, small, and with one thread:

    clients ──▶ containers' socket ──▶ ┌──────┐ ──▶ log.jsonl, state.json
                                       │ shim │
                   lock `alive`, held ─└──┬───┘
                                          │ starter (gone) … task: process 1

It is alive as long as it holds the lock: a lock that is free under a container that
should run means that the shim was killed, and the next command repairs it.

What a client may ask: attach, start, wait, signal, resize, close-stdin, pause,
unpause, exec. The end of the container is told to everybody as {"exit": status}, after
the record says so and the lock is free, so that whoever hears it may remove it.

man: flock(2), unix(7), prctl(2) on PR_SET_CHILD_SUBREAPER
Try it: `lab run -d busybox sleep 60; lab tree`
"""

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine import acts
from engine.errors import EngineError, InvalidState, from_os_error
from engine.kernel import counters, freezer
from engine.runtime import channel, release, starter, state
from engine.runtime.bundle import ShimFacts
from engine.runtime.clients import Client
from engine.runtime.execs import Execs
from engine.runtime.launch import Launch
from engine.runtime.logs import LogWriter
from engine.runtime.loop import READ, Loop
from engine.runtime.state import StateRecord
from engine.runtime.tasks import Task

SIGKILL = 9


class Shim:
    """Owns one container."""

    def __init__(
        self, directory: Path, lock: int, listener: socket.socket, first: socket.socket
    ) -> None:
        """`directory` holds the container; `first` is the connection that asked."""
        self.directory = directory
        self._lock, self._listener = lock, listener
        self._loop = Loop()
        self._clients: list[Client] = []
        self._waiting: list[Client] = []
        self._bundle = directory / "bundle"
        self._facts = ShimFacts.read(self._bundle)
        self._execs = Execs(self._loop, self._bundle, self._facts)
        self._task = self._new_task()
        self._starters: list[Client] = []  # who waits for the start under way
        self._ended = False
        self._pauser: Client | None = None
        self._record = StateRecord(directory)
        listener.setblocking(False)
        self._loop.watch(listener.fileno(), READ, self._accept)
        self._welcome(first)

    def run(self) -> None:
        """Serve until the container has ended and everybody has heard of it."""
        while not self._over():
            self._loop.turn()
        if not self._ended:  # whoever was attached has gone before it was started
            self._task.close()
            self._let_go()

    def _over(self) -> bool:
        if self._ended:
            return all(client.idle for client in self._clients)
        return self._record.state.pid == 0 and not self._clients and not self._starters

    def _new_task(self) -> Task:
        return Task(
            self._loop,
            terminal=self._facts.terminal,
            interactive=self._facts.interactive,
            log=LogWriter(self.directory / "log.jsonl"),
        )

    # Clients

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        self._welcome(connection)

    def _welcome(self, connection: socket.socket) -> None:
        client = Client(self._loop, connection, self._on_message, self._on_close)
        self._clients.append(client)

    def _on_close(self, client: Client) -> None:
        self._clients.remove(client)
        if client in self._waiting:
            self._waiting.remove(client)
        task = self._task_of(client)
        task.detach(client)
        if not task.terminal and task.input_owner is client:
            task.close_input()
        if client is self._pauser and self._record.state.status == state.PAUSED:
            self._unpause(client, {})  # a commit was killed: what it paused goes on

    def _task_of(self, client: Client) -> Task:
        """What a client is attached to: what it has executed, else the container."""
        return self._execs.task_of(client) or self._task

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
        self._task.attach(client)
        self._waiting.append(client)
        if request.get("stdin"):
            self._task.input_owner = client
        client.releases = bool(request.get("releases"))
        client.answer(terminal=self._task.terminal)

    def _wait(self, client: Client, request: dict[str, Any]) -> None:
        client.answer()
        if self._ended:  # it came a moment too late to be told with the others
            client.send(channel.encode({"exit": self._record.state.exit_code}))
        else:
            self._waiting.append(client)

    def _close_stdin(self, client: Client, request: dict[str, Any]) -> None:
        self._task_of(client).close_input()

    def _resize(self, client: Client, request: dict[str, Any]) -> None:
        self._task_of(client).resize(int(request["rows"]), int(request["columns"]))

    def _signal(self, client: Client, request: dict[str, Any]) -> None:
        self._record.must_run()
        number = int(request["number"])
        self._task.signal(number)
        if number == SIGKILL:
            if self._record.state.status == state.PAUSED:
                self._record.write(self._record.after(state.UNPAUSE))
            freezer.thaw(self._facts.cgroup)  # frozen, it could not even die
        client.answer()

    def _pause(self, client: Client, request: dict[str, Any]) -> None:
        after = self._record.after(state.PAUSE)
        with self._recording():
            freezer.freeze(self._facts.cgroup)
        try:
            self._record.write(after)
        except OSError:  # what no record tells must not be
            freezer.thaw(self._facts.cgroup)
            raise
        self._pauser = client if request.get("briefly") else None
        client.answer()

    def _unpause(self, client: Client, request: dict[str, Any]) -> None:
        after = self._record.after(state.UNPAUSE)
        with self._recording():
            freezer.thaw(self._facts.cgroup)
        self._record.write(after)
        client.answer()

    def _start(self, client: Client, request: dict[str, Any]) -> None:
        self._record.after(state.START)
        self._starters.append(client)
        if len(self._starters) > 1:
            return  # another client was faster: both will hear how it went
        task = self._task

        def in_child(report: socket.socket) -> None:
            starter.start(self._bundle, task.streams, report)

        with self._recording():
            Launch(self._loop, task, in_child, self._started)

    def _started(self, error: EngineError | None) -> None:
        """The program runs, or could not: say so."""
        clients, self._starters = self._starters, []
        if error is None:
            error = self._note_running()
        if error:
            self._clean()
            with contextlib.suppress(OSError):  # the clients hear it in any case
                self._record.failed(error)
            self._let_go()
            for client in clients:
                client.refuse(error)
            return
        for client in clients:
            client.answer(pid=self._task.pid)
        self._task.watch(self._exited)

    def _note_running(self) -> EngineError | None:
        """Write down that it runs; where that is not possible it must not run."""
        try:
            self._record.started(self._task.pid)
        except OSError as error:
            self._task.signal(SIGKILL)
            self._task.reap()
            return from_os_error(error)
        return None

    def _exec(self, client: Client, request: dict[str, Any]) -> None:
        self._record.must_run()
        if self._record.state.status == state.PAUSED:
            raise InvalidState(
                "Container is paused, unpause the container before exec",
                "`lab unpause NAME` gives it the CPU back.",
            )
        with self._recording():
            self._execs.start(client, request, self._task)

    # The end

    def _exited(self, task: Task, status: int) -> None:
        """Process 1 has ended, and with it every process of its pid namespace."""
        self._execs.reap_all()
        kills = counters.memory_kills(self._facts.cgroup)
        self._clean()
        with contextlib.suppress(OSError):  # a full disk: it will have to be repaired
            self._record.exited(status, oom_killed=kills > 0)
        if self._facts.auto_remove and not any(c.releases for c in self._clients):
            release.later(self.directory)
        self._let_go()
        for client in self._waiting:
            client.send(channel.encode({"exit": status}))

    def _clean(self) -> None:
        """Take away what the start has made on the machine."""
        self._task.close()
        with contextlib.suppress(EngineError):  # a group without processes, or no group
            freezer.kill_all(self._facts.cgroup)
        with self._recording():
            release.take_away(self._facts)

    def _let_go(self) -> None:
        """Give up the lock and the socket: from now on the container is nobody's."""
        self._ended = True
        self._loop.forget(self._listener.fileno())
        os.unlink(self._listener.getsockname())
        self._listener.close()
        os.close(self._lock)

    def _recording(self) -> Any:
        return acts.recording(self.directory / "acts.jsonl")


REQUESTS: dict[str, Callable[[Shim, Client, dict[str, Any]], None]] = {
    "attach": Shim._attach,
    "wait": Shim._wait,
    "close-stdin": Shim._close_stdin,
    "resize": Shim._resize,
    "signal": Shim._signal,
    "pause": Shim._pause,
    "unpause": Shim._unpause,
    "start": Shim._start,
    "exec": Shim._exec,
}
