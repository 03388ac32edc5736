"""A witness: somebody who hears of the acts of others, as they happen.

    this process ──────── a pipe ─────────────────┐
    shim, starter, init ─ acts.jsonl ─ inotify ───┴─▶ witness ─▶ listener

Several processes make a container, and none of them waits for whoever looks on: they
append to the container's acts.jsonl, one act at a time if they were told that somebody
watches ("at_once"). The witness sleeps in a thread of its own until the kernel says
that there is more, and hands it on. What was done before there was a container, or
where there is none, comes through the pipe: nobody keeps it.

A file that was opened before its name went away can still be read: so the acts of an
`rm` are heard to the last.

An act that returns only if it fails (execve) is noted before it is tried. It is held
back a moment, in case its failure comes right behind it.

man: inotify(7), epoll(7), pipe(7)
Try it: `lab run --explain busybox true`
"""

import os
import select
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from engine import wording
from engine.kernel import watches

_QUIET = 0.1  # seconds without an act, after which what is held back is told
_BLOCK = 1 << 16  # bytes
_UNDECIDED = b'"result": "?"'


class Seen(NamedTuple):
    """An act, in words, and the directory of its container; None if it has none."""

    act: Mapping[str, Any]
    directory: Path | None


# Gets what was done since the last time; nothing means that it is quiet for now.
Listener = Callable[[Sequence[Seen]], None]


class _Source:
    """A pipe or a file that acts are written to, read to its present end."""

    def __init__(self, descriptor: int, directory: Path | None) -> None:
        self.descriptor, self.directory = descriptor, directory
        self._rest = b""  # of a line that is being written
        self._held: list[bytes] = []

    def acts(self, *, everything: bool) -> list[Seen]:
        """What is new; `everything`: with what was held back."""
        data = self._rest
        with suppress(BlockingIOError):  # a pipe that has no more
            while block := os.read(self.descriptor, _BLOCK):
                data += block
        *new, self._rest = data.split(b"\n")
        if not new and not everything:
            return []
        held, self._held = self._held, []
        if not everything:
            self._held = [line for line in new if _UNDECIDED in line]
        told = wording.in_order([*held, *new])
        undecided = wording.in_order(self._held)
        return [Seen(act, self.directory) for act in told if act not in undecided]


class Witness:
    """Hears of acts while it is entered, and tells a listener."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        reading, self.notes = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._end = os.eventfd(0, os.EFD_CLOEXEC)
        self._sources = [_Source(reading, None)]
        self._watches: list[int] = []
        self._changes = select.epoll()
        self._changes.register(reading, select.EPOLLIN)
        self._changes.register(self._end, select.EPOLLIN)
        self._turn = threading.RLock()  # whoever holds it reads, and tells
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "Witness":
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        os.eventfd_write(self._end, 1)
        self._thread.join()
        self.catch_up()
        self._changes.close()
        for descriptor in (
            *(source.descriptor for source in self._sources),
            *(self._watches),
            *(self.notes, self._end),
        ):
            os.close(descriptor)
        if self._failure and kind is None:
            raise self._failure

    def follow(self, record: Path, directory: Path, *, whole: bool = False) -> None:
        """Hear also what is appended to `record` from now on, if it is there.

        `whole`: what is in it already, too.
        """
        if any(source.directory == directory for source in self._sources):
            return
        try:
            descriptor = os.open(record, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        if not whole:
            os.lseek(descriptor, 0, os.SEEK_END)
        with self._turn:
            self._sources.append(_Source(descriptor, directory))
            watch = watches.on_change(record)
            os.set_blocking(watch, False)  # its number may be that of one just closed
            self._watches.append(watch)
            self._changes.register(watch, select.EPOLLIN)
            if whole:
                self._tell(everything=False)

    def leave(self, directory: Path) -> None:
        """Tell what is left of a container's acts, and hear of it no more."""
        with self._turn:
            followed = list(zip(self._sources[1:], self._watches, strict=True))
            for source, watch in followed:
                if source.directory == directory:
                    self._tell(everything=True)
                    self._sources.remove(source)
                    self._watches.remove(watch)
                    os.close(watch)  # epoll(7) forgets it with this
                    os.close(source.descriptor)

    def catch_up(self) -> None:
        """Tell everything that was done up to now."""
        with self._turn:
            self._tell(everything=True)

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Tell everything, then nothing until this is over."""
        with self._turn:
            self.catch_up()
            yield

    # The thread

    def _listen(self) -> None:
        patience = None
        while True:
            ready = [number for number, _ in self._changes.poll(patience)]
            if self._end in ready:
                return
            with self._turn:
                for watch in set(ready).intersection(self._watches):
                    with suppress(BlockingIOError):
                        os.read(watch, _BLOCK)
                self._tell(everything=not ready)
            patience = _QUIET if ready else None

    def _tell(self, *, everything: bool) -> None:
        """Read all sources; what they have is told in the order of time."""
        found = [
            seen for one in self._sources for seen in one.acts(everything=everything)
        ]
        found.sort(key=lambda seen: float(seen.act["time"]))
        if self._failure is not None:
            return
        try:
            if found:
                self._listener(found)
            if everything:
                self._listener(())
        except Exception as error:  # told to whoever asked to listen, when it is over
            self._failure = error
