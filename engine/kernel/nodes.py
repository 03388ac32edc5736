"""Nodes: device files and links in a container's /dev.

A device file is a name for a driver of the kernel: two numbers and a type. Reading
/dev/zero asks driver 1, number 5. Anybody who may make such a file may name any
driver; who may *open* it is another question (see devices.py).

man: mknod(2), symlink(2), null(4)
Try it: `ls -l /dev/null`, and the same in a container
"""

import errno
import os
import stat

from engine.acts import act
from engine.errors import SyscallError
from engine.kernel import paths
from engine.oci.resources import DeviceNode

_TYPES = {"c": stat.S_IFCHR, "u": stat.S_IFCHR, "b": stat.S_IFBLK}


@act(
    "mknod(2)",
    lambda place, name, node, shown: (
        f"mknod -m {node.mode:o} {shown} {node.type} {node.major} {node.minor}"
    ),
)
def make_node(place: int, name: str, node: DeviceNode, shown: str) -> None:
    """Make a device node in the open directory `place`."""
    number = os.makedev(node.major, node.minor)
    try:
        os.mknod(name, _TYPES[node.type] | node.mode, number, dir_fd=place)
        os.chmod(name, node.mode, dir_fd=place)
    except FileExistsError:
        return
    except OSError as error:
        raise SyscallError("mknod", error.errno or 0, shown) from error


@act("symlink(2)", lambda place, name, to, shown: f"ln -s {to} {shown}")
def make_link(place: int, name: str, to: str, shown: str) -> None:
    """Make a symbolic link in the open directory `place`, unless one is there."""
    try:
        os.symlink(to, name, dir_fd=place)
    except FileExistsError:
        return


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
