"""The life of a container: start, stop, kill, restart, pause.

    start     have a shim born, tell it to start          `created`/`exited` → running
    stop      the stop signal, and KILL after the grace time
    kill      a signal, KILL unless another is named
    restart   a stop and a start by the same shim
    resume    after a reboot: start what its restart policy wants to run
    pause     the freezer takes the CPU away; memory and files stay

Everything goes through the shim, because only it may write the state. What a
container may be asked in which state is a table in runtime/state.py.

man: signal(7), cgroups(7) on the freezer
Try it: `lab run -d --name box busybox sleep 60; time lab stop box`
"""

import contextlib
import functools
import re
import signal as signals
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engine import times
from engine.containers import networking
from engine.containers.house import House
from engine.containers.record import Container
from engine.errors import EngineBroken, InvalidArgument, InvalidState
from engine.runtime import client, state
from engine.runtime.restart import ENDING_SIGNALS

if TYPE_CHECKING:
    from engine.gatekeeper import Decide

GRACE = 10  # seconds between the stop signal and KILL
_LONGEST_GRACE = 1 << 31  # the same, and longer than anybody waits
_ATTEMPTS = 10


def start(house: House, container: Container, decide: "Decide | None" = None) -> None:
    """Run the container's program; nothing happens if it runs already.

    `decide` is asked before each act: see sessions/stepping.py.
    """
    if container.state.status in (state.RUNNING, state.RESTARTING):
        return
    _refuse_unless_startable(container)
    note_stopped(house, container, False)
    house.prepare()
    for _ in range(_ATTEMPTS):
        with client.reach(house.place, container.directory) as connection:
            try:
                prepare = functools.partial(networking.attach, house, container)
                if decide:
                    from engine.containers.sessions import stepping

                    stepping.step(
                        connection, decide, "start", prepare, at_once=house.watched
                    )
                else:
                    with connection.preparing():
                        prepare()
                    connection.ask("start", at_once=house.watched)
                return
            except InvalidState:  # its last shim was about to go when we came
                container = house.records.find(container.id)
                if container.active:
                    return  # somebody else was faster: it runs, as was asked for
                _refuse_unless_startable(container)
    raise EngineBroken(
        f"container {container.name} ends before its start is told",
        "Try again in a moment.",
    )


def _refuse_unless_startable(container: Container) -> None:
    refuse_unless(container, state.START)
    if container.state.stepped:
        raise InvalidState(
            f"Container {container.name} is being started, step by step",
            f"`lab stop {container.name}` breaks that off.",
        )


def refuse_unless(container: Container, event: str) -> None:
    """Raise InvalidState if `event` is not possible now."""
    container.state.after(event, container.id)


def refuse_unless_running(container: Container) -> None:
    """Raise InvalidState, in Docker's words, unless there is a process now."""
    if container.state.status == state.RESTARTING:
        raise InvalidState(
            f"Container {container.id} is restarting, wait until the container is "
            "running",
            f"`lab logs {container.name}` may tell why it does not keep running.",
        )
    if not container.running:
        raise InvalidState(
            f"Container {container.id} is not running",
            f"It is being started, step by step; `lab stop {container.name}` ends that."
            if container.state.stepped
            else f"`lab start {container.name}` runs it.",
        )


def note_stopped(house: House, container: Container, stopped: bool) -> None:
    """Remember whether its user wants it to stay down: see `resume`."""
    if container.stopped != stopped:
        with contextlib.suppress(OSError):  # a full disk must not keep it from ending
            house.records.change(container, lambda now: now._replace(stopped=stopped))


def stop(house: House, container: Container, timeout: int | None = None) -> None:
    """End the container politely, then by force; nothing happens if it has ended.

    A start that somebody steps through is broken off.
    """
    if not (container.active or container.state.stepped):
        return
    note_stopped(house, container, True)
    with contextlib.suppress(*client.GONE):  # it has ended meanwhile
        _ask(house, container, "stop", **_farewell(container, timeout))


