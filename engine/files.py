"""Files: atomic write, lock, and removal that follows no link.

The engine's state is plain files, used by several processes at once. Three habits
keep them true:

    atomic write   write a new file beside the old one, rename it over the old one:
                   a reader sees the old or the new text, never half of one
    lock           flock(2) on a file: the kernel lets go of it when its holder dies
    removal        by directory descriptors, so that a link planted in a tree while
                   it is being removed cannot lead out of it

man: rename(2), flock(2), open(2), unlinkat(2)
Try it: `strace -e rename lab tag busybox mine`
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from engine import entries, readable
from engine.acts import act, os_error
from engine.errors import EngineBroken
from engine.notes import quote

_FOLLOWED = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_DIRECTORY = _FOLLOWED | os.O_NOFOLLOW
_DEEPEST_REMOVAL = 128  # levels of directories open at once
T = TypeVar("T")

_LARGEST_RECORD = 16 << 20  # bytes; a larger JSON file is not one of ours


class _Closing:
    """A descriptor that is closed when a `with` is over."""

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> int:
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def closing(descriptor: int) -> AbstractContextManager[int]:
    """Close an open descriptor at the end of a `with`, as `open` does for files."""
    return _Closing(descriptor)


def open_directory(path: Path | str, parent: int | None = None) -> int:
    """Open a directory, to list it and to work in it.

    A name in an open `parent` must be a directory itself, and no link to one.
    """
    return os.open(path, _FOLLOWED if parent is None else _DIRECTORY, dir_fd=parent)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`: write(2) may take less than it is given."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def atomic_write(
    path: Path, data: bytes, *, mode: int = 0o600, durable: bool = False
) -> None:
    """Put `data` into `path` so that a reader sees all of it or nothing of it.

    `durable` also makes it survive a power cut, at the price of waiting for the disk.
    """
    with _replacement(path, mode) as (descriptor, temporary):
        if data:  # else there is nothing to ask the kernel for
            with naming(path):
                fill(descriptor, len(data), data, temporary)
        if durable:
            os.fsync(descriptor)
    if durable:
        sync_directory(path.parent)


@act(
    "write(2)",
    lambda descriptor, size, data, path: f"cat > {quote(path)}  # {size} bytes",
    lambda descriptor, size, data, path: f"{descriptor}, …, {size}",
    refusal=os_error,
)
def fill(descriptor: int, size: int, data: bytes, path: Path) -> int:
    """Write all of `data`, which is `size` bytes, into the open file `path`."""
    write_all(descriptor, data)
    return size


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name `path` in an OSError that names none: write(2) knows only a descriptor."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[int]:
    """A descriptor to write what becomes the file `path` when the `with` ends well.

    For what is too large for `atomic_write`. A device or a fifo is written as it is.
    """
    if path.exists() and not path.is_file():
        with closing(os.open(path, os.O_WRONLY | os.O_CLOEXEC)) as descriptor:
            yield descriptor
    else:
        with _replacement(path, 0o600) as (descriptor, _):
            yield descriptor


@contextmanager
def _replacement(path: Path, mode: int) -> Iterator[tuple[int, Path]]:
    """A new file, and its name until the `with` ends well: then it becomes `path`."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(temporary, flags, mode)
    try:
        with closing(descriptor):
            yield descriptor, temporary
        entries.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_new(path: Path, data: bytes) -> None:
    """Put `data` into a new file, in a directory that nobody reads yet: a draft."""
    with closing(entries.make_file(path, 0o600)) as descriptor, naming(path):
        if data:
            fill(descriptor, len(data), data, path)


