"""The root: which directory a process calls "/".

chroot(2) changes it for one process, and root gets out of it by a second chroot.
pivot_root(2) changes it for a whole mount namespace: the old root becomes a mount like
any other, and is then taken away. What is no longer mounted cannot be reached.

    enter         "." is the new root, which must be a mount point
    pivot_root    "." becomes "/", and the old root is stacked upon it
    umount "."    takes the top of that stack away

Both arguments of pivot_root(2) are ".": the old root needs no directory then.

man: pivot_root(2), chroot(2), mount_namespaces(7)
Try it: `lab run --explain busybox true`, then `lab explain pivot_root`
"""

import os

from engine.acts import act
from engine.errors import SyscallError
from engine.kernel import libc, mounts
from engine.notes import quote

_MNT_DETACH = 0x2
_FROM_OPEN = 0x4  # MOVE_MOUNT_F_EMPTY_PATH


def pivot(root: int, shown: str) -> None:
    """Make the directory `root` the root of this mount namespace; drop the old."""
    _enter(root, shown)
    _pivot_root(shown)
    _let_go()
    _go_to_top()


@act(
    "fchdir(2)", lambda root, shown: f"cd {quote(shown)}", lambda root, shown: f"{root}"
)
def _enter(root: int, shown: str) -> None:
    try:
        os.fchdir(root)
    except OSError as error:
        raise SyscallError("fchdir", error.errno or 0, shown) from error


@act("pivot_root(2)", lambda shown: "pivot_root . .", lambda shown: '".", "."')
def _pivot_root(shown: str) -> None:
    libc.call("pivot_root", ".", ".", target=shown)


@act("umount2(2)", lambda: "umount -l .", lambda: '".", MNT_DETACH')
def _let_go() -> None:
    libc.call("umount2", ".", _MNT_DETACH, target="the old root")


@act("chdir(2)", lambda: "cd /", lambda: '"/"')
def _go_to_top() -> None:
    try:
        os.chdir("/")
    except OSError as error:
        raise SyscallError("chdir", error.errno or 0, "/") from error


@act(
    "move_mount(2)",
    lambda tree, shown: f"mount --bind {quote(shown)} /",
    lambda tree, shown: f'{tree}, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH',
)
def cover(tree: int, shown: str) -> None:
    """Put an open tree over "/", where everybody finds a place to mount on.

    Whoever looks at "/" goes on seeing what is below, until they change their root.
    """
    libc.by_number(
        mounts.SYS_MOVE_MOUNT,
        "move_mount",
        tree,
        b"",
        mounts.AT_FDCWD,
        b"/",
        _FROM_OPEN,
        target=shown,
    )
