"""Exec: one more process in a container that runs.

It joins the container's namespaces and control group, and has the same powers and the
same system call policy; but it is not a child of process 1, and the container does not
end with it. When process 1 ends, it is killed like everything else in the container.

man: setns(2), nsenter(1)
Try it: `lab run -d --name box busybox sleep 60; lab exec box ps`
"""

import contextlib
import os
import posixpath
import signal
from typing import NamedTuple

from engine import events
from engine.containers import specification, telling, users
from engine.containers.house import House
from engine.containers.lifecycle import refuse_unless_running
from engine.containers.options.asked import ExecOptions
from engine.containers.record import Container
from engine.containers.sessions.detaching import read_keys
from engine.containers.sessions.session import Session
from engine.errors import InvalidArgument, InvalidState, NotExecutable
from engine.events import Event
from engine.files import closing, open_directory
from engine.growing import GrowingFile
from engine.kernel import capabilities
from engine.oci.spec import Process
from engine.runtime import client, state
from engine.runtime.announce import command_line
from engine.runtime.bundle import read_process


class Announced(NamedTuple):
    """What will be executed: its ID, and that of its container."""

    id: str
    container: str


def announce(house: House, container: Container, options: ExecOptions) -> Announced:
    """Check that it could be executed, and tell that it will be."""
    _refuse(container, options)
    identity = os.urandom(32).hex()
    action = f"exec_create: {command_line(options.command)}"
    telling.tell(house, container, action, execID=identity)
    return Announced(identity, container.id)


def _refuse(container: Container, options: ExecOptions) -> None:
    """Raise what keeps it from being executed now."""
    if not options.command:
        raise InvalidArgument("No exec command specified", "Name a program to run.")
    refuse_unless_running(container)
    if container.state.status == state.PAUSED:
        raise InvalidState(
            f"Container {container.name} is paused, unpause the container before exec",
            f"`lab unpause {container.name}` gives it the CPU back.",
        )


def execute(
    house: House, container: Container, options: ExecOptions, identity: str = ""
) -> Session:
    """A session for one more process; it is not started yet.

    `identity`: the ID under which it has been announced, if it has.
    """
    _refuse(container, options)
    keys = read_keys(options.detach_keys, called="escape")
    process = _process(container, options)
    request = {
        "do": "exec",
        "process": process.to_json(),
        "stdin": options.interactive,
        "attach": not options.detach,
        "seccomp": not options.privileged,
        "at_once": house.watched,
        "id": identity,
    }
    connection = client.connect(house.place, container.directory)
    return Session(
        connection,
        name=container.name,
        tty=options.tty,
        request=request,
        detach_keys=keys,
        silence=house.silence,
    )


def exit_of(house: House, container: Container, identity: str) -> int | None:
    """The exit status of what was executed under this ID; None while it runs.

    Its end is an event: nobody keeps a list of what has been.
    """
    if identity in running_execs(house, container):
        return None
    lines = GrowingFile(events.path(house.root))
    with contextlib.closing(lines):
        for line in lines.lines():
            if identity.encode() in line and b'"exec_die"' in line:
                with contextlib.suppress(ValueError):  # not ours
                    return int(Event.parse(line).attributes["exitCode"])
    return None if container.running else 128 + signal.SIGKILL


def running_execs(house: House, container: Container) -> list[str]:
    """The IDs of what has been executed in a container, and runs; its shim knows."""
    if not container.running:
        return []
    try:
        with client.connect(house.place, container.directory) as connection:
            return [str(identity) for identity in connection.ask("execs")["ids"]]
    except client.GONE:  # it has just ended
        return []


def _process(container: Container, options: ExecOptions) -> Process:
    """The container's own process, but for what was asked otherwise."""
    own = read_process(container.directory / "bundle")
    directory = options.working_directory or own.directory
    if not directory.startswith("/"):
        raise NotExecutable(
            f"exec failed: Cwd must be an absolute path: {directory}",
            "It is a path inside the container: begin it with /.",
        )
    variables = dict(entry.split("=", 1) for entry in own.environment)
    if options.tty:
        variables.setdefault("TERM", "xterm")
    identity = users.Identity(uid=own.uid, gid=own.gid, groups=own.groups, home="")
    if options.user is not None:
        identity = _resolve(container, options.user)
        variables["HOME"] = identity.home
    variables = specification.changed(variables, options.environment)
    powers = own.capabilities
    if options.privileged:
        powers = capabilities.chosen((), (), privileged=True)
    return Process(
        arguments=options.command,
        environment=tuple(f"{name}={value}" for name, value in variables.items()),
        directory=posixpath.normpath(directory),
        terminal=options.tty,
        uid=identity.uid,
        gid=identity.gid,
        groups=identity.groups,
        capabilities=powers,
        limits=own.limits,
        no_new_privileges=own.no_new_privileges,
        oom_score=own.oom_score,
    )


def _resolve(container: Container, user: str) -> users.Identity:
    """Who `user` is in the container as it is now, not as the image was."""
    with closing(open_directory(container.directory / "rootfs")) as root:
        try:
            groups = container.options.groups_add
            return users.resolve(root, user, groups, container.identities)
        except InvalidArgument as error:
            raise NotExecutable(error.message, error.hint) from error
