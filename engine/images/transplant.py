"""Transplanting: a file of this machine, at its own place below another root.

    /bin/sh, where /bin is a link     DIR/bin -> usr/bin, DIR/usr/bin/sh -> dash,
                                      DIR/usr/bin/dash

What is there is replaced, never written into: a link below that root leads nowhere
else, and a file that has other names there keeps its content under them. A file keeps
its time: Python compares it with what it noted when it compiled the file.

man: symlink(2), openat2(2), path_resolution(7)
Try it: `lab rootfs make /tmp/r sh; ls -l /tmp/r/bin /tmp/r/usr/bin`
"""

import contextlib
import os
from pathlib import Path

from engine.errors import ImageError
from engine.files import closing
from engine.kernel import paths

_MOST_STEPS = 1000


def copy(path: Path, root: int) -> None:
    """Copy one file to its own place below `root`, and the links on the way to it.

    Where /bin is a link to usr/bin on this machine, it is one there too.
    """
    here, parts = Path("/"), list(path.parts[1:])
    for _ in range(_MOST_STEPS):
        name = parts.pop(0)
        if name in ("..", "."):
            here = here.parent if name == ".." else here
        elif (here / name).is_symlink():
            target = os.readlink(here / name)
            put_link(root, here, name, target)
            parts = [*Path(target).parts, *parts]
        elif name == "/":
            here = Path("/")
        elif parts:
            here = here / name
        else:
            _put_file(root, here, name)
            return
    raise ImageError(f"{path} goes through too many links", "`namei` shows.")


def put_usual_links(root: int, directory: Path) -> None:
    """/bin for /usr/bin, and so on, if this machine has it so: scripts rely on it."""
    for name in ("bin", "sbin", "lib", "lib64"):
        link = Path("/", name)
        if link.is_symlink() and (directory / os.readlink(link)).is_dir():
            put_link(root, Path("/"), name, os.readlink(link))


def put_link(root: int, directory: Path, name: str, target: str) -> None:
    """Put a link into a directory, unless something of that name is there."""
    place = paths.make_directory(root, str(directory))
    try:
        os.symlink(target, name, dir_fd=place)
    except FileExistsError:
        return  # a file before this one came the same way
    finally:
        os.close(place)


def _put_file(root: int, directory: Path, name: str) -> None:
    status = (directory / name).stat()
    write(root, directory / name, (directory / name).read_bytes(), status.st_mode)
    with closing(paths.open_directory(root, str(directory))) as place:
        times = (status.st_atime_ns, status.st_mtime_ns)
        os.utime(name, ns=times, dir_fd=place, follow_symlinks=False)


def write(root: int, path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file anew: not into a link, nor into a file that others have too."""
    with closing(paths.make_directory(root, str(path.parent))) as place:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path.name, dir_fd=place)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path.name, flags, 0o600, dir_fd=place), "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode & 0o755)
