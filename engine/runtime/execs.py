"""Execs: the processes that `exec` has added to a running container.

Each belongs to the client that asked for it: the client gets its output and its exit
status, and may signal the end of its input. When process 1 of the container ends, the
kernel kills them all; their statuses are then collected here.

man: setns(2), waitpid(2)
Try it: `lab exec NAME ps`, and `lab tree` meanwhile
"""

import os
import signal
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from engine import gate
from engine.errors import (
    EngineError,
    InvalidState,
    NotExecutable,
    NotFound,
    ProgramNotFound,
)
from engine.oci.spec import Process
from engine.runtime import channel
from engine.runtime.announce import Announcer, command_line
from engine.runtime.clients import Client
from engine.runtime.launch import Launch
from engine.runtime.loop import Loop
from engine.runtime.runtimes import Runtime
from engine.runtime.tasks import Task


class Exec(NamedTuple):
    """One process that was asked for: by which client, and what events call it."""

    client: Client
    id: str


class Execs:
    """What has been executed in one container, and for whom."""

    def __init__(self, loop: Loop, runtime: Runtime, announcer: Announcer) -> None:
        self._loop, self._runtime, self._announcer = loop, runtime, announcer
        self._born: dict[Task, Exec] = {}  # those that run
        self._unborn: dict[Task, Exec] = {}  # those whose launch is under way

    @property
    def ids(self) -> list[str]:
        """The IDs of those that run."""
        return [asked.id for asked in self._born.values()]

    def task_of(self, client: Client) -> Task | None:
        """The process that a client has executed, if it has."""
        known = {**self._born, **self._unborn}
        owned = (task for task, asked in known.items() if asked.client is client)
        return next(owned, None)

    def find(self, request: dict[str, Any]) -> Task | None:
        """The process whose ID a request names, if it does. NotFound if none has it."""
        named = request.get("exec")
        if not named:
            return None
        for task, asked in self._born.items():
            if asked.id == named:
                return task
        raise NotFound(f"No such exec instance: {named}", "It has ended.")

    def start(
        self,
        client: Client,
        request: dict[str, Any],
        running: Task,
        recording: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """Run one more process in the container whose process 1 is `running`."""
        if client.file is not None:
            self._runtime.must_ask()
        process = Process.from_json(request["process"])
        task = Task(
            self._loop,
            terminal=process.terminal,
            interactive=bool(request.get("stdin")),
            log=None,
        )
        announced = str(request.get("id", ""))  # its creation has been told
        asked = Exec(client=client, id=announced or os.urandom(32).hex())
        self._unborn[task] = asked
        if request.get("attach"):
            task.attach(client)
            task.input_owner = client
        if request.get("rows"):
            task.resize(int(request["rows"]), int(request["columns"]))
        confined = bool(request.get("seccomp", True))

        def in_child(report: socket.socket) -> None:
            if client.file is not None:
                gate.install(client.file)
            self._runtime.execute(running, lambda: process, task, report, confined)

        def started(error: EngineError | None) -> None:
            self._started(task, error)

        self._tell(process, asked, announced=bool(announced))
        beside = self._runtime.beside(running)
        Launch(self._loop, task, in_child, started, recording, beside)

    def _tell(self, process: Process, asked: Exec, *, announced: bool) -> None:
        line = command_line(process.arguments)
        if not announced:
            self._announcer.tell(f"exec_create: {line}", execID=asked.id)
        self._announcer.tell(f"exec_start: {line}", execID=asked.id)

    def _started(self, task: Task, error: EngineError | None) -> None:
        asked = self._unborn.pop(task, None)
        if asked is None:  # the container ended while it was being born
            if error is None:
                task.reap()
            task.close()
        elif error:
            task.close()
            if isinstance(error, ProgramNotFound):
                error.exit_code = NotExecutable.exit_code  # exec knows no 127
            asked.client.refuse(error)
        else:
            self._born[task] = asked
            asked.client.answer(pid=task.pid)
            task.watch(self._exited)

    def _exited(self, task: Task, status: int) -> None:
        asked = self._born.pop(task)
        self._announcer.tell("exec_die", execID=asked.id, exitCode=str(status))
        asked.client.send(channel.encode({"exit": status}))
        task.close()

    def reap_all(self) -> None:
        """Collect all of them: process 1 has ended, so they have.

        But one that has left the control group, in the machine's own pid namespace.
        """
        for task in list(self._born):
            task.signal(signal.SIGKILL)
            self._exited(task, task.reap())
        for asked in self._unborn.values():  # they will not be
            asked.client.refuse(InvalidState("the container has just ended"))
        self._unborn.clear()
