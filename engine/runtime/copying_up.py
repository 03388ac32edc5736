"""Copying up: a new tmpfs that begins with what it hides.

podman asks for it with the option "tmpcopyup", so that /tmp of an image, or /run of a
read-only container, can be written to and still has the image's files:

    open     the directory as it is in the image
    mount    a tmpfs over it
    copy     from the open directory, which nobody else can see any more, into the tmpfs

It is the image's tree, so nothing in it is followed: directories are opened one by
one, links are copied as links, and what is neither of these nor a file stays away.

man: tmpfs(5), openat(2) on O_NOFOLLOW
Try it: `podman --runtime labshell-runc run --read-only busybox ls -l /tmp`
"""

import os
import stat
from typing import NamedTuple

from engine.acts import act, os_error
from engine.errors import InvalidArgument
from engine.files import closing, open_directory
from engine.kernel import paths
from engine.notes import quote
from engine.runtime.steps import FileSystem

_DEEPEST = 64  # levels of directories, each of which is open meanwhile
_CHUNK = 1 << 20  # bytes


class CopyUp(NamedTuple):
    """Mount a new file system, and fill it with what was there."""

    mount: FileSystem

    def describe(self) -> str:
        """What the step does, in a few words."""
        return f"{self.mount.describe()}, with what is there"

    def apply(self, root: int, shown: str) -> None:
        """Make the directory if need be, mount on it, and copy."""
        target = self.mount.target
        os.close(paths.make_directory(root, target))
        with closing(paths.open_directory(root, target)) as hidden:
            self.mount.apply(root, shown)
            with closing(paths.open_directory(root, target)) as new:
                _copy(hidden, new, shown + target)


@act(
    "cp(1)",
    lambda hidden, new, shown: f"cp -a /proc/self/fd/{hidden}/. {quote(shown)}",
    lambda hidden, new, shown: f"{hidden}, {new}",
    concept="mounts",
    refusal=os_error,
)
def _copy(hidden: int, new: int, shown: str) -> None:
    """Copy all that is in one open directory into another, and its owner and mode."""
    _copy_directory(hidden, new, _DEEPEST)
    _make_like(new, os.fstat(hidden))


def _copy_directory(source: int, target: int, levels: int) -> None:
    if not levels:
        raise InvalidArgument(
            f"a tmpfs cannot begin with a tree of more than {_DEEPEST} levels",
            "Leave the option tmpcopyup out: podman --tmpfs PATH:notmpcopyup.",
        )
    for name in os.listdir(source):
        status = os.stat(name, dir_fd=source, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            os.mkdir(name, dir_fd=target)
            with (
                closing(open_directory(name, source)) as below,
                closing(open_directory(name, target)) as new,
            ):
                _copy_directory(below, new, levels - 1)
                _make_like(new, status)
        elif stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
        elif stat.S_ISREG(status.st_mode):
            _copy_file(source, target, name, status)


def _copy_file(source: int, target: int, name: str, status: os.stat_result) -> None:
    reading = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    writing = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with (
        closing(os.open(name, reading, dir_fd=source)) as old,
        closing(os.open(name, writing, 0o600, dir_fd=target)) as new,
    ):
        while os.sendfile(new, old, None, _CHUNK):
            continue
        _make_like(new, status)


def _make_like(new: int, status: os.stat_result) -> None:
    """Give an open file the owner, mode and times of another; the owner first."""
    os.fchown(new, status.st_uid, status.st_gid)
    os.fchmod(new, stat.S_IMODE(status.st_mode))
    os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
