"""Repair: making the records true again after a crash.

A shim may be killed, a command may be killed, the power may fail. Nothing watches over
them; instead, whoever meets a record looks at the lock under it:

    it should run, and the lock is free     its shim is dead: kill what is left of the
                                            container, unmount, write exit status 255
    it does not run, but something of it    a start was cut short: take it away
    is still mounted, or its start was
    being stepped through
    a --rm container that has ended         whoever should have removed it is dead

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
from engine.errors import EngineBroken, EngineError
from engine.kernel import cgroups, mount_table, processes
from engine.runtime import release, sandbox, state
from engine.runtime.bundle import ShimFacts
from engine.runtime.state import State

LOST = 255  # the exit status of a container whose end nobody saw


def repair(house: House, container: Container) -> Container:
    """The container as it really is; the record is mended if it was wrong."""
    if not container.active and not _was_starting(house, container):
        return container
    lock = files.try_lock(container.directory / "alive")
    if lock is None:
        return container  # its shim lives, and does what is necessary
    try:
        return _repair_locked(house, Container.read(container.directory))
    finally:
        os.close(lock)


def repair_or_tell(house: House, container: Container) -> Container:
    """The same, where one damaged bundle must not hide all other containers."""
    try:
        return repair(house, container)
    except EngineBroken as error:
        house.notices.append(
            f"{error.message}. `lab rm -f {container.short_id}` removes the container."
        )
        return container


def _was_starting(house: House, container: Container) -> bool:
    return container.state.stepped or _has_remains(house, container)


def _has_remains(house: House, container: Container) -> bool:
    """Whether there is a mount, a group or a socket that should not be."""
    if cgroups.exists(house.cgroup(container)):
        return True
    if house.place.shim_socket(container.id).exists():
        return True
    try:
        if sandbox.has_remains(container.directory):
            return True
        return mount_table.is_mount_point(container.directory / "rootfs")
    except FileNotFoundError:
        return False


def _repair_locked(house: House, container: Container) -> Container:
    facts = ShimFacts.read(container.directory / "bundle")
    if not container.active and _was_starting(house, container):
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
    sandbox.drop_half_written(container.directory)
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
