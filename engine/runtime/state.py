"""States: what a container is now, and what may come next.

    created ── start ──▶ running ── exit ──▶ exited ── start ──▶ running …
                         │  ▲  │
                 pause ──┘  │  └── fail ──▶ restarting ── retry ──▶ running …
                   ▼        │                    └─────── exit ───▶ exited
                 paused ── unpause

    created, exited, dead ── remove ──▶ removing ── jam ──▶ dead

One table, TRANSITIONS, holds every arrow; what is not in it is refused, and the
refusal names what is allowed. `lab states` draws it from this source. `state.json` is
written by the shim while it lives (it holds the lock `alive`), and by nobody else.

Try it: `lab states`, `lab states NAME`, or read containers/ID/state.json
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine import files
from engine.errors import InvalidState
from engine.runtime.health import UNWATCHED, Health
from engine.runtime.sandbox import Opened
from engine.times import NEVER

CREATED, RUNNING, PAUSED, EXITED = "created", "running", "paused", "exited"
RESTARTING, REMOVING, DEAD = "restarting", "removing", "dead"
STATUSES = (CREATED, RUNNING, PAUSED, EXITED, RESTARTING, REMOVING, DEAD)
START, PAUSE, UNPAUSE, EXIT = "start", "pause", "unpause", "exit"
FAIL, RETRY, REMOVE, JAM = "fail", "retry", "remove", "jam"

# (state, event) -> state. What is not here is refused, naming what is allowed.
TRANSITIONS = {
    (CREATED, START): RUNNING,
    (RUNNING, PAUSE): PAUSED,
    (PAUSED, UNPAUSE): RUNNING,
    (RUNNING, EXIT): EXITED,
    (PAUSED, EXIT): EXITED,
    (EXITED, START): RUNNING,
    (RUNNING, FAIL): RESTARTING,  # it has ended, and its policy wants another attempt
    (PAUSED, FAIL): RESTARTING,
    (RESTARTING, RETRY): RUNNING,
    (RESTARTING, EXIT): EXITED,
    (CREATED, REMOVE): REMOVING,
    (EXITED, REMOVE): REMOVING,
    (DEAD, REMOVE): REMOVING,
    (REMOVING, REMOVE): REMOVING,  # whoever began has been killed
    (REMOVING, JAM): DEAD,  # something of it could not be taken away
}

# Which commands cause which event.
COMMANDS = {
    START: ("start",),
    PAUSE: ("pause",),
    UNPAUSE: ("unpause",),
    EXIT: ("stop", "kill"),
    REMOVE: ("rm",),
}
# What happens without a command.
BY_ITSELF = {
    EXIT: "the program ends",
    FAIL: "the program ends, and its restart policy wants another attempt",
    RETRY: "the pause before the next attempt is over",
    JAM: "something of it cannot be removed",
}
ACTIVE = (RUNNING, PAUSED, RESTARTING)  # a shim looks after it

_REFUSALS = {
    (PAUSED, START): "cannot start a paused container, try unpause instead",
    (PAUSED, PAUSE): "Container {id} is already paused",
    (RESTARTING, PAUSE): "Container {id} is restarting, wait until the container is "
    "running",
    (REMOVING, START): "container is marked for removal and cannot be started",
    (DEAD, START): "container is marked for removal and cannot be started",
}


class State(NamedTuple):
    """What a container is now.

    `pid` is 0 unless it runs; `pid_started` identifies that process for ever;
    `exit_code` is that of the last run; `restarts` counts the attempts that its
    policy has caused since it was started; times are RFC 3339 in UTC, NEVER before.
    `stepped`: somebody steps through its start, which does not count before its end;
    `ports` are those of the machine that lead to it now.
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
    restarts: int = 0
    health: Health = UNWATCHED
    stepped: bool = False
    ports: tuple[Opened, ...] = ()

    @property
    def active(self) -> bool:
        """Whether a shim looks after it: it runs, is paused, or will run again soon."""
        return self.status in ACTIVE

    def to_json(self) -> dict[str, Any]:
        """As in state.json."""
        fields = self._asdict()
        return {**fields, "health": self.health.to_json()}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "State":
        """The state that state.json holds. TypeError or ValueError if it is none."""
        fields = {**data}
        fields["health"] = Health.from_json(fields.get("health", {}))
        fields["ports"] = tuple(map(Opened.from_json, fields.get("ports", ())))
        state = State(**fields)
        for name in State._fields:
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
                f"It is {self.status}. Possible now: {allowed(self.status)}.",
            )
        return self._replace(status=following, **changes)


_NEW = State()


def refusal(status: str, event: str, identity: str) -> str:
    """In Docker's words, why `event` is not possible in the state `status`."""
    usual = "Container {id} is not " + ("paused" if event == UNPAUSE else "running")
    text = _REFUSALS.get((status, event), usual)
    return text.format(id=identity)


def allowed(status: str) -> str:
    """What may be asked of a container in this state: "`lab start`, `lab rm`"."""
    events = [event for (state, event) in TRANSITIONS if state == status]
    verbs = [verb for event in events for verb in COMMANDS.get(event, ())]
    return ", ".join(f"`lab {verb}`" for verb in verbs)


class Arrow(NamedTuple):
    """One transition: from which state to which, by which commands, or by itself."""

    before: str
    after: str
    commands: tuple[str, ...]
    by_itself: str


def arrows() -> list[Arrow]:
    """The table of transitions, in its order, for those who draw it."""
    return [
        Arrow(
            before=before,
            after=after,
            commands=COMMANDS.get(event, ()),
            by_itself=BY_ITSELF.get(event, ""),
        )
        for (before, event), after in TRANSITIONS.items()
    ]


def read(directory: Path) -> State:
    """The state of the container whose files are in `directory`."""
    return files.read_record(directory / "state.json", State.from_json)


def drop_half_written(directory: Path) -> None:
    """Remove what a killed shim has left of a write; for the holder of the lock."""
    for path in directory.glob(".state.json.*"):
        path.unlink(missing_ok=True)


def write(directory: Path, state: State) -> None:
    """Replace the state; only the holder of the lock `alive` may."""
    files.write_json(directory / "state.json", state.to_json())
