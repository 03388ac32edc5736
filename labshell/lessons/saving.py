"""Files of a student's own, written so that nothing is ever half there.

    lock       another shell of the same student waits (flock on a file beside it)
    whole      a new file beside the old one, made durable, renamed over it: after a
               power cut or on a full disk, the old file is there, whole
    hand over  under sudo, what root makes in a student's home belongs to the student

man: rename(2), flock(2), fsync(2), sudo(8) on SUDO_UID
Try it: `ls -la ~/.local/share/labshell`
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

_LARGEST = 16 << 20  # bytes; a larger file is not one of ours
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


def home() -> Path:
    """The home of the student: under sudo, of who typed it."""
    student = os.environ.get("SUDO_USER")
    if student and os.geteuid() == 0:
        import pwd

        try:
            return Path(pwd.getpwnam(student).pw_dir)
        except KeyError:  # a user that this machine does not know: then root's
            pass
    return Path.home()


def read(path: Path) -> Any:
    """The data in `path`. OSError if it is not there, ValueError if it is no JSON."""
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError("it is too large")
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("it is too deep") from error


def write(path: Path, data: Any) -> None:
    """Put `data` into `path`, all of it or nothing."""
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    with whole(path) as file:
        file.write(text.encode())


@contextmanager
def whole(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """A new file, open, that takes the place of `path` once it is all there.

    If the block raises, `path` is as it was, and nothing lies beside it. What can be
    made anew need not be `durable`: then a power cut may leave it empty.
    """
    new = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    descriptor = os.open(new, _NEW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            hand_over(file.fileno(), path)
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        new.rename(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other shells from writing `path`; make its directory if need be."""
    make_directory(path.parent)
    descriptor = os.open(path.with_name(f".{path.name}.lock"), _LOCK, 0o600)
    try:
        hand_over(descriptor, path)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def make_directory(directory: Path) -> None:
    """Make a directory and what is missing above it, as the student's own."""
    if directory.is_dir():
        return
    make_directory(directory.parent)
    directory.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        hand_over(descriptor, directory)
    finally:
        os.close(descriptor)


def hand_over_all(directory: Path) -> None:
    """Under sudo, give a directory and all that is in it to the student."""
    for _, _, files, descriptor in os.fwalk(directory):
        hand_over(descriptor, directory)
        for name in files:
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=descriptor)
            try:
                hand_over(file, directory)
            finally:
                os.close(file)


def hand_over(descriptor: int, path: Path) -> None:
    """Under sudo, give an open file below the student's home to the student."""
    user, group = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    under_sudo = os.geteuid() == 0 and user.isdecimal() and group.isdecimal()
    if under_sudo and path.resolve().is_relative_to(home().resolve()):
        os.fchown(descriptor, int(user), int(group))
