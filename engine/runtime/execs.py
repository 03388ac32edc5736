"""Execs: the processes that `exec` has added to a running container.

Each belongs to the client that asked for it: the client gets its output and its exit
status, and may signal the end of its input. When process 1 of the container ends, the
kernel kills them all; their statuses are then collected here.

man: setns(2), waitpid(2)
Try it: `lab exec NAME ps`, and `lab tree` meanwhile
"""

import socket
from pathlib import Path
from typing import Any

from engine.errors import EngineError, InvalidState, NotExecutable, ProgramNotFound
from engine.oci.spec import Process
from engine.runtime import channel, starter
from engine.runtime.bundle import ShimFacts, read_filter
from engine.runtime.clients import Client
from engine.runtime.launch import Launch
from engine.runtime.loop import Loop
from engine.runtime.tasks import Task


class Execs:
    """What has been executed in one container, and for whom."""

    def __init__(self, loop: Loop, directory: Path, facts: ShimFacts) -> None:
        """`directory` is the bundle."""
        self._loop, self._directory, self._facts = loop, directory, facts
        self._owners: dict[Task, Client] = {}

    def task_of(self, client: Client) -> Task | None:
        """The process that a client has executed, if it has."""
        owned = (task for task, owner in self._owners.items() if owner is client)
        return next(owned, None)

    def start(self, client: Client, request: dict[str, Any], running: Task) -> None:
        """Run one more process in the container whose process 1 is `running`."""
        process = Process.from_json(request["process"])
        task = Task(
            self._loop,
            terminal=process.terminal,
            interactive=bool(request.get("stdin")),
            log=None,
        )
        self._owners[task] = client
        if request.get("attach"):
            task.attach(client)
            task.input_owner = client
        if request.get("rows"):
            task.resize(int(request["rows"]), int(request["columns"]))
        policy = read_filter(self._directory) if request.get("seccomp", True) else b""
        target = (running.pid, running.pidfd)

        def in_child(report: socket.socket) -> None:
            starter.join(self._facts, target, process, policy, task.streams, report)

        def started(error: EngineError | None) -> None:
            self._started(task, error)

        Launch(self._loop, task, in_child, started)

    def _started(self, task: Task, error: EngineError | None) -> None:
        client = self._owners[task]
        if error:
            del self._owners[task]
            task.close()
            if isinstance(error, ProgramNotFound):
                error.exit_code = NotExecutable.exit_code  # exec knows no 127
            client.refuse(error)
        else:
            client.answer(pid=task.pid)
            task.watch(self._exited)

    def _exited(self, task: Task, status: int) -> None:
        client = self._owners.pop(task)
        client.send(channel.encode({"exit": status}))
        task.close()

    def reap_all(self) -> None:
        """Collect all of them: process 1 has ended, so they have."""
        for task in list(self._owners):
            if task.pid:
                self._exited(task, task.reap())
            else:  # it was about to be born, and will not be
                self._owners[task].refuse(InvalidState("the container has just ended"))
