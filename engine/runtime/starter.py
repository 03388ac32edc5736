"""The throw-away child: a process that is born to unshare, fork once more, and die.

    shim ── fork ──▶ starter ── unshare, fork ──▶ process 1 of the container
                        │                              │
                      exits                  adopted by the shim (a subreaper)

Why so complicated? After unshare(2) of a pid namespace only the *next child* is inside
it, as process 1; and once that one has died the namespace is dead, so that whoever
unshared could never start it again. A shim must be able to restart its container.
So each start is the work of a new child, which takes the change of namespaces upon
itself. Exec needs none, since to join is not to unshare: a shim may have one child born
in a pid namespace that is there, and come back. The rest that child does itself.

    start   join the control group, mount the overlay, unshare, fork → init
    exec    fork → join the control group, setns → init

man: pid_namespaces(7), unshare(2), setns(2)
Try it: `lab run --explain busybox true` shows two processes: starter and init
"""

import gc
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from engine import acts, gate
from engine.errors import SyscallError
from engine.kernel import cgroups, devices, limits, namespaces, processes
from engine.oci.spec import Identities, Process, Spec
from engine.runtime import channel, init, joining, rootfs
from engine.runtime.bundle import Bundle, ShimFacts, held, version_of
from engine.runtime.init import USUAL, Manner


class Running(NamedTuple):
    """A container that runs, as somebody who joins it must know it.

    `pid` and `pidfd` are of its process 1; `namespaces` are the kinds to join;
    `identities` are those of its users, if they are nobody outside.
    """

    pid: int
    pidfd: int
    cgroup: str
    namespaces: tuple[str, ...]
    identities: Identities | None = None

    @staticmethod
    def of(facts: ShimFacts, pid: int, pidfd: int) -> "Running":
        """The container of a shim."""
        kinds = (*facts.namespaces, *facts.joined)
        return Running(pid, pidfd, facts.cgroup, kinds, facts.identities)

    def fork(self) -> int:
        """Fork a child that is born in its pid namespace; it is to `join` it next.

        Those inside see the child at once, so nobody may look into it, nor into us.
        """
        processes.become_undumpable()
        if "pid" not in self.namespaces:  # it shares that of the machine
            return processes.fork()
        return namespaces.fork_inside(self.pidfd, self.pid)


class Streams(NamedTuple):
    """The descriptors that become 0, 1 and 2 of the program."""

    input: int
    output: int
    errors: int


def start(
    directory: Path,
    streams: Streams,
    asked: int | None,
    report: socket.socket,
    limited: Callable[[Path], Bundle] | None = None,
    manner: Manner = USUAL,
    kept: tuple[int, ...] = (),
) -> None:
    """In the throw-away child: make the container of the bundle `directory`.

    Its process is reported to the shim. `asked` is the gate, if somebody is to be
    asked before each act. `limited` reads the bundle, and makes its control group with
    its limits; other descriptors that are still needed are `kept`.
    """
    gc.disable()  # this process, and its child until execve, live for milliseconds
    if asked is not None:
        gate.install(asked)
    keep_only(streams, report, *kept)
    bundle = (limited or _limited)(directory)
    spec = bundle.spec
    devices.restrict(spec.cgroup, spec.resources.devices)
    users = _users(spec)
    _delegate(spec)
    cgroups.join(spec.cgroup)
    rootfs.mount_layers(directory, bundle, users)
    rootfs.mount_shared_memory(bundle)
    others = joining.find(spec.joined)
    processes.become_undumpable()
    if spec.identities:
        spec, manner = _enter(spec, spec.identities, users, manner)
    namespaces.unshare(spec.namespaces)
    for other in others:
        other.join()
    pid = processes.fork()
    if pid == 0:
        processes.forget_imports()
        init.become_container(spec, bundle.seccomp, report, manner)
    channel.send(report, {"pid": pid})


def _delegate(spec: Spec) -> None:
    """Its control group is its own if it sees no other, may write, and has own users.

    Source: OCI runtime-spec, config-linux.md, "Cgroup ownership"
    """
    if spec.identities and "cgroup" in spec.namespaces and rootfs.opens_groups(spec):
        from engine.kernel import delegation  # few containers are given theirs

        owner = spec.identities.first + spec.process.uid
        delegation.delegate(spec.cgroup, owner)


def _users(spec: Spec) -> int:
    """The open user namespace that it gets; -1 if it has the machine's users."""
    if spec.identities is None:
        return -1
    from engine.runtime import shifted  # few containers have a user namespace

    return shifted.open_users(spec, spec.identities)


def _enter(
    spec: Spec, identities: Identities, users: int, manner: Manner
) -> tuple[Spec, Manner]:
    """Go where root is nobody outside; what is left to be done there, and how."""
    from engine.runtime import shifted

    kinds = tuple(kind for kind in spec.namespaces if kind != "user")
    process = shifted.give(spec.process, identities)
    trees = rootfs.open_trees(spec, users)
    shifted.enter(users)
    return (
        spec._replace(namespaces=kinds, process=process),
        manner._replace(trees=trees),
    )


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
    running: Running,
    process: Process,
    program: bytes,
    streams: Streams,
    report: socket.socket,
    manner: Manner = USUAL,
    kept: tuple[int, ...] = (),
) -> None:
    """In the child of `Running.fork`: join the rest, and become one more process in it.

    `program` is the compiled system call policy, b"" for none.
    """
    gc.disable()
    keep_only(streams, report, running.pidfd, *kept)
    _join_group(running)
    if running.identities:
        from engine.runtime import shifted  # few containers have a user namespace

        process = shifted.give(process, running.identities)
    processes.forget_imports()
    if others := tuple(kind for kind in running.namespaces if kind != "pid"):
        namespaces.join(running.pidfd, running.pid, others)
    if running.identities:
        shifted.become_its_root()
    init.become_exec(process, program, report, manner)


def _join_group(running: Running) -> None:
    """Join its control group, or the part of it where process 1 is, if it has parts."""
    try:
        cgroups.join(running.cgroup)
    except SyscallError as error:
        if error.name != "EBUSY":
            raise
        from engine.kernel import delegation  # few containers divide their group

        delegation.join_part_of(running.pid)


def keep_only(streams: Streams, report: socket.socket, *others: int) -> None:
    """Close all that the shim has open, its lock first of all; put 0, 1, 2 in place.

    A child that kept the lock would make a dead shim look alive.
    """
    for standard, descriptor in enumerate(
        (streams.input, streams.output, streams.errors)
    ):
        os.dup2(descriptor, standard)
    processes.close_all_but({report.fileno(), *others, *acts.descriptors()})
