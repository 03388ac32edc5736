"""Init: process 1 of a container, from its birth until it becomes the program.

It is born in new namespaces, still with the engine's privileges, and gives them away
one by one. The order is what makes it safe:

    1  loopback up, mounts private, the plan of rootfs.py, pivot      needs everything
    2  host name, terminal, working directory
    3  who may it be: limits, bounding set, groups, group, user
    4  what may it do: capabilities, no new privileges, seccomp
    5  execve

From the moment the root is the container's, nothing may be imported, opened by a host
path or looked up by a library: the files found would be the *image's*, and would run
with the engine's privileges. What is needed later is opened and compiled before.

The result travels to the shim over `report`, a socket that execve closes: an error in
JSON means it failed, silence means that the program runs.

Who makes containers by the command of the OCI (see command/) has some wishes of its
own: they are the `Manner` in which this is done.

man: namespaces(7), pivot_root(2), capabilities(7), execve(2)
Try it: `lab run --explain busybox true`
"""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, NoReturn

from engine.errors import (
    EngineBroken,
    EngineError,
    NotExecutable,
    SyscallError,
    from_os_error,
)
from engine.kernel import (
    capabilities,
    credentials,
    links,
    mounts,
    namespaces,
    nodes,
    paths,
    processes,
    roots,
    seccomp,
    terminal,
)
from engine.oci.spec import Process, Spec
from engine.runtime import channel, finding, rootfs


class Manner(NamedTuple):
    """How a process becomes a container's program, where there is a choice.

    `bare`: the root is a directory like others, and not yet a mount point. `begin` is
    called before anything is done, `wait` when all is done but execve. So many
    descriptors after 2 are `preserved` for the program. `keyring`: it gets a session
    keyring of its own. `trees` were opened for it before.
    """

    bare: bool = False
    begin: Callable[[], None] | None = None
    wait: Callable[[], None] | None = None
    preserved: int = 0
    keyring: bool = True
    trees: rootfs.Trees | None = None


USUAL = Manner()


def become_container(
    spec: Spec, program: bytes, report: socket.socket, manner: Manner = USUAL
) -> NoReturn:
    """As process 1 of new namespaces: become what the specification says.

    `program` is the compiled seccomp policy, b"" for none.
    """

    def work() -> None:
        _build(spec, manner)
        _become(spec.process, program, report, manner, console=True)

    do_and_leave(work, report)


def become_exec(
    process: Process, program: bytes, report: socket.socket, manner: Manner = USUAL
) -> NoReturn:
    """As a process that has joined a container: become one more program in it."""
    do_and_leave(
        lambda: _become(process, program, report, manner, console=False), report
    )


def do_and_leave(work: Callable[[], None], report: socket.socket) -> NoReturn:
    """Do `work`, tell the shim if it fails, and end this process in any case.

    An error never travels further up: above is the code of the shim, of which this
    process is a copy, and a traceback would read source files from a foreign root.
    """
    status = 0
    try:
        work()
    except EngineError as error:
        status = _told(error, report)
    except OSError as error:
        status = _told(from_os_error(error), report)
    except Exception as error:
        broken = EngineBroken(
            f"{type(error).__name__} in the container's init: {error}"
        )
        status = _told(broken, report)
    finally:
        processes.leave(status)


def _told(error: EngineError, report: socket.socket) -> int:
    """Report an error; the exit status of this process.

    Where nobody waits for a report any more it is for whoever reads the streams.
    """
    try:
        report.send(channel.failure(error), socket.MSG_NOSIGNAL)
    except ConnectionError:
        os.write(2, f"{error.message}\n".encode())
        return error.exit_code
    return 0


