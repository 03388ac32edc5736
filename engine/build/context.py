"""The context: the files that a build may copy from, and its Dockerfile.

    lab build DIR             that directory, as it is: nothing is sent anywhere
    lab build - < FILE.tar    a tar, plain or compressed: unpacked beside the store
    lab build - < Dockerfile  a Dockerfile and no other file

Docker packs a directory and sends it to its daemon, all of it. Here the builder reads
the directory itself, and only what COPY and ADD name.

A tar may be hostile, endless, or both: it is unpacked by the rules of every layer
(storage/unpack.py), and may not take more of the disk than is free. What never comes
out of a pipe is waited for no longer than the build may take.

Source: the reference of `docker build`, "Build with -", "Tarball contexts"
Try it: `tar c . | lab build -`
"""

import io
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from engine import deadline, files
from engine.build.ignore import Ignored, read_ignore_file
from engine.build.source import LARGEST
from engine.build.trees import Tree
from engine.containers.house import House
from engine.errors import InvalidArgument, NotFound
from engine.kernel import paths
from engine.storage.compression import Readable, kind
from engine.storage.tarball import BLOCK

_NAME = "Dockerfile"
_IGNORE = ".dockerignore"


class Context(NamedTuple):
    """A context: its files, and the Dockerfile as it was read."""

    tree: Tree
    dockerfile: bytes
    name: str


def of(
    house: House, place: str | Readable, name: str, dockerfile: Readable | None
) -> AbstractContextManager[Context]:
    """The context in a directory, or in what comes from a pipe."""
    if isinstance(place, str):
        return of_directory(place, name, dockerfile)
    return of_stream(house, place, name)


@contextmanager
def of_directory(
    path: str, name: str, dockerfile: Readable | None
) -> Iterator[Context]:
    """A directory of this machine. The Dockerfile comes from `dockerfile`, if given.

    `name` is where it lies: in the context, or anywhere on the machine.
    """
    try:
        root = files.open_directory(path)
    except FileNotFoundError as error:
        raise NotFound(
            f"unable to prepare context: path {path!r} not found",
            "`lab build .` builds what is here.",
        ) from error
    except NotADirectoryError as error:
        raise InvalidArgument(
            f"unable to prepare context: context must be a directory: {path}",
            f"`lab build -f {path} .` names the Dockerfile itself.",
        ) from error
    with files.closing(root):
        text: bytes | None = None
        if dockerfile is not None:
            text = _rest(_Awaited(dockerfile), LARGEST + 1)
        elif name:
            text = _on_machine(name)
        if text is None:
            text = _inside(root, name)
        if text is None:
            raise _missing(os.path.join(path, name or _NAME))
        yield _read(root, name or _NAME, text)


@contextmanager
def of_stream(house: House, stream: Readable, name: str) -> Iterator[Context]:
    """What comes from a pipe: a tar, or a Dockerfile alone."""
    stream = _Awaited(stream)
    head = _first(stream)
    with house.images.snapshots.scratch() as directory:
        text: bytes | None
        bare = not _is_tar(head)
        if not bare:
            from engine.storage.unpack import unpack

            whole = _Whole(head, stream)
            unpack(whole, directory, (), hashed=False, ended=False)
            with files.closing(files.open_directory(directory)) as root:
                text = _inside(root, name)
        else:
            text = head + _rest(stream, LARGEST + 1 - len(head))
        if text is None:
            raise _missing(name or _NAME)
        with files.closing(files.open_directory(directory)) as root:
            yield _read(root, name or _NAME, text, bare=bare)


def _read(root: int, name: str, dockerfile: bytes, *, bare: bool = False) -> Context:
    """The context in an open directory; `bare`: it is none, only a Dockerfile came."""
    if not dockerfile.strip():
        raise InvalidArgument(
            f"the Dockerfile ({name}) cannot be empty",
            "Its first instruction is FROM, as in: FROM busybox",
        )
    rules = paths.read_inside(root, _IGNORE, LARGEST + 1)
    ignored: Ignored | None = read_ignore_file(rules) if rules else None
    tree = Tree(root, ignored, owned=False, bare=bare)
    return Context(tree=tree, dockerfile=dockerfile, name=name)


def _inside(root: int, name: str) -> bytes | None:
    """A Dockerfile in the context, where no link leads out of it.

    Where no name was asked for, `dockerfile` will do.
    """
    found = paths.read_inside(root, name or _NAME, LARGEST + 1)
    if found is None and not name:
        found = paths.read_inside(root, _NAME.lower(), LARGEST + 1)
    return found


def _on_machine(name: str) -> bytes | None:
    """One that was named by hand: whoever types `-f FILE` may read that file."""
    where = Path(name)
    if where.exists() and not where.is_file():
        raise InvalidArgument(
            f"unable to prepare context: the Dockerfile {name} is not a regular file",
            "`-f -` reads it from a pipe.",
        )
    if not where.is_file():
        return None
    with where.open("rb") as file:
        return file.read(LARGEST + 1)


def _missing(path: str) -> NotFound:
    return NotFound(
        "unable to prepare context: unable to evaluate symlinks in Dockerfile "
        f"path: lstat {path}: no such file or directory",
        f"Write a file called {_NAME} there, or name another with -f.",
    )


def _first(stream: Readable) -> bytes:
    """Enough to tell a tar from a text."""
    return _rest(stream, BLOCK)


def _rest(stream: Readable, size: int) -> bytes:
    found = b""
    while len(found) < size and (more := stream.read(size - len(found))):
        found += more
    return found


def _is_tar(head: bytes) -> bool:
    """Whether a stream that begins so is a tar, compressed or not."""
    return bool(kind(head)) or (len(head) == BLOCK and head[257:262] == b"ustar")


class _Awaited:
    """A stream that is waited for as long as the deadline allows."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._waits: int | None = None  # bytes in memory are there at once
        if isinstance(stream, io.RawIOBase):
            self._waits = stream.fileno()

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; none at the end."""
        if self._waits is not None:
            deadline.wait_for(self._waits, deadline.left())
            deadline.check()
        return self._stream.read(size)


class _Whole:
    """A stream with its first bytes put back."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        self._head, self._rest = head, rest

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; none at the end."""
        if not self._head:
            return self._rest.read(size)
        data, self._head = self._head[:size], self._head[size:]
        return data
