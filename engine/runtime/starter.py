"""The throw-away child: a process that is born to unshare, fork once more, and die.

    shim ── fork ──▶ starter ── unshare, fork ──▶ process 1 of the container
                        │                              │
                      exits                  adopted by the shim (a subreaper)

Why so complicated? After unshare(2) of a pid namespace only the *next child* is inside
it, as process 1; and once that one has died the namespace is dead, so that whoever
unshared could never start it again. A shim must be able to restart its container.
So each start and each exec is the work of a new child, which takes the change of
namespaces upon itself.

    start   join the control group, mount the overlay, unshare, fork → init
    exec    join the control group, setns, fork → init

man: pid_namespaces(7), unshare(2), setns(2)
Try it: `lab run --explain busybox true` shows two processes: starter and init
"""

import gc
import os
import socket
from pathlib import Path
from typing import NamedTuple, NoReturn

from engine import acts, gate
from engine.kernel import cgroups, devices, limits, namespaces, processes
from engine.oci.spec import Process
from engine.runtime import channel, init, joining, rootfs
from engine.runtime.bundle import Bundle, ShimFacts, held, version_of


class Streams(NamedTuple):
    """The descriptors that become 0, 1 and 2 of the program."""

    input: int
    output: int
    errors: int


def start(
    directory: Path, streams: Streams, asked: int | None, report: socket.socket
) -> None:
    """In the throw-away child: make the container of the bundle `directory`.

    Its process is reported to the shim. `asked` is the gate, if somebody is to be
    asked before each act.
    """
    gc.disable()  # this process, and its child until execve, live for milliseconds
    if asked is not None:
        gate.install(asked)
    _keep_only(streams, report)
    bundle = _limited(directory)
    spec = bundle.spec
    devices.restrict(spec.cgroup, spec.resources.devices)
    cgroups.join(spec.cgroup)
    rootfs.mount_layers(directory, bundle)
    rootfs.mount_shared_memory(bundle)
    others = joining.find(spec.joined)
    processes.become_undumpable()
    namespaces.unshare(spec.namespaces)
    for other in others:
        other.join()
    pid = processes.fork()
    if pid == 0:
        processes.forget_imports()
        init.become_container(spec, bundle.seccomp, report)
    channel.send(report, {"pid": pid})


def start_and_leave(
    directory: Path, streams: Streams, asked: int | None, report: socket.socket
) -> NoReturn:
    """The same, and the end of this process."""
    init.do_and_leave(lambda: start(directory, streams, asked, report), report)


def _limited(directory: Path) -> Bundle:
    """Make the control group, with the limits of the bundle as it is in the end.

    An update that comes meanwhile writes them too; ours must not be the last, if they
    are old. No lock is held while we write: somebody may be stepping through it.
    """
    while True:
        with held(directory, shared=True):
            bundle, version = Bundle.read(directory), version_of(directory)
        cgroups.create(bundle.spec.cgroup)
        limits.limit(bundle.spec.cgroup, bundle.spec.resources)
        with held(directory, shared=True):
            if version_of(directory) == version:
                return bundle


def join(
    facts: ShimFacts,
    running: tuple[int, int],
    process: Process,
    program: bytes,
    streams: Streams,
    report: socket.socket,
) -> NoReturn:
    """In the throw-away child: join a container, and run one more process in it.

    `running` is process 1 of the container: its number, and a descriptor for it.
    """

    init.do_and_leave(
        lambda: _join(facts, running, process, program, streams, report), report
    )


def probe(
    directory: Path,
    facts: ShimFacts,
    running: tuple[int, int],
    command: tuple[str, ...],
    streams: Streams,
    report: socket.socket,
) -> NoReturn:
    """In the throw-away child: run a health check as the container's own user.

    What the container's process is like is read here, from the bundle `directory`: the
    shim, which lives longer, need not know.
    """

    def work() -> None:
        own = Bundle.read(directory)
        process = own.spec.process._replace(arguments=command, terminal=False)
        _join(facts, running, process, own.seccomp, streams, report)

    init.do_and_leave(work, report)


def _join(
    facts: ShimFacts,
    running: tuple[int, int],
    process: Process,
    program: bytes,
    streams: Streams,
    report: socket.socket,
) -> None:
    gc.disable()
    pid, pidfd = running
    _keep_only(streams, report, pidfd)
    cgroups.join(facts.cgroup)
    processes.become_undumpable()
    processes.forget_imports()
    namespaces.join(pidfd, pid, (*facts.namespaces, *facts.joined))
    child = processes.fork()
    if child == 0:
        init.become_exec(process, program, report)
    channel.send(report, {"pid": child})


def _keep_only(streams: Streams, report: socket.socket, *others: int) -> None:
    """Close all that the shim has open, its lock first of all; put 0, 1, 2 in place.

    A child that kept the lock would make a dead shim look alive.
    """
    for standard, descriptor in enumerate(
        (streams.input, streams.output, streams.errors)
    ):
        os.dup2(descriptor, standard)
    processes.close_all_but({report.fileno(), *others, *acts.descriptors()})
