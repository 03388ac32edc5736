"""Reading a tar that may come from anybody, in one pass, from a pipe if need be.

    with each `next`:   header block ─► x, g, L, K entries gathered ─► one Entry
    then, if wanted:    `chunks` of its data; what is not read is skipped
    at the end:         everything up to the last byte is read, for `diff_id`

The diff_id is computed on the way, over all bytes after decompression. Nothing is
believed: each number is bounded, each header has a checksum, and the file must end
with a block of zeros, or it was cut off. Only for contexts of builds that is not so:
where docker's command has put in a Dockerfile of its own, it leaves out the end.

man: tar(5)
Try it: `lab import - mine < something.tar`
"""

import hashlib
from collections.abc import Iterator

from engine import deadline
from engine.errors import ImageError
from engine.storage import sparse, tarball
from engine.storage.compression import Readable, plain
from engine.storage.room import Allowance
from engine.storage.tarball import BLOCK, Entry

_CHUNK = 1 << 20  # bytes read and handed on at a time
_LONGEST_NAMES = 1 << 20  # bytes of PAX records or of a long name, for one entry
_WITH_DATA = {tarball.FILE, tarball.GNU_SPARSE}
_ABOUT_THE_NEXT = {
    tarball.PAX_NEXT,
    tarball.PAX_GLOBAL,
    tarball.GNU_NAME,
    tarball.GNU_LINK,
}


class TarReader:
    """The entries of a tar, compressed or not, and the digest of what was read."""

    def __init__(
        self,
        stream: Readable,
        *,
        hashed: bool = True,
        room: Allowance | None = None,
        ended: bool = True,
    ) -> None:
        """`hashed`: diff_id is wanted; `room`: for what comes out of the stream.

        Not `ended`: behind the data of an entry the tar may end, as Go's reader has it.
        """
        self._stream = plain(stream)
        self._buffer, self._at = b"", 0
        self._hash = hashlib.sha256() if hashed else None
        self._room = room
        self._ended = ended
        self._size = 0  # bytes of data of the present entry
        self._skip = 0  # bytes of the present entry, padding included, not yet read
        self._global: dict[str, bytes] = {}
        self._holes: sparse.Map | None = None

    def entries(self) -> Iterator[Entry]:
        """Every entry, and then, silently, the rest of the stream."""
        while entry := self._next():
            yield entry
        while self._refill():
            continue

    def chunks(self) -> Iterator[tuple[int, bytes]]:
        """The data of the present entry: pieces, each with its place in the file."""
        if self._holes is None:
            yield from self._data(0, self._size)
        else:
            for offset, length in self._holes.pieces:
                yield from self._data(offset, length)

    @property
    def diff_id(self) -> str:
        """The digest of the whole tar, not compressed, once all was read."""
        assert self._hash is not None, "diff_id of a tar that was not hashed"
        return f"sha256:{self._hash.hexdigest()}"

    def _next(self) -> Entry | None:
        """The next entry that is a file, a directory, a link, a device or a fifo."""
        padding = min(self._skip, -self._size % BLOCK)
        for size in (self._skip - padding, padding):
            self._pass_over(size)
            if not self._ended and self._is_over():
                self._skip = 0
                return None
        records = dict(self._global)
        while True:
            header = self._take(BLOCK)
            if not any(header):
                self._skip = 0
                return None
            entry = tarball.decode(header, records)
            if entry.kind not in _ABOUT_THE_NEXT:
                return self._begin(entry, header)
            self._gather(entry, records)

    def _gather(self, entry: Entry, records: dict[str, bytes]) -> None:
        """Note what an entry of type x, g, L or K says of those after it."""
        size = entry.size
        if size > _LONGEST_NAMES:
            raise tarball.damaged(f"an extended header of {size} bytes")
        data = self._take(size)
        self._pass_over(-size % BLOCK)
        if entry.kind == tarball.GNU_NAME:
            records["path"] = data.rstrip(b"\0")
        elif entry.kind == tarball.GNU_LINK:
            records["linkpath"] = data.rstrip(b"\0")
        else:
            found = tarball.decode_pax(data)
            records.update(found)
            if entry.kind == tarball.PAX_GLOBAL:
                self._global.update(found)

    def _begin(self, entry: Entry, header: bytes) -> Entry:
        """Prepare for the data of an entry; for a sparse file, read where it goes."""
        # Some tars write the size of a link's target; no data follows all the same.
        self._size = entry.size if entry.kind in _WITH_DATA else 0
        self._skip = self._size + -self._size % BLOCK
        self._holes = sparse.find_map(entry, header, self._take, self._take_data)
        return self._holes.entry if self._holes else entry

    def _data(self, offset: int, length: int) -> Iterator[tuple[int, bytes]]:
        """Pieces as they were read: a large file is mostly handed on uncopied."""
        while length:
            if self._at == len(self._buffer):
                self._refill()
            at_hand = len(self._buffer) - self._at
            data = self._take_data(min(length, at_hand or 1))
            yield offset, data
            offset += len(data)
            length -= len(data)

    def _take_data(self, size: int) -> bytes:
        """The next `size` bytes of the present entry."""
        if size > self._skip:
            raise tarball.damaged("a sparse file has more data than its entry")
        self._skip -= size
        return self._take(size)

    def _take(self, size: int) -> bytes:
        """Exactly `size` bytes of the tar, at most a few megabytes."""
        end = self._at + size
        if end <= len(self._buffer):
            data = self._buffer[self._at : end]
            self._at = end
            return data
        pieces = [self._buffer[self._at :]]
        missing = size - len(pieces[0])
        while missing > 0:
            if not self._refill():
                raise ImageError(
                    "unexpected EOF: the archive ends too early",
                    "It was cut off, or is no tar file. Make or fetch it again.",
                )
            pieces.append(self._buffer[:missing])
            self._at = len(pieces[-1])
            missing -= self._at
        return b"".join(pieces)

    def _pass_over(self, size: int) -> None:
        while size > 0:
            size -= len(self._take(min(size, _CHUNK)))

    def _is_over(self) -> bool:
        return self._at == len(self._buffer) and not self._refill()

    def _refill(self) -> bool:
        """Read the next piece of the stream; False at its end."""
        deadline.check()
        self._buffer, self._at = self._stream.read(_CHUNK), 0
        if self._room:
            self._room.take(len(self._buffer))
        if self._hash:
            self._hash.update(self._buffer)
        return bool(self._buffer)
