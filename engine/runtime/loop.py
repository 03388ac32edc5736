"""The loop: one thread that waits for many things at once.

A shim waits for clients, for output, for the end of processes, all at the same time.
It asks the kernel "which of these descriptors has something for me?" and calls the
function that belongs to each. No function may wait for anything itself.

man: epoll(7)
Try it: `strace -p $(pgrep lab-shim)` while a container prints
"""

import selectors
from collections.abc import Callable

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Loop:
    """Calls a function whenever a descriptor is ready."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

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

    def turn(self) -> None:
        """Wait until something is ready, and call what belongs to it."""
        for key, _ in self._selector.select():
            # An earlier call of this turn may have let go of this one.
            if self._selector.get_map().get(key.fd) is key:
                key.data()
