"""The init layer: what lies between the image and the read-write layer.

    upper    what the container writes          commit takes this
    init     empty places to mount on           this file
    image    the layers

It holds empty files where /etc/hosts and the like will be bind-mounted: so those mount
points are neither the image's nor part of what `commit` takes.

Try it: `lab create --name box busybox; ls -R /var/lib/labshell/containers/*/init`
"""

import functools
import os
import stat
from pathlib import Path

from engine import entries
from engine.errors import SyscallError
from engine.files import closing, open_directory
from engine.kernel import paths

# Empty, 0755, as Docker makes them; a link says where it leads.
_FILES = (
    ".dockerenv",
    "dev/console",
    "etc/hosts",
    "etc/hostname",
    "etc/resolv.conf",
)
_DIRECTORIES = ("dev/pts", "dev/shm", "proc", "sys")
_LINKS = (("etc/mtab", "/proc/mounts"),)


def make(directory: Path, lower: tuple[Path, ...]) -> None:
    """Fill the init layer with empty mount points.

    A directory that the image has too keeps the image's mode and owner: in an overlay
    the topmost one counts.
    """
    for name in ("etc", "dev"):
        below = _topmost(lower, name)
        path = directory / name
        entries.make_directory(path, 0o755)
        if below:
            entries.change_owner(path, below.st_uid, below.st_gid)
            entries.change_mode(path, stat.S_IMODE(below.st_mode))
    for name in _DIRECTORIES:
        if not _topmost(lower, name):
            entries.make_directory(directory / name, 0o755)
    for name in _FILES:
        os.close(entries.make_file(directory / name, 0o755))
    for name, to in _LINKS:
        entries.link(to, directory / name)


def _topmost(lower: tuple[Path, ...], name: str) -> os.stat_result | None:
    """The directory `name` as the image shows it, if it does."""
    for layer in lower:
        status = _in_layer(layer, name)
        if status:
            return status if stat.S_ISDIR(status.st_mode) else None
    return None


@functools.lru_cache(maxsize=1024)
def _in_layer(layer: Path, name: str) -> os.stat_result | None:
    """What `name` is in one layer. That never changes: a layer is named by what it is.

    A build makes a container on each of its layers, and looks at all below each time.
    """
    with closing(open_directory(layer)) as root:
        try:
            found = paths.open_inside(root, name, os.O_PATH | os.O_NOFOLLOW)
        except SyscallError:
            return None
    with closing(found):
        return os.fstat(found)
