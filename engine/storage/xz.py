"""xz, with a limit: its decompressor keeps as much in memory as the archive asks for.

A header of thirty bytes may ask for a window of 4 GB, and what follows then fills it.
`xz -9` makes archives that need 65 MB. Python's own LZMAFile knows no limit, so the
decompressor is fed here.

Source: tukaani.org/xz/xz-file-format.txt, 5.3.1 on the dictionary; xz(1) on -M
Try it: `xz -9 -k layer.tar; lab import layer.tar.xz mine`
"""

import lzma

from engine.errors import ImageError
from engine.storage.compression import Readable

MOST_MEMORY = 256 << 20  # bytes
_CHUNK = 1 << 16  # bytes read at a time


class XzFile:
    """What a compressed stream holds; it may be several, one after the other."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._decompressor = _new()
        self._rest = b""  # of the compressed bytes

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; none at the end. EOFError if cut off."""
        while True:
            if self._decompressor.eof and not self._begin_next():
                return b""
            if self._decompressor.needs_input and not self._rest:
                self._rest = self._stream.read(_CHUNK)
                if not self._rest:
                    raise EOFError("it is cut off")
            data = self._decompress(size)
            if data:
                return data

    def _begin_next(self) -> bool:
        """Whether another stream follows, perhaps after zeros."""
        self._rest = self._decompressor.unused_data or self._rest
        while not self._rest.strip(b"\0"):
            self._rest = self._stream.read(_CHUNK)
            if not self._rest:
                return False
        self._rest = self._rest.lstrip(b"\0")
        self._decompressor = _new()
        return True

    def _decompress(self, size: int) -> bytes:
        given, self._rest = self._rest, b""
        try:
            return self._decompressor.decompress(given, size)
        except lzma.LZMAError as error:
            if "Memory usage limit" not in str(error):
                raise
            raise ImageError(
                "the xz archive wants more memory than "
                f"{MOST_MEMORY >> 20} MB to be decompressed",
                "`xz -dc ARCHIVE | lab import - NAME`, if you trust it.",
            ) from error


def _new() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, MOST_MEMORY)
