"""A path that comes from outside, opened inside its root and nowhere else.

An image may hold a link `etc -> /`, a tar may name `../../etc/shadow`, a running
container may swap a directory for a link while we look. Checking the text of a path
cannot stop that. openat2(2) can: the kernel itself resolves the path with another
directory standing in for "/", in one step that nobody can get between.

    RESOLVE_IN_ROOT      "/" and ".." stop at the root, links are followed inside it
    RESOLVE_NO_MAGICLINKS  /proc/PID/fd/N and the like lead nowhere

man: openat2(2), path_resolution(7)
Try it: `ln -s / /tmp/r/x`, then open_inside(root, "x/etc/passwd") finds /tmp/r/etc.
"""

import errno
import os

from engine.errors import SyscallError
from engine.kernel import libc

RESOLVE_NO_MAGICLINKS, RESOLVE_IN_ROOT = 0x02, 0x10


def open_inside(root: int, path: str, flags: int = os.O_RDONLY, mode: int = 0) -> int:
    """Open `path` with the directory `root` (a descriptor) as its "/".

    Returns a close-on-exec descriptor. A last component that is a link is followed
    unless `flags` has O_NOFOLLOW. Raises SyscallError.
    """
    for _ in range(32):
        try:
            return libc.openat2(
                root,
                path or ".",
                flags | os.O_CLOEXEC,
                mode,
                RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
            )
        except SyscallError as error:
            # EAGAIN: a directory on the way was moved meanwhile; ask once more.
            if error.errno != errno.EAGAIN:
                raise
    raise SyscallError("openat2", errno.EAGAIN, path)


def read_inside(root: int, path: str, limit: int = 1 << 20) -> bytes | None:
    """Up to `limit` bytes of the regular file `path` inside `root`; None if not one.

    Opening does not wait: a fifo that an image put there cannot hold us up.
    """
    try:
        descriptor = open_inside(root, path, os.O_RDONLY | os.O_NONBLOCK)
    except SyscallError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(limit) if _is_regular(descriptor) else None


def _is_regular(descriptor: int) -> bool:
    return os.fstat(descriptor).st_mode & 0o170000 == 0o100000
