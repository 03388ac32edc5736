"""Growing files: lines that others append, in a file that is put aside when it is full.

    events.jsonl.1   events.jsonl              log.jsonl.2   log.jsonl.1   log.jsonl
    older            newer ◀── written here    oldest                      newest

Whoever writes renames the full file and begins a new one. A reader that holds a file
open is not disturbed: it has the inode, not the name. At the end of its file it looks
which name its inode has now; if it is not the first one, the next newer file is where
it goes on.

The last lines are found from the end, in blocks: of a log of many gigabytes only its
last kilobytes are read.

Whoever follows one (Follower) reads what is there, then waits, in their own way, until
inotify(7) says that something has changed; what it was, the file tells.

man: rename(2), stat(2), pread(2), inotify(7)
Try it: `lab run -d --name box --log-opt max-size=1k busybox ping 127.0.0.1`, then
`lab logs -f box`
"""

import contextlib
import itertools
import os
import select
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Generic, TypeVar

_BLOCK = 1 << 16  # bytes
_LONGEST = 1 << 20  # bytes of a line; what is longer is none of ours
_AT_ONCE = 256  # entries

T = TypeVar("T")


def put_aside(path: Path, number: int) -> Path:
    """What the file is called after it was put aside so many times; 0: not yet."""
    return path.with_name(f"{path.name}.{number}") if number else path


class GrowingFile:
    """The lines of a file and of those put aside before it, oldest first."""

    def __init__(self, path: Path, last: int | None = None) -> None:
        """Begin at the oldest line, or with the `last` so many that are there."""
        self._path = path
        self._file: int | None = None
        self._rest = b""  # of a line that is being written
        if last is None:
            self._file = self._open_newer()
        else:
            self._begin_at_last(last)

    def lines(self) -> Iterator[bytes]:
        """The whole lines that were written since the last time, up to now."""
        while True:
            yield from self._read()
            newer = self._open_newer()
            if newer is None:
                return
            yield from self._read()  # what came between the reading and the renaming
            self.close()
            self._file, self._rest = newer, b""

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _read(self) -> Iterator[bytes]:
        while self._file is not None and (data := os.read(self._file, _BLOCK)):
            *lines, self._rest = (self._rest + data).split(b"\n")
            if len(self._rest) > _LONGEST:
                self._rest = b""
            yield from lines

    # Which file

    def _numbers(self) -> list[int]:
        """Of the files that are there, how often each was put aside; newest first."""
        prefix = f"{self._path.name}."
        found = []
        try:
            names = os.listdir(self._path.parent)
        except FileNotFoundError:
            return []
        for name in names:
            number = name.removeprefix(prefix)
            if name == self._path.name:
                found.append(0)
            elif number != name and number.isascii() and number.isdecimal():
                found.append(int(number))
        return sorted(found)

    def _open(self, number: int) -> int | None:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            return os.open(put_aside(self._path, number), flags)
        except FileNotFoundError:  # it has got another name this moment
            return None

    def _open_newer(self) -> int | None:
        """The file that follows the one that is open, None if that is the newest.

        If none is open, or it is no longer there: the oldest that is.
        """
        while True:
            numbers = self._numbers()
            newer, met_ours = self._open_before_ours(numbers)
            if met_ours or self._numbers() == numbers:
                return newer
            if newer is not None:  # more were put aside meanwhile: one may be missing
                os.close(newer)

    def _open_before_ours(self, numbers: list[int]) -> tuple[int | None, bool]:
        """Of these, the last before ours, or else the last; and whether ours is there.

        Numbers only grow: whoever looks from the newest on may meet a file twice, and
        misses none but those that have got a number that is not among these.
        """
        newer: int | None = None
        for number in numbers:
            file = self._open(number)
            if file is None:
                continue
            if self._is_ours(file):
                os.close(file)
                return newer, True
            if newer is not None:
                os.close(newer)
            newer = file
        return newer, False

    def _is_ours(self, file: int) -> bool:
        """Whether it is the one that is open, under whatever name."""
        return self._file is not None and os.path.sameopenfile(file, self._file)

    # The last lines

    def _begin_at_last(self, count: int) -> None:
        for number in self._numbers():
            file = self._open(number)
            if file is None:
                continue
            if self._is_ours(file):  # it has been put aside meanwhile
                os.close(file)
                continue
            self.close()
            self._file = file
            found, place = _last_lines(file, count)
            os.lseek(file, place, os.SEEK_SET)
            count -= found
            if count <= 0:
                return


def _last_lines(file: int, count: int) -> tuple[int, int]:
    """How many lines, `count` at most, end a file, and at which byte they begin."""
    end = os.fstat(file).st_size
    if count == 0:
        return 0, end
    breaks, place = 0, end
    while place > 0:
        start = max(0, place - _BLOCK)
        block = os.pread(file, place - start, start)
        position = len(block)
        while (position := block.rfind(b"\n", 0, position)) >= 0:
            breaks += 1
            if breaks > count:  # the one that ends the line before
                return count, start + position + 1
        place = start
    return breaks, 0


class Follower(ABC, Generic[T]):
    """What a growing file tells, and will tell. Nothing here waits.

        while not follower.over:
            use(follower.read()), or wait at `fileno` if that was nothing

    `over`: all has been read, and no more will be. Whoever has it has to close it.
    """

    def __init__(
        self, file: GrowingFile, changes: int | None, until: float | None
    ) -> None:
        """`changes` becomes readable when there may be more; None: it is not followed.

        `until`: seconds since 1970, after which nobody wants to know.
        """
        self._file, self._lines = file, file.lines()
        self._changes, self._until = changes, until
        self.over = False
        if changes is not None:
            os.set_blocking(changes, False)

    def fileno(self) -> int:
        """The descriptor to wait at, where it is followed."""
        assert self._changes is not None, "what is not followed has an end"
        return self._changes

    @property
    def left(self) -> float | None:
        """Seconds that waiting makes sense; None: without limit."""
        return None if self._until is None else max(0.0, self._until - time.time())

    def read(self) -> list[T]:
        """Some of what is new, oldest first; nothing: that was all for now."""
        complete = self._is_complete()  # looked at before reading: nothing is missed
        found = list(itertools.islice(self._entries(), _AT_ONCE))
        self.over = self.over or (complete and not found)
        return found

    def _entries(self) -> Iterator[T]:
        for line in self._lines:
            with contextlib.suppress(ValueError):  # cut short by a full disk
                entry = self._parse(line)
                if self._is_too_late(entry):
                    self.over = True
                    return
                if self._is_wanted(entry):
                    yield entry
        self._lines = self._file.lines()

    def _is_complete(self) -> bool:
        """Whether nothing will be written any more that is wanted."""
        if self._changes is None:
            return True
        with contextlib.suppress(BlockingIOError):
            os.read(self._changes, _BLOCK)
        return self.left == 0.0

    @abstractmethod
    def _parse(self, line: bytes) -> T:
        """The entry in a line. ValueError if there is none."""

    @abstractmethod
    def _is_too_late(self, entry: T) -> bool:
        """Whether nothing from this entry on is wanted."""

    @abstractmethod
    def _is_wanted(self, entry: T) -> bool:
        """Whether this entry is."""

    def close(self) -> None:
        """Let go of everything."""
        self._file.close()
        if self._changes is not None:
            os.close(self._changes)
            self._changes = None


def follow(follower: Follower[T]) -> Generator[T, None, None]:
    """Everything, one by one; sleeps while there is nothing new."""
    with contextlib.closing(follower):
        while not follower.over:
            found = follower.read()
            yield from found
            if not found and not follower.over:
                select.select([follower], [], [], follower.left)
