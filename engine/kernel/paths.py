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
import stat

from engine.acts import act, os_error
from engine.errors import SyscallError
from engine.files import closing
from engine.kernel import libc
from engine.notes import in_c, quote

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

    It is looked at before it is opened: opening a fifo that a container put there
    would wait, and opening a device would set a driver of the machine to work.
    """
    try:
        place = open_inside(root, path, os.O_PATH)
    except SyscallError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(place).st_mode):
            return None
        with open(f"/proc/self/fd/{place}", "rb") as file:
            return file.read(limit)
    finally:
        os.close(place)


def open_directory(root: int, path: str) -> int:
    """Open the directory `path` inside `root`, to list it and to work in it."""
    return open_inside(root, path, os.O_RDONLY | os.O_DIRECTORY)


def make_directory(root: int, path: str) -> int:
    """Open the directory `path` inside `root`, making what is missing of it (0755).

    Returns an O_PATH descriptor: good for mounting on and for *at() calls.
    """
    try:
        return open_inside(root, path, os.O_PATH | os.O_DIRECTORY)
    except SyscallError as error:
        if error.errno != errno.ENOENT:
            raise
    parent, _, name = path.rstrip("/").rpartition("/")
    if not name or name in (".", ".."):
        raise SyscallError("mkdir", errno.EINVAL, path)
    above = make_directory(root, parent or "/")
    try:
        _make_directory(above, name, path)
    except FileExistsError as error:  # a link that leads to nothing
        raise SyscallError("mkdir", errno.EEXIST, path) from error
    except OSError as error:
        raise SyscallError("mkdir", error.errno or 0, path) from error
    finally:
        os.close(above)
    return open_inside(root, path, os.O_PATH | os.O_DIRECTORY)


def make_file(root: int, path: str, shown: str = "") -> int:
    """Open the file `path` inside `root`, making an empty one (0755) if need be.

    `shown` is how a shell would write it, if not as one in $ROOTFS.
    """
    try:
        return open_inside(root, path, os.O_PATH)
    except SyscallError as error:
        if error.errno != errno.ENOENT:
            raise
    os.close(make_directory(root, path.rpartition("/")[0] or "/"))
    os.close(_make_file(root, path, shown))
    return open_inside(root, path, os.O_PATH)


@act(
    "mkdirat(2)",
    lambda above, name, shown: f'mkdir "$ROOTFS"{quote(shown)}',
    lambda above, name, shown: f"{above}, {in_c(name)}, 0755",
    concept="mounts",
    refusal=os_error,
)
def _make_directory(above: int, name: str, shown: str) -> None:
    os.mkdir(name, 0o755, dir_fd=above)


@act(
    "openat2(2)",
    lambda root, path, shown: "touch " + (shown or f'"$ROOTFS"{quote(path)}'),
    lambda root, path, shown: (
        f"{root}, {in_c(path)}, {{flags=O_WRONLY|O_CREAT|O_NOFOLLOW|O_CLOEXEC, "
        "mode=0755, resolve=RESOLVE_NO_MAGICLINKS|RESOLVE_IN_ROOT}, 24"
    ),
    concept="mounts",
)
def _make_file(root: int, path: str, shown: str) -> int:
    return open_inside(root, path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o755)


def share_mounted_device(root: int, place: int, path: str) -> bool:
    """Whether the open `place` lies in the file system that is mounted at `path`.

    False also if nothing is mounted at `path` inside `root`.
    """
    device = os.fstat(place).st_dev
    if device == os.fstat(root).st_dev:
        return False
    with closing(open_inside(root, path, os.O_PATH)) as mounted:
        return os.fstat(mounted).st_dev == device
