"""Attaching: a connection to a container's shim, which will hear what it prints.

    start_session   to one that is about to be started, or runs
    attach          to one that runs; or, with `early`, will be started by somebody

A shim is born by whoever comes first: so one may be attached, and wait for the end,
before there is a program, and lose nothing of what it prints.

Source: Docker Engine API 1.41, "Attach to a container"
Try it: `lab attach NAME`
"""

from typing import TYPE_CHECKING

from engine.containers.house import House
from engine.containers.record import Container
from engine.containers.sessions.detaching import read_keys
from engine.containers.sessions.session import Session
from engine.errors import InvalidState
from engine.runtime import client, state
from engine.runtime.client import Connection

if TYPE_CHECKING:
    from engine.containers.sessions.stepping import Prepare

_ATTEMPTS = 10  # at the second one the shim has gone; the next may go, too
_REFUSED = {
    state.PAUSED: (
        "You cannot attach to a paused container, unpause it first",
        "`lab unpause {name}` gives it the CPU back.",
    ),
    state.RESTARTING: (
        "You cannot attach to a restarting container, wait until it is running",
        "`lab logs {name}` may tell why it does not keep running.",
    ),
}
_STOPPED = (
    "You cannot attach to a stopped container, start it first",
    "`lab start -ai {name}` starts it and attaches.",
)


def start_session(
    house: House,
    container: Container,
    *,
    stdin: bool,
    detach_keys: str | None = None,
    removes: bool = False,
    prepare: "Prepare",
) -> Session:
    """A session with a container, which starts it if it does not run yet.

    `prepare` does what a start needs before; `removes`: whoever asks will remove an
    --rm container at its end.
    """
    keys = read_keys(detach_keys)
    house.prepare()
    ends, runs = stdin and container.options.stdin_once, container.running
    connection = _attached(house, container, ends, removes)
    request = {"do": "wait" if runs else "start", "at_once": house.watched}
    return Session(
        connection,
        name=container.name,
        tty=container.options.tty,
        request=request,
        detach_keys=keys,
        silence=house.silence,
        ends_input=ends,
        prepare=None if runs else prepare,
    )


def _attached(
    house: House, container: Container, stdin: bool, releases: bool
) -> Connection:
    """A connection to its shim, attached: to the next one if the last is about to go.

    As it is after a copy. Not if the program runs: then it ends with its shim.
    """
    left = 1 if container.running else _ATTEMPTS
    while True:
        left -= 1
        connection = client.reach(house.place, container.directory)
        try:
            connection.ask("attach", stdin=stdin, releases=releases)
            return connection
        except BaseException as error:
            connection.close()
            if not left or not isinstance(error, InvalidState):
                raise


def attach(
    house: House,
    container: Container,
    *,
    stdin: bool,
    detach_keys: str | None = None,
    early: bool = False,
) -> Session:
    """A session with a container that runs. InvalidState if it does not.

    `early`: it may also be one that somebody starts later. It gets no network yet.
    """
    status = container.state.status
    if status in _REFUSED or not (early or status == state.RUNNING):
        message, hint = _REFUSED.get(status, _STOPPED)
        raise InvalidState(message, hint.format(name=container.name))
    keys = read_keys(detach_keys)
    if early:
        house.prepare()
    reach = client.reach if early else client.connect
    connection = reach(house.place, container.directory)
    ends = stdin and container.options.stdin_once
    connection.ask("attach", stdin=ends)
    return Session(
        connection,
        name=container.name,
        tty=container.options.tty,
        request={"do": "wait"},
        detach_keys=keys,
        silence=house.silence,
        ends_input=ends,
        redraws=True,
    )
