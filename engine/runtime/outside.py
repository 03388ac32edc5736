"""A container's files seen from outside: for those who copy something in or out.

A container that does not run has layers, but no tree: somebody must mount it. And what
a volume shows lies in no layer at all. So a child of the shim makes a mount namespace
in which all of it is together, and sends two descriptors to whoever asked:

    shim ── fork ──▶ child:  1  mount the overlay at containers/ID/rootfs, if nobody has
                             2  unshare a mount namespace: what follows only it sees
                                (the overlay again, if it was taken away meanwhile)
                             3  bind volumes, directories of the machine, /etc/hosts …
                                no device can be opened through any of it
                             4  send  the open root, the namespace;  and end

The namespace lives as long as somebody holds its descriptor. When the copy is done, or
was killed, the kernel takes it apart: there is nothing to clean up. The overlay itself
is unmounted by the shim when nobody copies and nothing runs; a program that is started
meanwhile finds it mounted, and uses it.

What the container sees and this does not: tmpfs, /proc, /sys, /dev. They belong to its
processes, not to its files. Docker shows the same.

man: mount_namespaces(7), unix(7) on SCM_RIGHTS
Try it: `lab create --name box busybox; lab cp box:/etc/passwd -`, then `lab acts box`
"""

import contextlib
import os
import signal
import socket
from pathlib import Path
from typing import NoReturn

from engine import acts
from engine.errors import EngineError
from engine.kernel import mount_flags, mounts, namespaces, processes
from engine.runtime import channel, init, release, rootfs, targets
from engine.runtime.bundle import Bundle, ShimFacts
from engine.runtime.clients import Client
from engine.runtime.loop import READ, Loop


class Viewers:
    """The clients that look at the files of one container."""

    def __init__(self, loop: Loop, bundle: Path, facts: ShimFacts) -> None:
        self._loop, self._bundle, self._facts = loop, bundle, facts
        self._clients: list[Client] = []
        self._senders: dict[Client, tuple[int, int]] = {}  # pid, pidfd

    def show(self, client: Client) -> None:
        """Let a child answer the client with the files, for as long as it stays."""
        self._clients.append(client)
        pid = processes.fork()
        if pid == 0:
            send_files(self._bundle, client.connection)
        ended = os.pidfd_open(pid)
        self._senders[client] = pid, ended
        self._loop.watch(ended, READ, lambda: self._reap(client))

    def _reap(self, client: Client) -> None:
        pid, ended = self._senders.pop(client)
        self._loop.forget(ended)
        os.close(ended)
        os.waitpid(pid, 0)

    def settle(self) -> None:
        """Wait until those children that are at work have their namespaces.

        Whoever unmounts the overlay does this first: they are about to copy the mount.
        """
        for client in list(self._senders):
            self._reap(client)

    def leave(self, client: Client, *, needed: bool) -> None:
        """The client has gone. Unless the tree is still needed, take it away."""
        if client in self._senders:  # it must mount nothing when we have unmounted
            pid, pidfd = self._senders[client]
            with contextlib.suppress(EngineError, OSError):  # it will end by itself
                processes.send_signal(pidfd, pid, signal.SIGKILL)
            self._reap(client)
        if client in self._clients:
            self._clients.remove(client)
            if not self._clients and not needed and self._facts.layered:
                with contextlib.suppress(EngineError, OSError):  # to be repaired
                    release.unmount(Path(self._facts.root))


def send_files(directory: Path, connection: socket.socket) -> NoReturn:
    """In a child of the shim: answer with the files of the bundle `directory`."""

    def work() -> None:
        processes.close_all_but({connection.fileno(), *acts.descriptors()})
        bundle = Bundle.read(directory)
        users = _users(bundle)
        rootfs.mount_layers(directory, bundle, users)
        namespaces.unshare(("mount",))
        mounts.make_private(Path("/"))
        # once more: the container may just have ended
        rootfs.mount_layers(directory, bundle, users)
        root = os.open(bundle.spec.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for step in rootfs.plan_of_files(bundle.spec, users):
            step.apply(root, bundle.spec.root)
        flags = mount_flags.MS_NODEV | (
            mount_flags.MS_RDONLY if bundle.spec.read_only else 0
        )
        mounts.remount(root, flags | targets.kept_flags(root), bundle.spec.root)
        namespace = namespaces.hold("mount")
        acts.flush()  # whoever has its answer may go, and then we are killed
        channel.send(connection, {"ok": True}, (root, namespace))

    init.do_and_leave(work, connection)


def _users(bundle: Bundle) -> int:
    """The user namespace as which owners are shifted, as in the container; -1: none."""
    if bundle.spec.identities is None:
        return -1
    from engine.runtime import shifted  # few containers have one

    return shifted.open_users(bundle.spec, bundle.spec.identities)
