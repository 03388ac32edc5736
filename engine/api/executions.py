"""Executions: what clients want to be executed, between their three requests.

    POST /containers/NAME/exec   what, and how          here: an ID for it
    POST /exec/ID/start          now                    in the container's shim
    GET  /exec/ID/json           how did it end?        here, or among the events

Docker's API creates an exec before it starts it, and tells its exit status when it is
asked once more. Between these requests a server has to remember; ours does so in its
memory, as Docker's does. A container's programs are not touched by its loss: what is
forgotten is only what a client was about to ask.

How one has ended is heard by the connection that was attached to it. Of one that ran
detached, or whose client went away, the event of its end tells.

Source: Docker Engine API 1.41, "Exec"
Try it: `docker exec NAME sh -c 'exit 3'; echo $?`
"""

import threading
from typing import Any

from engine.engine import Engine, ExecOptions
from engine.errors import Conflict, NotFound

_MOST = 4096  # that are remembered


class Execution:
    """One exec, from its creation on."""

    def __init__(
        self,
        identity: str,
        container: str,
        options: ExecOptions,
        streams: frozenset[str],
    ) -> None:
        """`container` is an ID; `streams`: "stdin", "stdout", "stderr" if attached."""
        self.id, self.container, self.options = identity, container, options
        self.streams = streams
        self.pid = 0
        self.started = False
        self.exit_code: int | None = None

    def refresh(self, engine: Engine) -> None:
        """Find out whether it has ended, if nobody has told."""
        if self.started and self.exit_code is None:
            self.exit_code = engine.exit_of_exec(self.container, self.id)

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        program, *arguments = self.options.command
        process = {
            "tty": self.options.tty,
            "entrypoint": program,
            "arguments": arguments,
            "privileged": self.options.privileged,
        }
        if self.options.user:
            process["user"] = self.options.user
        return {
            "ID": self.id,
            "Running": self.started and self.exit_code is None,
            "ExitCode": self.exit_code,
            "ProcessConfig": process,
            "OpenStdin": "stdin" in self.streams,
            "OpenStderr": "stderr" in self.streams,
            "OpenStdout": "stdout" in self.streams,
            "CanRemove": False,
            "ContainerID": self.container,
            "DetachKeys": self.options.detach_keys or "",
            "Pid": self.pid,
        }


class Executions:
    """All that are remembered, the oldest first; used by several threads."""

    def __init__(self) -> None:
        self._known: dict[str, Execution] = {}
        self._turn = threading.Lock()

    def add(self, execution: Execution) -> None:
        """Remember one more, instead of the one that has been known for longest."""
        with self._turn:
            while len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
            self._known[execution.id] = execution

    def find(self, identity: str) -> Execution:
        """The one with this ID. NotFound, in Docker's words."""
        with self._turn:
            if identity in self._known:
                return self._known[identity]
        raise NotFound(f"No such exec instance: {identity}")

    def claim(self, identity: str) -> Execution:
        """The same, which from now on counts as started. Conflict if it was before."""
        found = self.find(identity)
        with self._turn:
            if found.started:
                raise Conflict(f"Error: Exec command {identity} is already running")
            found.started = True
        return found
