"""Shifting: files of a container whose users are nobody outside, copied from outside.

In its tree all owners are shifted (see runtime/shifted.py). Who reads wants them as the
container sees them; who writes must say who they are outside, and must be somebody
there: root of the machine is not, and may make no file (EOVERFLOW). So this thread
makes files as root of the container meanwhile; it keeps its capabilities, and so may
give files to anybody.

man: user_namespaces(7), setfsuid(2)
Try it: `lab run -d --name box --userns auto busybox sleep 60; lab cp /etc/fstab box:/`
"""

import contextlib
import os
from collections.abc import Iterator

from engine.containers.record import Container
from engine.storage.owners import AS_IS, Shift


def inward(container: Container) -> Shift:
    """From a container's tree to what it sees itself."""
    found = container.identities
    return Shift(found.first, 0, found.size) if found else AS_IS


@contextlib.contextmanager
def writing(container: Container) -> Iterator[Shift]:
    """Let this thread write to a container's tree, and give to whom it is told."""
    found = container.identities
    if found is None:
        yield AS_IS
        return
    from engine.kernel import user_namespaces  # few containers have one

    user_namespaces.make_files_as(found.first, found.first)
    try:
        yield Shift(0, found.first, found.size)
    finally:
        user_namespaces.make_files_as(os.geteuid(), os.getegid())