def _build(spec: Spec, manner: Manner) -> None:
    """Make the world in which the program will live."""
    if manner.begin:
        manner.begin()
    if "network" in spec.namespaces:
        links.set_up("lo")
    mounts.make_private(Path("/"))
    if manner.bare:
        mounts.bind(Path(spec.root), Path(spec.root), spec.root)
    trees = manner.trees
    if trees:
        root = trees.root
        roots.cover(root, spec.root)
    else:
        root = os.open(spec.root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    ordinary = os.umask(0)  # what the plan makes has the mode that the plan says
    for step in rootfs.plan(spec, trees.places if trees else None):
        step.apply(root, spec.root)
    os.umask(ordinary)
    os.close(root)
    if "uts" in spec.namespaces or "uts" in spec.joined:
        if spec.hostname:
            namespaces.set_hostname(spec.hostname)
        if spec.domainname:
            namespaces.set_domainname(spec.domainname)


def _become(
    process: Process,
    program: bytes,
    report: socket.socket,
    manner: Manner,
    *,
    console: bool,
) -> None:
    """Give the privileges away, and become the program.

    `console`: its terminal, if it has one, is also /dev/console of the container.
    """
    processes.new_session()
    if manner.keyring:
        credentials.new_session_keyring()
    if process.terminal:
        _open_terminal(process, report, console)
    else:
        _own_streams(process)
    if process.oom_score is not None:
        processes.set_oom_score(process.oom_score)
    if process.umask is not None:
        os.umask(process.umask)
    for name, (soft, hard) in process.limits.items():
        processes.set_limit(name, soft, hard)
    _give_up_powers(process, program)
    environment = dict(entry.split("=", 1) for entry in process.environment)
    path = finding.find(process.arguments[0], environment.get("PATH", ""))
    processes.close_from(3 + manner.preserved)
    processes.reset_signals()
    if manner.wait:
        manner.wait()
    try:
        processes.execute(path, list(process.arguments), environment)
    except SyscallError as error:
        raise finding.cannot_run(process.arguments[0], error) from error


def _give_up_powers(process: Process, program: bytes) -> None:
    """Bounding set, user, capabilities, seccomp: in the order that the kernel allows.

    Without no-new-privileges only root may load a filter, so it comes before the
    capabilities go; with it, it comes last, when there is least left to filter.
    """
    if program and not process.no_new_privileges:
        seccomp.load(program)
    capabilities.limit_bounding(process.capabilities)
    credentials.keep_capabilities(True)
    credentials.become_user(process.uid, process.gid, process.groups)
    credentials.keep_capabilities(False)
    # As the new user: a directory that only root may enter is not for it.
    _enter(process.directory)
    held = process.held
    capabilities.set_current(held, held, process.inheritable, process.ambient)
    if process.no_new_privileges:
        credentials.forbid_new_privileges()
        if program:
            seccomp.load(program)


def _enter(directory: str) -> None:
    try:
        processes.change_directory(directory)
    except SyscallError as error:
        raise NotExecutable(
            f'chdir to cwd ("{directory}") failed: {os.strerror(error.errno).lower()}',
            "Is it a directory of the container that this user may enter?",
        ) from error


def _open_terminal(process: Process, report: socket.socket, console: bool) -> None:
    """Make a terminal of the container's own, send its master to the shim."""
    master, slave, name = terminal.open_pair()
    if process.uid:
        os.fchown(slave, process.uid, -1)
    if console:
        root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        place = paths.make_file(root, "/dev/console", "/dev/console")
        own = Path(f"/proc/self/fd/{slave}")
        mounts.bind(own, place, "/dev/console", shown_source=name)
        os.close(place)
        os.close(root)
    channel.send(report, {"terminal": True}, (master,))
    os.close(master)
    if not report.recv(1):  # the shim has given it the size of the window
        raise EngineBroken("the container's shim did not take its terminal")
    terminal.make_controlling(slave)


def _own_streams(process: Process) -> None:
    """Make the streams the container's: the pipes its user's, /dev/null its own."""
    for descriptor in (0, 1, 2):
        if process.uid and _is_pipe_of_another(descriptor, process.uid):
            os.fchown(descriptor, process.uid, -1)  # to open /dev/stdout again
        elif nodes.is_null(descriptor):
            root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            null = nodes.open_null(root)
            os.dup2(null, descriptor)
            os.close(null)
            os.close(root)


def _is_pipe_of_another(descriptor: int, user: int) -> bool:
    """In a user namespace it has been given to the user before: see shifted.py."""
    status = os.fstat(descriptor)
    return stat.S_ISFIFO(status.st_mode) and status.st_uid != user
