"""The last start of a container, found among all of its acts.

A starter makes the groups, mounts the layers and unshares; its child, process 1 of the
container, does the rest, up to execve. Both write into the same acts.jsonl, where there
are also the acts of earlier starts, of execs, of copies, and of the end.

    fork → 4711        by the shim
    4711  mkdir …      the starter, until it has forked: `outside`
    4711  unshare
    4711  fork → 4713
    1     mount …      process 1, until its execve: `within`
    …
    echo … > memory…   by an update while it ran: `updates`

Try it: `lab acts box --json | grep -c starter`
"""

from collections.abc import Sequence
from typing import NamedTuple

from engine.by_hand.words import Act, succeeded
from engine.errors import InvalidState

_STARTER = "engine.runtime.starter:start"
_FORKED = ("engine.runtime.starter", "engine.runtime.launch")


class LastStart(NamedTuple):
    """The acts of a start, by who did them; what the kernel refused is left out."""

    outside: tuple[Act, ...]
    within: tuple[Act, ...]
    updates: tuple[Act, ...]


def find(acts: Sequence[Act], name: str) -> LastStart:
    """The last start of the container `name`; InvalidState if none is recorded."""
    unshared = [
        number
        for number, act in enumerate(acts)
        if act["call"] == "unshare(2)" and act["symbol"].startswith(_STARTER)
    ]
    if not unshared:
        raise InvalidState(
            f"no start of container {name} is recorded",
            f"`lab start {name}` first, without LABSHELL_ACTS=off.",
        )
    middle = unshared[-1]
    starter = acts[middle]["pid"]
    first = _birth(acts[:middle], starter)
    outside = [act for act in acts[first : middle + 1] if act["pid"] == starter]
    after = acts[middle + 1 :]
    within = _until_execve(after, starter, name)
    return LastStart(
        outside=tuple(filter(succeeded, outside)),
        within=tuple(filter(succeeded, within)),
        updates=tuple(
            act
            for act in after
            if act["symbol"] == "engine.kernel.limits:changed" and succeeded(act)
        ),
    )


def _birth(acts: Sequence[Act], pid: int) -> int:
    """Where the acts of the last process with this number begin."""
    for number in range(len(acts) - 1, -1, -1):
        act = acts[number]
        forked = act["call"] == "fork(2)" and act["symbol"].startswith(_FORKED)
        if forked and act["result"] == str(pid):
            return number + 1
    return 0


def _until_execve(acts: Sequence[Act], starter: int, name: str) -> list[Act]:
    """What the starter's child did, up to the program.

    It is process 1, or in the machine's own pid namespace has the number of its birth.
    """
    born = [
        act["result"]
        for act in acts
        if act["call"] == "fork(2)" and act["pid"] == starter
    ]
    found: list[Act] = []
    for act in acts:
        if str(act["pid"]) in ("1", *born[:1]):
            found.append(act)
            if act["call"] == "execve(2)" and succeeded(act):
                return found
    raise InvalidState(
        f"the last start of container {name} did not come as far as its program",
        f"`lab logs {name}` or `lab start {name}` says why.",
    )
