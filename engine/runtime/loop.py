"""The loop: one thread that waits for many things at once.

A shim waits for clients, for output, for the end of processes, all at the same time.
It asks the kernel "which of these descriptors has something for me?" and calls the
function that belongs to each. No function may wait for anything itself.

What shall happen later (another attempt, a health check, KILL after the grace time) is
a timer: the loop asks the kernel to wake it when the first of them is due, too.

man: epoll(7), clock_gettime(2) on CLOCK_MONOTONIC
Try it: `strace -p $(pgrep lab-shim)` while a container prints
"""

import heapq
import itertools
import selectors
import time
from collections.abc import Callable

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_LONGEST_SLEEP = 3600.0  # seconds: epoll counts milliseconds, up to 24 days


class Timer:
    """Something that shall happen once, unless it is cancelled before."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function: Callable[[], object] | None = function

    def cancel(self) -> None:
        """It shall not happen."""
        self._function = None

    def expire(self) -> None:
        """It is due."""
        if self._function:
            self._function()


class Loop:
    """Calls a function whenever a descriptor is ready, or a moment has come."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._order = itertools.count()  # of timers that are due at the same moment
        self._timers: list[tuple[float, int, Timer]] = []

    def watch(
        self, descriptor: int, events: int, function: Callable[[], object]
    ) -> None:
        """From now on call `function` when `descriptor` is ready for READ or WRITE."""
        if descriptor in self._selector.get_map():
            self._selector.modify(descriptor, events, function)
        else:
            self._selector.register(descriptor, events, function)

    def forget(self, descriptor: int) -> None:
        """No longer; nothing happens if it was not watched."""
        if descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    def later(self, seconds: float, function: Callable[[], object]) -> Timer:
        """Call `function` once, in so many seconds."""
        timer = Timer(function)
        due = time.monotonic() + seconds
        heapq.heappush(self._timers, (due, next(self._order), timer))
        return timer

    def _until_next(self) -> float | None:
        """Seconds to wait for the next timer, 0 if it is due; None if there is none."""
        if not self._timers:
            return None
        left = self._timers[0][0] - time.monotonic()
        return min(max(0.0, left), _LONGEST_SLEEP)

    def turn(self) -> None:
        """Wait until something is ready or due, and call what belongs to it."""
        ready = self._selector.select(self._until_next())
        while self._until_next() == 0.0:
            heapq.heappop(self._timers)[2].expire()
        for key, _ in ready:
            # An earlier call of this turn may have let go of this one.
            if self._selector.get_map().get(key.fd) is key:
                key.data()
