"""Ending: kill, delete; and what happens before: update, pause, resume.

    kill             a signal for process 1, or with --all for everybody in the group;
                     what is paused is woken to be killed
    delete           what is left of a container that has stopped
    delete --force   SIGKILL before, and no error if there is no such container

A process is signalled by a descriptor that was opened before it was looked at: its
number cannot come to mean another one in between.

Source: runtime-spec runtime.md, "Kill" and "Delete"
man: pidfd_open(2), pidfd_send_signal(2), kill(2), signal(7)
Try it: `labshell-runc kill box KILL; labshell-runc state box`
"""

import contextlib
import os
import signal
import sys
from pathlib import Path

from engine import files
from engine.errors import EngineBroken, InvalidArgument, InvalidState, NotFound
from engine.kernel import cgroups, freezer, processes
from engine.runtime.command import records
from engine.runtime.command.records import Container


def kill(root: Path, identity: str, name: str, *, everybody: bool) -> int:
    """Send a signal, given by its name or number."""
    number = _number(name)
    with records.held(root, identity) as (_, container):
        if everybody:
            for pid in cgroups.members(container.cgroup):
                with contextlib.suppress(ProcessLookupError):  # it has just ended
                    os.kill(pid, number)
        else:
            _send(container, number)
        # Under version 1 of control groups SIGKILL waits until the group is thawed.
        if number == signal.SIGKILL and freezer.is_frozen(container.cgroup):
            freezer.thaw(container.cgroup)
    return 0


def _send(container: Container, number: int) -> None:
    if records.lives(container):
        with (
            contextlib.suppress(ProcessLookupError),
            files.closing(os.pidfd_open(container.pid)) as pidfd,
        ):
            if records.lives(container):  # so the descriptor is of that process
                processes.send_signal(pidfd, container.pid, number)
                return
    raise InvalidState("container not running", "It has stopped.")


def _number(name: str) -> int:
    """ "9", "KILL" and "SIGKILL" are one."""
    if name.isdecimal() and 0 < int(name) < signal.NSIG:
        return int(name)
    full = name.upper() if name.upper().startswith("SIG") else f"SIG{name.upper()}"
    try:
        return signal.Signals[full]
    except KeyError as error:
        raise InvalidArgument(
            f"unknown signal {name!r}", "`kill -l` names those that there are."
        ) from error


def delete(root: Path, identity: str, *, force: bool) -> int:
    """Remove a container that has stopped, or was never started.

    By force also one whose record is damaged: then nobody knows its processes.
    """
    try:
        with records.held(root, identity) as (directory, container):
            status = records.status(root, container)
            if not force and status not in (records.STOPPED, records.CREATED):
                raise InvalidState(
                    f"cannot delete container {identity} that is not stopped: {status}",
                    "`labshell-runc kill ID KILL` first, or delete --force.",
                )
            with contextlib.suppress(InvalidState):
                _send(container, signal.SIGKILL)
            records.take_away(directory, container)
    except (NotFound, EngineBroken) as error:
        if not force:
            raise
        if isinstance(error, EngineBroken):
            told = f"warning: {error.message}; its processes, if any, live on"
            print(told, file=sys.stderr)
        with contextlib.suppress(FileNotFoundError):
            files.remove_tree(root / identity)  # of a create that was killed at once
    return 0


def update(root: Path, identity: str, file: Path) -> int:
    """Change the limits of a container: all that are in the JSON of `file`, or none."""
    from engine.kernel import limits
    from engine.runtime.command import config  # kill and delete need not know it

    resources = config.read_limits(file)
    with (
        records.held(root, identity) as (_, container),
        limits.changed(container.cgroup, resources),
    ):
        return 0


def pause(root: Path, identity: str) -> int:
    """Take the processor away from everybody in a container."""
    return _freeze(root, identity, records.RUNNING, records.PAUSED)


def resume(root: Path, identity: str) -> int:
    """Give it back."""
    return _freeze(root, identity, records.PAUSED, records.RUNNING)


def _freeze(root: Path, identity: str, before: str, after: str) -> int:
    with records.held(root, identity) as (_, container):
        status = records.status(root, container)
        if status != before:
            raise InvalidState(f"container not {before}", f"It is {status}.")
        change = freezer.freeze if after == records.PAUSED else freezer.thaw
        change(container.cgroup)
    return 0
