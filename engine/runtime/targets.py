"""Targets: the place in a container's root at which a step of its plan acts.

A target is an open descriptor, never a name: between a look at a name and a mount on it
a link could take its place. What must not be mounted on is told by looking at what was
opened.

man: openat2(2), fstatvfs(3), mount(2)
Try it: `lab run --rm -v /tmp:/proc/x busybox true`
"""

import os
import stat

from engine.errors import InvalidArgument, SyscallError
from engine.files import closing
from engine.kernel import mount_flags, mounts, paths


def refuse_mismatch(place: int, target: str, is_directory: bool) -> None:
    """Raise InvalidArgument unless both ends are directories, or both are not."""
    if stat.S_ISDIR(os.fstat(place).st_mode) != is_directory:
        raise InvalidArgument(
            f"cannot mount on {target}: "
            + ("not a directory" if is_directory else "it is a directory"),
            "Are you trying to mount a directory onto a file (or vice-versa)?",
        )


def if_there(root: int, path: str) -> int | None:
    """Open `path`; None if nothing is there. No other failure may pass for that."""
    try:
        return paths.open_inside(root, path, os.O_PATH)
    except SyscallError as error:
        if error.name in ("ENOENT", "ENOTDIR"):
            return None
        raise


def refuse_proc(root: int, place: int, target: str) -> None:
    """Raise InvalidArgument if `place` lies in the container's /proc.

    What init does after this relies on a true /proc, and so do the masks over it. The
    opened place is looked at, not its name: a link may lead there.
    """
    if paths.share_mounted_device(root, place, "/proc"):
        raise InvalidArgument(
            f"cannot mount on {target}: it is inside /proc",
            "The kernel's own files are there. Mount somewhere else.",
        )


def change_flags(root: int, path: str, flags: int, shown: str) -> None:
    """Change the flags of the mount at `path`, not of what it hides."""
    with closing(paths.open_inside(root, path, os.O_PATH)) as place:
        mounts.remount(place, flags | kept_flags(place), shown + path)


def kept_flags(place: int) -> int:
    """The flags that a mount has: a remount that left one out would clear it."""
    have = os.fstatvfs(place).f_flag
    return have & (
        mount_flags.MS_RDONLY
        | mount_flags.MS_NOSUID
        | mount_flags.MS_NODEV
        | mount_flags.MS_NOEXEC
    )
