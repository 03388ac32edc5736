"""Compression: a layer may be stored or sent in five ways; its first bytes tell.

    1f 8b              gzip      what registries hold mostly
    28 b5 2f fd        zstd      younger, faster
    fd 37 7a 58 5a     xz        for archives, not for layers
    42 5a 68           bzip2     the same
    (anything else)              not compressed

The digest of the blob is of the compressed bytes, the diff_id of what comes out here.
Python reads zstd itself from 3.14 on; before, a package must be there that does.

Source: opencontainers/image-spec, layer.md; RFC 1952, RFC 8878
Try it: `head -c 4 layer.tar.gz | xxd`
"""

import contextlib
import importlib
import io
from typing import Any, BinaryIO, Protocol, cast

from engine.errors import EngineError, ImageError, from_os_error

_LONGEST_MAGIC = 6

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bzip2",
}
# modules that Python may have, and their classes for reading files
_READERS = {
    "gzip": [("gzip", "GzipFile")],
    "zstd": [("compression.zstd", "ZstdFile"), ("backports.zstd", "ZstdFile")],
    "xz": [("engine.storage.xz", "XzFile")],
    "bzip2": [("bz2", "BZ2File")],
}


class Readable(Protocol):
    """Something with bytes to read in order: a file, a pipe, a socket."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; none at the end."""


def plain(stream: Readable) -> Readable:
    """The bytes of `stream`, decompressed if they are compressed."""
    head = b""
    while len(head) < _LONGEST_MAGIC:
        more = stream.read(_LONGEST_MAGIC - len(head))
        if not more:
            break
        head += more
    whole = _PutBack(head, stream)
    name = kind(head)
    return _Decompressed(whole, name) if name else whole


def import_all() -> None:
    """Import every decompressor that there is: for whoever cannot import later."""
    for readers in _READERS.values():
        for module, _ in readers:
            with contextlib.suppress(ImportError):
                importlib.import_module(module)


def kind(head: bytes) -> str:
    """How a stream that begins with `head` is compressed: "gzip"; "" if it is not."""
    return next((n for magic, n in _MAGIC.items() if head.startswith(magic)), "")


class _PutBack(io.RawIOBase):
    """A stream that cannot be rewound, with its first bytes put back."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._head:
            return self._rest.read(size)
        size = len(self._head) if size < 0 else size
        data, self._head = self._head[:size], self._head[size:]
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Decompressed:
    """What comes out of a decompressor, its many kinds of errors made one."""

    def __init__(self, stream: _PutBack, name: str) -> None:
        self._stream = _open(stream, name)

    def read(self, size: int, /) -> bytes:
        try:
            return self._stream.read(size)
        except OSError as error:
            if error.errno:  # of the file below; gzip's own complaints have no number
                raise from_os_error(error) from error
            raise _damaged(error) from error
        except EngineError:
            raise
        except Exception as error:  # zlib.error, LZMAError … have no parent in common
            raise _damaged(error) from error


def _open(stream: _PutBack, name: str) -> BinaryIO:
    """Importing a decompressor costs time: only the one that is needed."""
    for module, reader in _READERS[name]:
        try:
            opener = getattr(importlib.import_module(module), reader)
        except ImportError:
            continue
        if reader == "GzipFile":
            return cast(BinaryIO, opener(fileobj=stream, mode="rb"))
        return cast(BinaryIO, opener(stream))
    raise ImageError(
        f"this Python cannot decompress {name}",
        "Decompress it yourself first, and pipe the plain tar in.",
    )


def _damaged(error: Exception) -> ImageError:
    return ImageError(
        f"the compressed data is damaged: {error}", "Fetch or make the archive again."
    )
