"""The life of a container: start, stop, kill, pause, wait.

    start     have a shim born, tell it to start          `created`/`exited` → running
    stop      the stop signal, and KILL after the grace time
    kill      a signal, KILL unless another is named
    pause     the freezer takes the CPU away; memory and files stay
    wait      until the shim tells the exit status

Everything goes through the shim, because only it may write the state. What a
container may be asked in which state is a table in runtime/state.py.

man: signal(7), cgroups(7) on the freezer
Try it: `lab run -d --name box busybox sleep 60; time lab stop box`
"""

import contextlib
import signal as signals
from collections.abc import Iterator

from engine.containers.house import House
from engine.containers.record import Container
from engine.errors import EngineBroken, InvalidArgument, InvalidState
from engine.runtime import client, state

GRACE = 10  # seconds between the stop signal and KILL


def start(house: House, container: Container) -> None:
    """Run the container's program; nothing happens if it runs already."""
    if container.state.status == state.RUNNING:
        return
    refuse_unless(container, state.START)
    house.prepare()
    connection = client.reach(house.place, container.directory)
    try:
        connection.ask("start")
    except InvalidState:
        if not house.records.find(container.id).running:
            raise
        # somebody else was faster: it runs, which is what was asked for
    finally:
        connection.close()


def refuse_unless(container: Container, event: str) -> None:
    """Raise InvalidState if `event` is not possible now."""
    container.state.after(event, container.id)


def stop(house: House, container: Container, timeout: int | None = None) -> None:
    """End the container politely, then by force; nothing happens if it has ended."""
    if not container.running:
        return
    grace = timeout if timeout is not None else container.options.stop_timeout
    number = signal_number(container.stop_signal)
    with contextlib.suppress(InvalidState, EngineBroken):  # it has ended meanwhile
        connection = client.connect(house.place, container.directory)
        try:
            connection.ask("wait")
            connection.ask("signal", number=number)
            if connection.wait(GRACE if grace is None else grace) is None:
                connection.ask("signal", number=int(signals.SIGKILL))
                connection.wait()
        finally:
            connection.close()


def kill(house: House, container: Container, signal: str = "KILL") -> None:
    """Send a signal to process 1 of the container."""
    number = signal_number(signal)
    if not container.running:
        raise InvalidState(
            f"Cannot kill container: {container.name}: "
            f"Container {container.id} is not running",
            "`lab ps` lists what runs.",
        )
    connection = client.connect(house.place, container.directory)
    try:
        if number == signals.SIGKILL:
            connection.ask("wait")
        connection.ask("signal", number=number)
        if number == signals.SIGKILL:
            connection.wait()
    finally:
        connection.close()


def signal_number(name: str) -> int:
    """9 for "9", "KILL", "SIGKILL" or "kill"; InvalidArgument for no signal."""
    if name.isdigit() and 0 < int(name) < 65:
        return int(name)
    full = name.upper() if name.upper().startswith("SIG") else f"SIG{name.upper()}"
    try:
        return int(signals.Signals[full])
    except KeyError as error:
        if full.startswith("SIGRTMIN+") and full[9:].isdigit():
            return int(signals.SIGRTMIN) + int(full[9:])
        raise InvalidArgument(
            f"Invalid signal: {name}", "`kill -l` lists their names."
        ) from error


def pause(house: House, container: Container) -> None:
    """Take the CPU away from every process of the container."""
    _freeze_or_thaw(house, container, state.PAUSE)


def unpause(house: House, container: Container) -> None:
    """Give it back."""
    _freeze_or_thaw(house, container, state.UNPAUSE)


@contextlib.contextmanager
def paused_briefly(house: House, container: Container) -> Iterator[None]:
    """Pause a container while this lasts; it goes on even if this process is killed."""
    connection = client.connect(house.place, container.directory)
    try:
        connection.ask(state.PAUSE, briefly=True)
        yield
        with contextlib.suppress(InvalidState, EngineBroken):  # it has ended meanwhile
            connection.ask(state.UNPAUSE)
    finally:
        connection.close()


def _freeze_or_thaw(house: House, container: Container, event: str) -> None:
    refuse_unless(container, event)
    connection = client.connect(house.place, container.directory)
    try:
        connection.ask(event)
    finally:
        connection.close()


def wait(house: House, container: Container) -> int:
    """The exit status, once the container has ended; at once if it does not run."""
    if container.state.status != state.CREATED and not container.running:
        return container.state.exit_code
    try:
        reach = client.connect if container.running else client.reach
        connection = reach(house.place, container.directory)
        try:
            connection.ask("wait")
            return connection.wait_for_exit()
        finally:
            connection.close()
    except (InvalidState, EngineBroken):  # its shim was about to end when we asked
        ended = house.records.find(container.id)
        if ended.running:
            raise
        return ended.state.exit_code
