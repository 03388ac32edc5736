"""Exec: one more process in a container.

    --process FILE        the process as config.json would describe it: podman does so
    ID COMMAND ARG...     the process of config.json, with another command

It joins the container's group and namespaces, gets the same system call policy, and
then becomes the program as process 1 did. In the foreground we wait for its end.

man: setns(2)
Try it: `labshell-runc exec -t box sh`
"""

import functools
import os
import socket
from pathlib import Path
from typing import NamedTuple

from engine import files
from engine.errors import InvalidArgument, InvalidState
from engine.kernel import capabilities
from engine.oci.spec import Process
from engine.runtime import init, starter
from engine.runtime.command import birth, config, console, records, streams
from engine.runtime.command.console import Console
from engine.runtime.command.records import Container
from engine.runtime.init import Manner

Window = tuple[int, int] | None


class NewProcess(NamedTuple):
    """What exec is asked for on the command line; "" and () leave it as it is."""

    root: Path
    id: str
    command: tuple[str, ...] = ()
    process: Path | None = None
    directory: str = ""
    environment: tuple[str, ...] = ()
    terminal: bool = False
    user: str = ""
    groups: tuple[int, ...] = ()
    powers: tuple[str, ...] = ()
    no_new_privileges: bool = False
    console_socket: str | None = None
    pid_file: Path | None = None
    preserved: int = 0
    detach: bool = False


def execute(new: NewProcess) -> int:
    """Run the process; its exit status, or 0 if we detach."""
    streams.check_preserved(new.preserved)
    with records.held(new.root, new.id) as (directory, container):
        status = records.status(new.root, container)
        if status not in (records.RUNNING, records.CREATED):
            raise InvalidState(
                f"cannot exec in a {status} container", "It must be running."
            )
        process, window = _described(new, container)
        path = new.console_socket
        console.check(path, terminal=process.terminal, detach=new.detach)
        terminal = Console(path, window)
        pid = _join(new, directory, container, process, terminal)
        streams.write_pid(new.pid_file, pid)
    return 0 if new.detach else console.follow(pid, terminal.master)


def _join(
    new: NewProcess,
    directory: Path,
    container: Container,
    process: Process,
    terminal: Console,
) -> int:
    program = (directory / records.POLICY).read_bytes()
    with files.closing(os.pidfd_open(container.pid)) as pidfd:
        if not records.lives(container):  # so the descriptor is of that process
            raise InvalidState("the container has just ended", "Start it again.")
        running = starter.Running(
            container.pid, pidfd, container.cgroup, container.namespaces
        )

        def in_child(report: socket.socket) -> None:
            manner = Manner(preserved=new.preserved)
            kept = tuple(streams.preserved(new.preserved))
            own = streams.HANDED_DOWN

            def work() -> None:
                starter.join(running, process, program, own, report, manner, kept)

            init.do_and_leave(work, report)

        return birth.give(in_child, terminal.take, beside=running)


def _described(new: NewProcess, container: Container) -> tuple[Process, Window]:
    if new.process is not None:
        process, window = config.read_process(new.process)
        terminal = process.terminal or new.terminal
        return process._replace(terminal=terminal), window
    if any("=" not in entry for entry in new.environment):
        raise InvalidArgument("a variable has no value", "--env NAME=VALUE.")
    if not new.command:
        raise InvalidArgument(
            "exec needs a command", "`labshell-runc exec ID COMMAND`, or --process."
        )
    bundle = Path(container.bundle)
    own = config.read(bundle, container.id).spec.process
    process = own._replace(
        arguments=new.command,
        terminal=new.terminal,
        environment=(*own.environment, *new.environment),
        directory=new.directory or own.directory,
        groups=(*own.groups, *new.groups),
        no_new_privileges=own.no_new_privileges or new.no_new_privileges,
    )
    return _as_asked(process, new), None


def _as_asked(process: Process, new: NewProcess) -> Process:
    """With the user and the powers that were asked for."""
    if new.user:
        uid, _, gid = new.user.partition(":")
        if not uid.isdecimal() or not (gid or "0").isdecimal():
            raise InvalidArgument(
                f"{new.user!r} is not a user", "Numbers: --user UID or UID:GID."
            )
        process = process._replace(uid=int(uid), gid=int(gid or process.gid))
    config.check_identity(process)
    added = capabilities.chosen(new.powers, ()) if new.powers else ()
    asked = {name.upper().removeprefix("CAP_") for name in new.powers}
    named = (name for name in added if asked & {"ALL", name.removeprefix("CAP_")})
    return functools.reduce(_with, named, process)


def _with(process: Process, name: str) -> Process:
    """With one more capability, switched on."""
    if name in process.held:
        return process
    wider = tuple(dict.fromkeys((*process.capabilities, name)))
    return process._replace(capabilities=wider, current=(*process.held, name))
