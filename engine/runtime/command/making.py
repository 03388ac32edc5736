"""Making: create, and run, which is create and start at once.

    create   record ─▶ starter ─▶ init waits at the fifo ─▶ pid, pid file;  we end
    run      the same without the fifo; in the foreground we wait, and take all away

What goes wrong before the program runs leaves nothing behind.

Source: runtime-spec runtime.md, "Lifecycle" and "Operations"
man: fork(2), prctl(2) on PR_SET_CHILD_SUBREAPER
Try it: `labshell-runc create box; labshell-runc state box; labshell-runc start box`
"""

import contextlib
import functools
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from engine import files, times
from engine.errors import Conflict, NotFound
from engine.kernel import cgroups, limits, processes, seccomp
from engine.oci.spec import Spec
from engine.runtime import copying_up, init, starter
from engine.runtime.bundle import Bundle
from engine.runtime.command import (
    birth,
    config,
    console,
    fifo,
    hooks,
    records,
    streams,
)
from engine.runtime.command.config import Config
from engine.runtime.command.console import Console
from engine.runtime.command.hooks import Hook
from engine.runtime.command.records import Container
from engine.runtime.init import Manner

# Init may meet it in a config.json, when nothing can be imported any more.
_NEEDED_BY_INIT = (copying_up,)


class NewContainer(NamedTuple):
    """What create and run are asked for on the command line."""

    root: Path
    id: str
    bundle: Path
    console_socket: str | None = None
    pid_file: Path | None = None
    preserved: int = 0
    keyring: bool = True


class Made(NamedTuple):
    """A container, and the master of its terminal if we keep that; else -1."""

    container: Container
    master: int


def create(new: NewContainer) -> int:
    """Make a container that waits for its start."""
    _make(new, detach=True, wait=True)
    return 0


def run(new: NewContainer, *, detach: bool, keep: bool) -> int:
    """Make a container and start it; unless we `detach`, its exit status."""
    if detach:
        records.tell_started(_make(new, detach=True, wait=False).container)
        return 0
    processes.adopt_orphans(True)
    made = _make(new, detach=False, wait=False)
    try:
        records.tell_started(made.container)
        return console.follow(made.container.pid, made.master)
    finally:
        if not keep:
            with (
                contextlib.suppress(NotFound),  # somebody has deleted it already
                records.held(new.root, new.id) as (directory, container),
            ):
                records.take_away(directory, container)


def _make(new: NewContainer, *, detach: bool, wait: bool) -> Made:
    """Have it made while its record is held; what goes wrong leaves nothing behind."""
    asked = config.read(new.bundle, new.id)
    streams.check_preserved(new.preserved)
    wants_terminal = asked.spec.process.terminal
    console.check(new.console_socket, terminal=wants_terminal, detach=detach)
    program = seccomp.compile_policy(asked.spec.seccomp) if asked.spec.seccomp else b""
    directory = records.make(new.root, new.id)
    with files.locked_directory(directory) as held:
        if cgroups.members(asked.spec.cgroup):  # whose end would be theirs
            files.remove_tree(directory)
            raise Conflict(
                f"the control group {asked.spec.cgroup} has processes already",
                "linux.cgroupsPath names a group of the container's own.",
            )
        container = _record(new, asked)
        try:
            container.write(directory)
            files.write_new(directory / records.POLICY, program)
            return _give_birth(new, asked, program, held, container, wait)
        except BaseException:
            if records.is_there(directory, held):
                records.take_away(directory, container)
            raise


def _record(new: NewContainer, asked: Config) -> Container:
    return Container(
        id=new.id,
        bundle=str(new.bundle),
        rootfs=asked.spec.root,
        created=times.now(),
        cgroup=asked.spec.cgroup,
        namespaces=(*asked.spec.namespaces, *asked.spec.joined),
        annotations=asked.annotations,
        hooks=asked.hooks,
    )


def _give_birth(
    new: NewContainer,
    asked: Config,
    program: bytes,
    held: int,
    container: Container,
    wait: bool,
) -> Made:
    """Have the process made, and write down which it is."""
    directory = new.root / new.id
    opened = fifo.make(directory) if wait else -1
    terminal = Console(new.console_socket, asked.window)
    before = hooks.read(asked.hooks, *hooks.BEFORE)

    def begun(pid: int) -> None:
        born = _with_process(container, pid)
        _run_hooks(before, born._replace(creating=True), directory, held)

    def in_child(report: socket.socket) -> None:
        begin = birth.asking(report) if before else None
        held_up = fifo.waiting(opened, report) if wait else None
        manner = Manner(True, begin, held_up, new.preserved, new.keyring)
        kept = (*streams.preserved(new.preserved), *([opened] if wait else ()))

        own = streams.HANDED_DOWN

        def work() -> None:
            bundle = functools.partial(_limited, asked.spec, program)
            starter.start(new.bundle, own, None, report, bundle, manner, kept)

        init.do_and_leave(work, report)

    pid = birth.give(in_child, terminal.take, begun, waits=wait)
    born = _with_process(container, pid)
    born.write(directory)
    streams.write_pid(new.pid_file, pid)
    return Made(born, terminal.master)


def _run_hooks(
    before: Sequence[Hook], creating: Container, directory: Path, held: int
) -> None:
    """They may last: meanwhile others may kill or delete what there is by then."""
    creating.write(directory)
    with records.let_go(directory, held):
        hooks.run(before, creating.state(records.CREATING))


def _with_process(container: Container, pid: int) -> Container:
    return container._replace(pid=pid, pid_started=processes.start_time(pid) or 0)


def _limited(spec: Spec, program: bytes, _: Path) -> Bundle:
    """The bundle, when its control group is there with its limits."""
    cgroups.create(spec.cgroup)
    limits.limit(spec.cgroup, spec.resources)
    return Bundle(spec=spec, layers=None, seccomp=program)
