"""Nodes: device files and links in a container's /dev.

A device file is a name for a driver of the kernel: two numbers and a type. Reading
/dev/zero asks driver 1, number 5. Anybody who may make such a file may name any
driver; who may *open* it is another question (see devices.py).

man: mknod(2), symlink(2), null(4)
Try it: `ls -l /dev/null`, and the same in a container
"""

import contextlib
import errno
import os
import stat

from engine.acts import act, os_error
from engine.errors import SyscallError
from engine.kernel import paths
from engine.notes import in_c, quote
from engine.oci.resources import DeviceNode

_TYPES = {"c": stat.S_IFCHR, "u": stat.S_IFCHR, "b": stat.S_IFBLK}


def make_node(place: int, name: str, node: DeviceNode, shown: str) -> None:
    """Make a device node in the open directory `place`; one that is there stays.

    Its mode is what the node says, less the umask of this process.
    """
    try:
        _make(place, name, node.type, node.mode, node.major, node.minor, shown)
        if node.uid or node.gid:
            _give(place, name, node.uid, node.gid, shown)
    except FileExistsError:
        return
    except OSError as error:
        raise SyscallError("mknod", error.errno or 0, shown) from error


@act(
    "mknodat(2)",
    lambda place, name, kind, mode, major, minor, shown: (
        f"mknod -m {mode:o} {quote(shown)} {kind} {major} {minor}"
    ),
    lambda place, name, kind, mode, major, minor, shown: (
        f"{place}, {in_c(name)}, {'S_IFBLK' if kind == 'b' else 'S_IFCHR'}"
        f"|0{mode:o}, makedev({_in_hex(major)}, {_in_hex(minor)})"
    ),
    concept="devices",
    refusal=os_error,
)
def _make(
    place: int, name: str, kind: str, mode: int, major: int, minor: int, shown: str
) -> None:
    os.mknod(name, _TYPES[kind] | mode, os.makedev(major, minor), dir_fd=place)


@act(
    "fchownat(2)",
    lambda place, name, uid, gid, shown: f"chown -h {uid}:{gid} {quote(shown)}",
    lambda place, name, uid, gid, shown: (
        f"{place}, {in_c(name)}, {uid}, {gid}, AT_SYMLINK_NOFOLLOW"
    ),
    concept="devices",
    refusal=os_error,
)
def _give(place: int, name: str, uid: int, gid: int, shown: str) -> None:
    os.chown(name, uid, gid, dir_fd=place, follow_symlinks=False)


def _in_hex(number: int) -> str:
    """As C writes it: nought has no 0x."""
    return f"{number:#x}" if number else "0"


def make_link(place: int, name: str, to: str, shown: str) -> None:
    """Make a symbolic link in the open directory `place`, unless one is there."""
    with contextlib.suppress(FileExistsError):
        _link(place, name, to, shown)


@act(
    "symlinkat(2)",
    lambda place, name, to, shown: f"ln -s {quote(to)} {quote(shown)}",
    lambda place, name, to, shown: f"{in_c(to)}, {place}, {in_c(name)}",
    concept="devices",
    refusal=os_error,
)
def _link(place: int, name: str, to: str, shown: str) -> None:
    os.symlink(to, name, dir_fd=place)


def open_null(root: int) -> int:
    """Open /dev/null inside the open directory `root`, and prove that it is that.

    Never the machine's own: root in a container may change the mode and the owner of
    whatever file it holds open, and that of /dev/null would change for everybody.
    """
    null = paths.open_inside(root, "/dev/null", os.O_RDWR | os.O_NOFOLLOW)
    if not is_null(null):
        os.close(null)
        raise SyscallError("open", errno.ENODEV, "/dev/null")
    return null


def is_null(descriptor: int) -> bool:
    """Whether the open file is the null device."""
    status = os.fstat(descriptor)
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == os.makedev(1, 3)
