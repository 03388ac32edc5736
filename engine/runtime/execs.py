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
from pathlib import Path
from typing import Any, NamedTuple

from engine import gate
from engine.errors import EngineError, InvalidState, NotExecutable, ProgramNotFound
from engine.oci.spec import Process
from engine.runtime import channel, starter
from engine.runtime.announce import Announcer
from engine.runtime.bundle import ShimFacts, read_filter
from engine.runtime.clients import Client
from engine.runtime.launch import Launch
from engine.runtime.loop import Loop
from engine.runtime.tasks import Task


class Exec(NamedTuple):
    """One process that was asked for: by which client, and what events call it."""

    client: Client
    id: str


class Execs:
    """What has been executed in one container, and for whom."""

    def __init__(
        self, loop: Loop, directory: Path, facts: ShimFacts, announcer: Announcer
    ) -> None:
        """`directory` is the bundle."""
        self._loop, self._directory, self._facts = loop, directory, facts
        self._announcer = announcer
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

    def start(
        self,
        client: Client,
        request: dict[str, Any],
        running: Task,
        recording: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """Run one more process in the container whose process 1 is `running`."""
        process = Process.from_json(request["process"])
        task = Task(
            self._loop,
            terminal=process.terminal,
            interactive=bool(request.get("stdin")),
            log=None,
        )
        asked = Exec(client=client, id=os.urandom(32).hex())
        self._unborn[task] = asked
        if request.get("attach"):
            task.attach(client)
            task.input_owner = client
        if request.get("rows"):
            task.resize(int(request["rows"]), int(request["columns"]))
        policy = read_filter(self._directory) if request.get("seccomp", True) else b""
        target = (running.pid, running.pidfd)

        def in_child(report: socket.socket) -> None:
            if client.file is not None:
                gate.install(client.file)
            starter.join(self._facts, target, process, policy, task.streams, report)

        def started(error: EngineError | None) -> None:
            self._started(task, error)

        program, *arguments = process.arguments
        line = f"{program} {' '.join(arguments)}"  # Docker's: a space after it, always
        self._announcer.tell(f"exec_create: {line}", execID=asked.id)
        self._announcer.tell(f"exec_start: {line}", execID=asked.id)
        Launch(self._loop, task, in_child, started, recording)

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
