"""Announcements: being woken when something of the engine may look different.

    events.jsonl          a container, image, network or volume came, went, changed
    /proc/self/mountinfo  a mount came or went: poll(2) says POLLPRI, and nothing else
    read-write layers     a file came (A), was copied up (C) or deleted (D)

A read-write layer is a tree of directories, and inotify(7) watches one at a time: so
new directories are watched when they are found, and what is written into an old file
says nothing (overlay writes behind inotify's back). Who waits looks now and then all
the same.

man: inotify(7), proc(5) on mountinfo, epoll(7)
Try it: `lab watch layers web`, and `lab exec web touch /new` beside it
"""

import os
import select
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from engine.containers.looking.watching import EventFollower
from engine.kernel.watches import TreeWatch

_BLOCK = 1 << 16  # bytes

Trees = Callable[[], Iterable[Path]]


class Announcements:
    """Waits for what may change a picture of the engine. Whoever has it closes it."""

    def __init__(self, root: Path, trees: Trees | None = None) -> None:
        """`root` is the engine's; `trees` tells which directory trees are looked at."""
        self._events, self._trees = EventFollower(root), trees
        self._root = os.fsencode(root)
        self._mounts = os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
        self._stood = self._own_mounts()
        self._files = TreeWatch()
        self._all = select.epoll()
        self._all.register(self._mounts, select.EPOLLPRI | select.EPOLLERR)
        self._all.register(self._events, select.EPOLLIN)
        self._all.register(self._files.descriptor, select.EPOLLIN)

    def wait(self, seconds: float) -> bool:
        """Sleep until something is announced, at most so long; was it?"""
        if self._trees is not None:
            self._files.cover(self._trees())
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            news = [self._is_news(descriptor) for descriptor, _ in self._all.poll(left)]
            if any(news):
                return True
        return False

    def _is_news(self, descriptor: int) -> bool:
        """Read what was told there; does it concern this engine?"""
        if descriptor == self._files.descriptor:
            self._files.drain()
            return True
        if descriptor == self._mounts:
            before, self._stood = self._stood, self._own_mounts()
            return before != self._stood
        return bool(list(iter(self._events.read, [])))

    def _own_mounts(self) -> list[bytes]:
        """The lines of the mounts below the engine's root: others come and go, too."""
        data = b""
        os.lseek(self._mounts, 0, os.SEEK_SET)
        while block := os.read(self._mounts, _BLOCK):
            data += block
        return [line for line in data.split(b"\n") if self._root in line]

    def fileno(self) -> int:
        """A descriptor that can be read when something is announced."""
        return self._all.fileno()

    def close(self) -> None:
        """Let go of everything."""
        self._all.close()
        self._events.close()
        self._files.close()
        os.close(self._mounts)
