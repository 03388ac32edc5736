"""Repair: making the records true again after a crash.

A shim may be killed, a command may be killed, the power may fail. Nothing watches over
them; instead, whoever meets a record looks at the lock under it:

    it should run, and the lock is free     its shim is dead: kill what is left of the
                                            container, unmount, write exit status 255
    it does not run, but something of it    a start was cut short: take it away
    is still mounted, or its start was
    being stepped through
    a --rm container that has ended         whoever should have removed it is dead

What a restart policy wants to run is then run again, as dockerd does when it sees a
shim die; but not after a reboot, which leaves no socket of a shim: that is for
`lab resume`.

Each repair is one notice, so that the student hears of it. Nothing here reads acts.

man: flock(2), cgroups(7) on cgroup.kill
Try it: `lab run -d --name box busybox sleep 600; pkill -9 lab-shim; lab ps -a`
"""

import contextlib
import os
import signal

from engine import entries, files, times
from engine.containers.house import House
from engine.containers.record import Container
from engine.containers.remains import Remains
from engine.errors import EngineBroken, EngineError
from engine.kernel import processes
from engine.runtime import release, sandbox, state
from engine.runtime.bundle import ShimFacts
from engine.runtime.state import State

LOST = 255  # the exit status of a container whose end nobody saw


def repair(
    house: House,
    container: Container,
    *,
    again: bool = True,
    remains: Remains | None = None,
) -> Container:
    """The container as it really is; the record is mended if it was wrong.

    `again`: what was killed with its shim may be run again, if its policy asks for it.
    `remains`: what there was after the record was read, if somebody has looked.
    """
    if not container.active and not _was_starting(container, remains or Remains(house)):
        return container
    lock = files.try_lock(container.directory / "alive")
    if lock is None:
        return container  # its shim lives, and does what is necessary
    try:
        was = Container.read(container.directory)
        killed = was.active and house.place.shim_socket(was.id).exists()
        now = _repair_locked(house, was)
    finally:
        os.close(lock)
    return _run_again(house, now) if killed and again else now


def repair_or_tell(
    house: House, container: Container, remains: Remains | None = None
) -> Container:
    """The same, where one damaged bundle must not hide all other containers."""
    try:
        return repair(house, container, remains=remains)
    except EngineBroken as error:
        house.notices.append(
            f"{error.message}. `lab rm -f {container.short_id}` removes the container."
        )
        return container


def _run_again(house: House, container: Container) -> Container:
    """Run it again if its policy asks for that, and its user had not stopped it."""
    policy, restarts = container.options.restart, container.state.restarts
    if container.stopped or not policy.wants_another(LOST, restarts):
        return container
    from engine.containers import lifecycle

    try:
        with house.recording("start", container.directory):
            lifecycle.start(house, container)
    except (EngineError, OSError) as error:
        house.notices.append(
            f"its restart policy, {policy}, wants {container.name} to run again, which "
            f"is not possible: {error}. `lab start {container.name}` tries once more."
        )
        return container
    house.notices.append(f"its restart policy, {policy}, has started it again")
    return house.records.find(container.id)


def _was_starting(container: Container, remains: Remains) -> bool:
    return container.state.stepped or remains.has(container)


def _repair_locked(house: House, container: Container) -> Container:
    facts = ShimFacts.read(container.directory / "bundle")
    if not container.active and _was_starting(container, Remains(house)):
        house.notices.append(
            f"repaired: a start of container {container.name} was cut short; what it "
            "had made is gone"
        )
    from engine.kernel import freezer

    with contextlib.suppress(EngineError):  # a group that is not there has no process
        freezer.kill_all(facts.cgroup)
    _kill_process(container)
    release.take_away(facts)
    sandbox.take_away(container.directory)
    with contextlib.suppress(FileNotFoundError):
        entries.unlink(house.place.shim_socket(container.id))
    if container.active:
        house.notices.append(
            f"repaired: the shim of container {container.name} was killed; "
            f"what was left of it is gone, its exit status is {LOST}"
        )
    now = _after_its_shim(container.state)
    if now != container.state:
        with contextlib.suppress(OSError):  # a full disk: it is true all the same
            state.write(container.directory, now)
    state.drop_half_written(container.directory)
    return container._replace(state=now)


def _after_its_shim(was: State) -> State:
    """What is true when the shim of a container in the state `was` is dead."""
    if not was.active:
        return was._replace(stepped=False, shim_pid=0)
    return was._replace(
        status=state.EXITED,
        pid=0,
        pid_started=0,
        shim_pid=0,
        ports=(),
        exit_code=LOST,
        finished_at=times.now(),
    )


def _kill_process(container: Container) -> None:
    """Kill process 1, wherever it is: a privileged one may have left its group.

    Another process may have got its number since; a pidfd and the time of its start
    tell.
    """
    with contextlib.suppress(OSError):  # it has ended
        pidfd = os.pidfd_open(container.state.pid)
        try:
            if processes.start_time(container.state.pid) == container.state.pid_started:
                processes.send_signal(pidfd, container.state.pid, signal.SIGKILL)
        finally:
            os.close(pidfd)