def write_new_json(path: Path, data: Any) -> None:
    """The same with JSON that a person can read."""
    write_new(path, _as_text(data))


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable: a rename is not, until this."""
    with closing(open_directory(path)) as descriptor:
        os.fsync(descriptor)


def write_json(path: Path, data: Any, *, durable: bool = False) -> None:
    """Write `data` as JSON that a person can read.

    Bytes that are no text (an argument, a path) are lone surrogates in Python, and
    "\\udcff" in the file: to write them with a backslash is what JSON asks for.
    """
    atomic_write(path, _as_text(data), durable=durable)


def _as_text(data: Any) -> bytes:
    return f"{readable.as_json(data)}\n".encode(errors="backslashreplace")


def read_json(path: Path) -> Any:
    """The JSON in `path`. EngineBroken if it is damaged, OSError if not there."""
    with closing(os.open(path, os.O_RDONLY | os.O_CLOEXEC)) as descriptor:
        size = os.fstat(descriptor).st_size
        data = os.read(descriptor, min(size, _LARGEST_RECORD))
    try:
        if size > _LARGEST_RECORD:
            raise ValueError("too large")
        return json.loads(data)
    except ValueError as error:
        raise EngineBroken(
            f"{path} is damaged: {error}", "Move it away, or restore it from a backup."
        ) from error


def read_record(path: Path, parse: Callable[[Any], T]) -> T:
    """What `parse` makes of the JSON in `path`; EngineBroken if it cannot."""
    data = read_json(path)
    try:
        return parse(data)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise EngineBroken(
            f"{path} is damaged: {type(error).__name__}: {error}",
            "Move it away, or restore it from a backup.",
        ) from error


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[int]:
    """Hold the lock file `path` (made if need be), alone or `shared` with others."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    with closing(os.open(path, flags, 0o600)) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield descriptor


@contextmanager
def locked_directory(path: Path) -> Iterator[int]:
    """Hold a directory, which is a file like others: it can be locked, too."""
    with closing(os.open(path, _DIRECTORY)) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor


def try_lock(path: Path) -> int | None:
    """Take the lock file `path` if nobody holds it; its descriptor, or None.

    OSError if it is a link: in a directory of everybody's it would lead elsewhere.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_locked(path: Path) -> bool:
    """Whether somebody holds the file or directory `path`; not if it is not there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@act("rm(1)", lambda path: f"rm -r {quote(path)}", refusal=os_error)
def remove_tree(path: Path) -> None:
    """Remove a directory with all that is in it; nothing if it is not there.

    Mount points below are an error (EBUSY), links are removed and never followed.
    """
    with closing(open_directory(path.parent)) as parent:
        remove_entry(parent, path.name)


def empty_tree(path: Path) -> None:
    """Remove all that is in a directory. FileNotFoundError if it is not there."""
    with closing(os.open(path, _DIRECTORY)) as directory:
        for name in os.listdir(directory):
            remove_entry(directory, name)


def remove_entry(parent: int, name: str) -> None:
    """Remove one name in a directory, be it a file, a link or a tree.

    One descriptor per level is open, up to a limit: a container can make a tree of
    any depth. What lies deeper is moved up to the tree's own top, and goes from there.
    """
    with contextlib.suppress(FileNotFoundError):  # somebody else removes it too
        if _is_unlinked(parent, name):
            return
        with closing(open_directory(name, parent)) as top:
            while entries := os.listdir(top):
                for entry in entries:
                    _remove_below(top, entry, top, 1)
        os.rmdir(name, dir_fd=parent)


def _remove_below(parent: int, name: str, top: int, level: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        if _is_unlinked(parent, name):
            return
        if level > _DEEPEST_REMOVAL:
            os.rename(name, os.urandom(8).hex(), src_dir_fd=parent, dst_dir_fd=top)
            return
        with closing(open_directory(name, parent)) as directory:
            for entry in os.listdir(directory):
                _remove_below(directory, entry, top, level + 1)
        os.rmdir(name, dir_fd=parent)


def _is_unlinked(parent: int, name: str) -> bool:
    """Remove a name that is no directory; False if it is one."""
    try:
        os.unlink(name, dir_fd=parent)
    except IsADirectoryError:
        return False
    return True
