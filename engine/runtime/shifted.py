"""Shifted: a container with a user namespace, whose root is nobody outside.

Root of the machine makes the container until the moment at which it becomes root of
that namespace only; then it may do nothing any more with what is the machine's. So the
starter, which is still root, opens beforehand whatever is needed:

    the user namespace           made here, or the one that owns the pinned network
    the overlay                  mounted over *idmapped* layers: user 0 on the disk is
                                 user 0 inside, and on the machine nobody in particular
    the root, volumes, /etc/…    trees that are open and nowhere mounted; volumes are
                                 idmapped, directories of the machine are not: their
                                 files are nobody's inside
    /dev/null, /dev/zero …       the machine's own nodes, since mknod(2) is refused
    streams, limits, OOM score   given and raised now

then it enters, becomes user 0 of the namespace, and makes the other namespaces, which
so belong to it. What follows is the same as in any other start; init only moves the
trees into their places. The order of the mounts of a shifted container's layers:

    containers/ID/upper  snapshots/…    owners as in images: commit and diff see these
       └─ open_tree, mount_setattr      one copy for all: upper and work need one mount
            └─ overlay                  owners shifted: what `lab cp` and ls(1) see
                 └─ the container       owners as in images again

man: user_namespaces(7), mount_setattr(2), setns(2)
Try it: `lab run --rm --explain --userns auto busybox id`
"""

import os
import resource
import stat
from pathlib import Path

from engine.files import closing
from engine.kernel import (
    credentials,
    mounts,
    namespaces,
    processes,
    user_namespaces,
)
from engine.oci.spec import Identities, Process, Spec
from engine.runtime import sandbox
from engine.runtime.bundle import Layers


def open_users(spec: Spec, identities: Identities) -> int:
    """The user namespace of a container: that of its network, or a new one."""
    pin = Path(spec.joined.get("network", ""))
    if pin.name and sandbox.is_pinned(pin):
        with closing(os.open(pin, os.O_RDONLY | os.O_CLOEXEC)) as network:
            return user_namespaces.owner(network, str(pin))
    return user_namespaces.open_new(("user",), identities.first, identities.size)[0]


def attempt(directory: Path, identities: Identities) -> None:
    """Shift the owners of a directory for a moment, where nobody sees it.

    SyscallError if the kernel or the file system cannot.
    """
    [users] = user_namespaces.open_new(("user",), identities.first, identities.size)
    with (
        closing(users),
        closing(mounts.copy_apart(directory, 0, str(directory), recursive=False)) as it,
    ):
        user_namespaces.shift(it, users, str(directory))


def mount_layers(
    target: Path, layers: Layers, identities: Identities, users: int
) -> None:
    """Mount the overlay over directories whose owners are shifted.

    What an overlay makes for itself, in `work`, belongs to whoever has mounted it:
    root of the machine is nobody there, so it is done as root of the namespace.

    Before Linux 6.15 an overlay takes no layers from what is mounted nowhere. So they
    are mounted for a moment, in a mount namespace that nobody else sees; what is made
    there is copied, and the copy put into its place here.
    """
    directories = (layers.upper, layers.work, *layers.lower)
    top = Path(os.path.commonpath(directories))
    with (
        closing(namespaces.hold("mount")) as own,
        closing(mounts.copy_apart(top, 0, str(top), recursive=False)) as tree,
    ):
        user_namespaces.shift(tree, users, str(top))
        namespaces.unshare(("mount",))
        try:
            mounts.make_private(Path("/"))
            _put(tree, top, top)
            user_namespaces.make_files_as(identities.first, identities.first)
            mounts.overlay(
                target,
                layers.lower,
                layers.upper,
                layers.work,
                volatile=layers.volatile,
            )
            made = mounts.copy_apart(target, 0, str(target), recursive=False)
        finally:
            namespaces.enter(own, "mount", "/proc/$SHIM/ns/mnt")
    with closing(made):
        _put(made, target, target)


def _put(tree: int, place: Path, source: Path) -> None:
    """Move an open tree, a copy of `source`, to a place that we trust."""
    with closing(os.open(place, os.O_PATH | os.O_CLOEXEC)) as at:
        mounts.move(tree, at, source, 0, str(place), recursive=False)


def give(process: Process, identities: Identities) -> Process:
    """Do for a process what only root of the machine may; what is left to be done.

    The pipes become its user's: /dev/stdout can be opened again.
    """
    for descriptor in (0, 1, 2):
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.fchown(descriptor, identities.first + process.uid, -1)
    if process.oom_score is not None:
        processes.set_oom_score(process.oom_score)
    for name, (_, hard) in process.limits.items():
        _raise(name, hard)
    return process._replace(oom_score=None)


def _raise(name: str, hard: int) -> None:
    """Let a limit be set as high as `hard`; lowering it is anybody's right."""
    if name not in dir(resource):  # RLIMIT_LOCKS, which means nothing any more
        return
    soft, now = resource.getrlimit(getattr(resource, name))
    if now != resource.RLIM_INFINITY and not 0 <= hard <= now:
        processes.set_limit(name, soft, hard)


def enter(users: int) -> None:
    """Enter the open user namespace, and become its user 0."""
    namespaces.enter(users, "user", "/proc/$CHILD/ns/user")
    os.close(users)
    become_its_root()


def become_its_root() -> None:
    """Who has just entered is none of its users yet."""
    credentials.become_user(0, 0, ())
