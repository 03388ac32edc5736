"""The state of one container in the hands of its only writer, the shim.

Each method is something that has happened: the next state is worked out by the table
in state.py, written to state.json, and only then true. A state that cannot be written
(a full disk) has not happened; the one exception is the end of the program, which is
true whether it can be written or not.

Try it: `lab run -d --name box busybox sleep 60`, read containers/ID/state.json
"""

import os
from pathlib import Path
from typing import Any

from engine import times
from engine.errors import Aborted, EngineError, InvalidState
from engine.kernel import processes
from engine.runtime import state
from engine.runtime.health import Health
from engine.runtime.sandbox import Opened
from engine.runtime.state import State


class StateRecord:
    """What a container is now. OSError if a change cannot be written."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.state = state.read(directory)
        self.ports: tuple[Opened, ...] = ()  # which the container has while it is up

    def must_run(self) -> None:
        """InvalidState unless there is a process."""
        if self.state.status == state.RESTARTING:
            raise InvalidState(
                f"Container {self.directory.name} is restarting, wait until the "
                "container is running",
                "`lab stop NAME` ends the attempts.",
            )
        if self.state.pid == 0:
            raise InvalidState(
                f"Container {self.directory.name} is not running",
                "`lab start NAME` runs it again.",
            )

    def must_not_be_stepped(self) -> None:
        """InvalidState while somebody steps through its start."""
        if self.state.stepped:
            raise InvalidState(
                f"Container {self.directory.name} is being started, step by step",
                "`lab stop NAME` breaks that off.",
            )

    def must_not_be_paused(self) -> None:
        """InvalidState while its processes get no CPU."""
        if self.state.status == state.PAUSED:
            raise InvalidState(
                "Container is paused, unpause the container before exec",
                "`lab unpause NAME` gives it the CPU back.",
            )

    def after(self, event: str, **changes: Any) -> State:
        """The state that `event` would lead to. InvalidState if it is impossible."""
        return self.state.after(event, self.directory.name, **changes)

    def write(self, new: State) -> None:
        """Make `new` the state."""
        state.write(self.directory, new)
        self.state = new

    def begins(self, *, stepped: bool) -> None:
        """Its start begins: nobody needs to know, unless it is to last."""
        self.after(state.START)
        if stepped:
            self.write(self.state._replace(stepped=True, shim_pid=os.getpid()))

    def started(self, pid: int, health: Health, *, by_policy: bool) -> None:
        """Process `pid` has become the program; a user's start counts from 0 again."""
        self.write(
            self.after(
                state.RETRY if by_policy else state.START,
                pid=pid,
                pid_started=processes.start_time(pid) or 0,
                shim_pid=os.getpid(),
                started_at=times.now(),
                exit_code=0,
                oom_killed=False,
                error="",
                restarts=self.state.restarts if by_policy else 0,
                health=health,
                stepped=False,
                ports=self.ports,
            )
        )

    def failed(self, error: EngineError) -> None:
        """It could not become the program; what was broken off has not been tried."""
        if isinstance(error, Aborted):
            self.write(self.state._replace(shim_pid=0, stepped=False))
            return
        status = self.state.status
        if status == state.RESTARTING:
            status = state.EXITED
        self.write(
            self.state._replace(
                status=status,
                shim_pid=0,
                exit_code=error.exit_code,
                error=error.message,
                stepped=False,
                ports=(),
            )
        )

    def ended(self, status: int, *, oom_killed: bool, again: bool) -> None:
        """The program has ended; `again`: its policy wants another attempt."""
        self.state = self.after(
            state.FAIL if again else state.EXIT,
            pid=0,
            pid_started=0,
            shim_pid=os.getpid() if again else 0,
            exit_code=status,
            finished_at=times.now(),
            oom_killed=oom_killed,
            restarts=self.state.restarts + again,
            ports=self.ports if again else (),
        )
        state.write(self.directory, self.state)

    def gave_up(self) -> None:
        """There will be no other attempt: somebody wants it to stay down."""
        self.state = self.after(state.EXIT, shim_pid=0, ports=())
        state.write(self.directory, self.state)

    def probed(self, health: Health) -> None:
        """A health check has answered."""
        self.write(self.state._replace(health=health))