def _ask(house: House, container: Container, what: str, **fields: Any) -> None:
    """Ask the container's shim for one thing. InvalidState if it has none."""
    with client.connect(house.place, container.directory) as connection:
        connection.ask(what, **fields)


def _farewell(container: Container, timeout: int | None) -> dict[str, int]:
    """The signal that asks it to end, and the seconds until KILL (-1: never)."""
    grace = timeout if timeout is not None else container.options.stop_timeout
    try:
        number = signal_number(container.stop_signal)
    except InvalidArgument:  # an image may say anything
        number = int(signals.SIGTERM)
    seconds = GRACE if grace is None else min(grace, _LONGEST_GRACE)
    return {"number": number, "grace": seconds}


def restart(
    house: House,
    container: Container,
    timeout: int | None = None,
    decide: "Decide | None" = None,
) -> None:
    """End it if it runs, and run it again, in one go: also one of --rm stays.

    With `decide` in two: its shim cannot be told to ask from its second start on.
    """
    if decide:
        if container.active and container.options.auto_remove:
            raise InvalidState(
                f"{container.name} is one of --rm: it is gone when it has ended",
                f"`lab restart {container.name}` starts it anew in one go.",
            )
        stop(house, container, timeout)
        start(house, house.records.find(container.id), decide)
        return
    if container.active:
        with contextlib.suppress(*client.GONE):  # it has just ended
            _ask(house, container, "restart", **_farewell(container, timeout))
            return
    start(house, house.records.find(container.id))


def resume(house: House, container: Container) -> bool:
    """Run it again if its policy asks for that after the machine was down."""
    now = container.state
    wanted = container.options.restart.wants_resuming(
        status=now.exit_code, restarts=now.restarts, stopped=container.stopped
    )
    if container.active or now.started_at == times.NEVER or not wanted:
        return False
    start(house, container)
    return True


def kill(house: House, container: Container, signal: str = "KILL") -> None:
    """Send a signal to process 1 of the container."""
    number = signal_number(signal)
    if container.state.stepped and number in ENDING_SIGNALS:
        stop(house, container)
        return
    if not container.active:
        raise InvalidState(
            f"Cannot kill container: {container.name}: "
            f"Container {container.id} is not running",
            "`lab ps` lists what runs.",
        )
    if number in ENDING_SIGNALS:
        note_stopped(house, container, True)
    with client.connect(house.place, container.directory) as connection:
        if number == signals.SIGKILL:
            connection.ask("wait")
        connection.ask("signal", number=number)
        if number == signals.SIGKILL:
            connection.wait_for_exit()


def signal_number(name: str) -> int:
    """9 for "9", "KILL", "SIGKILL" or "kill"; InvalidArgument for no signal."""
    if re.fullmatch("[0-9]{1,2}", name) and 0 < int(name) < 65:
        return int(name)
    full = name.upper() if name.upper().startswith("SIG") else f"SIG{name.upper()}"
    match = re.fullmatch("SIGRTMIN\\+([0-9]{1,2})", full)
    try:
        return int(signals.Signals[full])
    except KeyError as error:
        number = int(signals.SIGRTMIN) + int(match[1]) if match else 0
        if 0 < number <= signals.SIGRTMAX:
            return number
        raise InvalidArgument(
            f"Invalid signal: {name}", "`kill -l` lists their names."
        ) from error


def pause(house: House, container: Container) -> None:
    """Take the CPU away from every process of the container."""
    refuse_unless(container, state.PAUSE)
    _ask(house, container, state.PAUSE)


def unpause(house: House, container: Container) -> None:
    """Give it back."""
    refuse_unless(container, state.UNPAUSE)
    _ask(house, container, state.UNPAUSE)


@contextlib.contextmanager
def paused_briefly(house: House, container: Container) -> Iterator[None]:
    """Pause a container while this lasts; it goes on even if this process is killed."""
    with client.connect(house.place, container.directory) as connection:
        connection.ask(state.PAUSE, briefly=True)
        yield
        with contextlib.suppress(*client.GONE):  # it has ended meanwhile
            connection.ask(state.UNPAUSE)
