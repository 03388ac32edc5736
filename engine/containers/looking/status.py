"""Status: the state of a container in words, as `ps` and Docker's API have it.

    Up 3 minutes (healthy)       Exited (137) 5 minutes ago
    Up 2 hours (Paused)          Restarting (1) 4 seconds ago

Docker's clients print the words that the server has made: so they are made here.

Source: moby, container/state.go, (*State).String
Try it: `lab ps -a --format '{{.Names}}: {{.Status}}'`
"""

from engine.moments import ago, since
from engine.runtime import health
from engine.runtime import state as states
from engine.runtime.state import State


def in_words(state: State) -> str:
    """The state of a container in words: "Exited (137) 5 minutes ago"."""
    return f"{_status(state)} (Stepping)" if state.stepped else _status(state)


def _status(state: State) -> str:
    match state.status:
        case states.RUNNING:
            return f"Up {since(state.started_at)}{_health(state)}"
        case states.PAUSED:
            return f"Up {since(state.started_at)} (Paused)"
        case states.RESTARTING:
            return f"Restarting ({state.exit_code}) {ago(state.finished_at)}"
        case states.EXITED:
            return f"Exited ({state.exit_code}) {ago(state.finished_at)}"
        case states.REMOVING:
            return "Removal In Progress"
        case other:
            return other.capitalize()


def _health(state: State) -> str:
    """What its checks say: " (healthy)"; nothing for a container without checks."""
    now = state.health.status
    if now == health.NONE:
        return ""
    return f" ({'health: starting' if now == health.STARTING else now})"
