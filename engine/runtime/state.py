"""States: what a container is now, and what may come next.

              ┌────────────── start ───────────────┐
              ▼                                    │
    created ─ start ─▶ running ─ exit ─▶ exited ───┘
                       │    ▲
                   pause    unpause
                       ▼    │
                       paused ─ exit ─▶ exited

One table, TRANSITIONS, holds every arrow; what is not in it is refused, and the
refusal names what is allowed. `state.json` is written by the shim while it lives
(it holds the lock `alive`), and by nobody else.

Try it: `lab inspect -f '{{json .State}}' NAME`, or read containers/ID/state.json.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine import files
from engine.errors import EngineError, InvalidState
from engine.kernel import processes

CREATED, RUNNING, PAUSED, EXITED = "created", "running", "paused", "exited"
RESTARTING, REMOVING, DEAD = "restarting", "removing", "dead"
STATUSES = (CREATED, RUNNING, PAUSED, EXITED, RESTARTING, REMOVING, DEAD)
START, PAUSE, UNPAUSE, EXIT = "start", "pause", "unpause", "exit"

# (state, event) -> state. What is not here is refused, naming what is allowed.
TRANSITIONS = {
    (CREATED, START): RUNNING,
    (RUNNING, PAUSE): PAUSED,
    (PAUSED, UNPAUSE): RUNNING,
    (RUNNING, EXIT): EXITED,
    (PAUSED, EXIT): EXITED,
    (EXITED, START): RUNNING,
}

NEVER = "0001-01-01T00:00:00Z"  # how Docker writes "has not happened"

_REFUSALS = {
    (PAUSED, START): "cannot start a paused container, try unpause instead",
    (PAUSED, PAUSE): "Container {id} is already paused",
    (RUNNING, UNPAUSE): "Container {id} is not paused",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a container is now.

    `pid` is 0 unless it runs; `pid_started` identifies that process for ever;
    `exit_code` is that of the last run; times are RFC 3339 in UTC, NEVER before.
    """

    status: str = CREATED
    pid: int = 0
    pid_started: int = 0
    shim_pid: int = 0
    exit_code: int = 0
    started_at: str = NEVER
    finished_at: str = NEVER
    oom_killed: bool = False
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """As in state.json."""
        return {name: getattr(self, name) for name in self.__slots__}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "State":
        """The state that state.json holds. TypeError or ValueError if it is none."""
        state = State(**data)
        for name in State.__slots__:
            if type(getattr(state, name)) is not type(getattr(_NEW, name)):
                raise TypeError(f"{name} is {getattr(state, name)!r}")
        if state.status not in STATUSES:
            raise ValueError(f"status is {state.status!r}")
        return state

    def after(self, event: str, identity: str, **changes: Any) -> "State":
        """The state that `event` leads to. InvalidState if it is not possible now.

        `identity` is what the refusal calls the container.
        """
        following = TRANSITIONS.get((self.status, event))
        if following is None:
            raise InvalidState(
                refusal(self.status, event, identity),
                f"Possible now: {allowed(self.status)}.",
            )
        return replace(self, status=following, **changes)


_NEW = State()


def refusal(status: str, event: str, identity: str) -> str:
    """In Docker's words, why `event` is not possible in the state `status`."""
    text = _REFUSALS.get((status, event), "Container {id} is not running")
    return text.format(id=identity)


def allowed(status: str) -> str:
    """What may be asked of a container in this state: "`lab start`"."""
    events = [event for (state, event) in TRANSITIONS if state == status]
    return ", ".join(f"`lab {event}`" for event in events if event != EXIT) or "nothing"


def read(directory: Path) -> State:
    """The state of the container whose files are in `directory`."""
    return files.read_record(directory / "state.json", State.from_json)


def write(directory: Path, state: State) -> None:
    """Replace the state; only the holder of the lock `alive` may."""
    files.write_json(directory / "state.json", state.to_json())


class StateRecord:
    """The state of one container in the hands of its only writer, the shim.

    A change that cannot be written has not happened: OSError.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.state = read(directory)

    def must_run(self) -> None:
        """InvalidState unless there is a process."""
        if self.state.pid == 0:
            raise InvalidState(
                f"Container {self._directory.name} is not running",
                "`lab start NAME` runs it again.",
            )

    def after(self, event: str, **changes: Any) -> State:
        """The state that `event` would lead to. InvalidState if it is impossible."""
        return self.state.after(event, self._directory.name, **changes)

    def write(self, new: State) -> None:
        """Make `new` the state."""
        write(self._directory, new)
        self.state = new

    def started(self, pid: int) -> None:
        """Process `pid` has become the program."""
        self.write(
            self.after(
                START,
                pid=pid,
                pid_started=processes.start_time(pid) or 0,
                shim_pid=os.getpid(),
                started_at=files.now(),
                exit_code=0,
                oom_killed=False,
                error="",
            )
        )

    def failed(self, error: EngineError) -> None:
        """It could not become the program."""
        self.write(replace(self.state, exit_code=error.exit_code, error=error.message))

    def exited(self, status: int, oom_killed: bool) -> None:
        """The program has ended, which is true even if it cannot be written."""
        self.state = self.after(
            EXIT,
            pid=0,
            pid_started=0,
            shim_pid=0,
            exit_code=status,
            finished_at=files.now(),
            oom_killed=oom_killed,
        )
        self.write(self.state)
