"""Exec: one more process in a container that runs.

It joins the container's namespaces and control group, and has the same powers and the
same system call policy; but it is not a child of process 1, and the container does not
end with it. When process 1 ends, it is killed like everything else in the container.

man: setns(2), nsenter(1)
Try it: `lab run -d --name box busybox sleep 60; lab exec box ps`
"""

import posixpath

from engine.containers import users
from engine.containers.house import House
from engine.containers.lifecycle import refuse_unless_running
from engine.containers.options.asked import ExecOptions
from engine.containers.record import Container
from engine.containers.sessions.detaching import read_keys
from engine.containers.sessions.session import Session
from engine.errors import InvalidArgument, InvalidState, NotExecutable
from engine.files import closing, open_directory
from engine.kernel import capabilities
from engine.oci.spec import Process
from engine.runtime import client, state
from engine.runtime.bundle import Bundle


def execute(house: House, container: Container, options: ExecOptions) -> Session:
    """A session for one more process; it is not started yet."""
    if not options.command:
        raise InvalidArgument("No exec command specified", "Name a program to run.")
    refuse_unless_running(container)
    if container.state.status == state.PAUSED:
        raise InvalidState(
            f"Container {container.name} is paused, unpause the container before exec",
            f"`lab unpause {container.name}` gives it the CPU back.",
        )
    keys = read_keys(options.detach_keys, called="escape")
    process = _process(container, options)
    request = {
        "do": "exec",
        "process": process.to_json(),
        "stdin": options.interactive,
        "attach": not options.detach,
        "seccomp": not options.privileged,
        "at_once": house.watched,
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
    own = Bundle.read(container.directory / "bundle").spec.process
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
    variables |= dict(entry.split("=", 1) for entry in options.environment)
    everything = capabilities.chosen((), (), privileged=True)
    return Process(
        arguments=options.command,
        environment=tuple(f"{name}={value}" for name, value in variables.items()),
        directory=posixpath.normpath(directory),
        terminal=options.tty,
        uid=identity.uid,
        gid=identity.gid,
        groups=identity.groups,
        capabilities=everything if options.privileged else own.capabilities,
        limits=own.limits,
        no_new_privileges=own.no_new_privileges,
        oom_score=own.oom_score,
    )


def _resolve(container: Container, user: str) -> users.Identity:
    """Who `user` is in the container as it is now, not as the image was."""
    with closing(open_directory(container.directory / "rootfs")) as root:
        try:
            return users.resolve(root, user, container.options.groups_add)
        except InvalidArgument as error:
            raise NotExecutable(error.message, error.hint) from error
