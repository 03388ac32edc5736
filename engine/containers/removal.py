"""Removal: `rm`, and what `--rm` leaves to do when a container has ended.

    the record      its name first, then everything in its directory
    the layers      init and read-write layer go with it: what was written is lost
    the volumes     anonymous ones with -v or --rm, named ones never

Try it: `lab run --name box busybox sh -c 'echo hello > /f'; lab rm box`
"""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from engine import acts, entries, files, times
from engine.containers import forgetting, lifecycle, telling, volume_use
from engine.containers.house import House
from engine.containers.record import Container
from engine.errors import Conflict, EngineBroken, EngineError, NotFound
from engine.kernel import cgroups
from engine.runtime import release, sandbox, state
from engine.runtime.bundle import ShimFacts

PATIENCE = 3.0  # seconds, for whoever should remove a --rm container
_TURN = 3.0  # the same, for whoever else is at work in a container


def remove(
    house: House, container: Container, *, force: bool = False, volumes: bool = False
) -> None:
    """Remove a container. Conflict if it runs, unless `force` kills it first."""
    if (container.active or container.state.stepped) and not force:
        raise Conflict(*_refusal(container))

    def end() -> None:
        """Others may start it again, as long as we have not got its lock."""
        now = house.records.find(container.id)
        if force and (now.active or now.state.stepped):
            lifecycle.kill(house, now)

    try:
        lock = _lock(container.directory, end)
    except FileNotFoundError:
        return  # somebody else has removed it meanwhile, as with --rm
    try:
        facts = ShimFacts.read(container.directory / "bundle")
        release.kill_left(facts)  # of a start whose shim was killed a moment ago
        release.take_away(facts)
        sandbox.take_away(container.directory)
        forgetting.forget(house.records, container)
    finally:
        os.close(lock)
    _remove_socket(house.place.shim_socket(container.id))
    acts.flush()  # whoever follows them leaves with the next line
    telling.tell(house, container, "destroy")
    if volumes:
        volume_use.remove_anonymous(house, container.bound, but=container.id)


def _remove_socket(path: Path) -> None:
    """The shim has taken its socket away itself, unless it was killed."""
    with contextlib.suppress(FileNotFoundError):
        if path.exists():
            entries.unlink(path)


def remove_damaged(house: House, identity: str) -> None:
    """Remove a container of whose record nothing can be believed but its place.

    Its volumes stay: nobody knows which are only its own.
    """
    from engine.kernel import freezer

    directory = house.records.containers / identity
    try:
        group = ShimFacts.read(directory / "bundle").cgroup
    except EngineBroken:
        group = f"{house.place.cgroup}/{identity}"
    with contextlib.suppress(EngineError):  # a group that is not there has no process
        freezer.kill_all(group)
    try:
        lock = _lock(directory)
    except FileNotFoundError:
        return  # somebody else has removed it meanwhile
    try:
        for name in ("rootfs", "shm"):
            release.unmount(directory / name)
        cgroups.remove(group)
        sandbox.clear(directory, house.place.pin(identity))
        forgetting.forget_damaged(house.records, identity)
    finally:
        os.close(lock)


def _lock(directory: Path, end: Callable[[], object] = bool) -> int:
    """The container's lock. A shim that has told the exit status, and whoever removes
    a --rm container for it, let go of it soon; `end` makes it end before each attempt.
    FileNotFoundError if it has gone.
    """
    until = time.monotonic() + _TURN
    while time.monotonic() < until:
        with contextlib.suppress(EngineError):  # it has ended by itself
            end()
        lock = files.try_lock(directory / "alive")
        if lock is not None:
            if directory.exists():
                return lock
            os.close(lock)  # its directory was renamed before the file was locked
            raise FileNotFoundError(directory)
        time.sleep(0.01)
    raise Conflict(
        f"removal of container {directory.name}: another command is at work in it",
        "It is being started, or copied from or into: try again when that is done.",
    )


def _refusal(container: Container) -> tuple[str, str]:
    if container.state.status == state.PAUSED:
        return (
            f"You cannot remove a paused container {container.id}. Unpause and then "
            "stop the container before attempting removal or force remove",
            f"`lab unpause {container.name}` and `lab stop {container.name}` first, "
            "or `lab rm -f`.",
        )
    return (
        f"You cannot remove a {container.state.status} container {container.id}. "
        "Stop the container before attempting removal or force remove",
        f"`lab stop {container.name}` first, or `lab rm -f {container.name}`.",
    )


def remove_finished(house: House, container: Container) -> bool:
    """Remove a --rm container that nobody removed when it ended. True if it was one.

    Whoever should do it, client or shim, is given some seconds.
    """
    ended = container.options.auto_remove and container.state.status == state.EXITED
    # A time that is still to come was told by a clock that has been set back since.
    if (
        not ended
        or times.now(ago=PATIENCE) < container.state.finished_at <= times.now()
    ):
        return False
    with contextlib.suppress(EngineError):
        remove(house, container, volumes=True)
        house.notices.append(f"repaired: removed {container.name}, which had ended")
    return True


def remove_released(directory: str) -> None:
    """What a shim without a client starts when a --rm container has ended."""
    path = Path(directory)
    house = House(path.parents[1])
    with contextlib.suppress(NotFound):
        container = house.records.find(path.name)
        with files.locked(path / "alive"):
            pass  # the shim lets go of it when it has told everybody
        remove(house, container, volumes=True)
