"""Shortage: hearing of it when the kernel kills a process for want of memory.

A group that reaches its memory limit loses a process. If that is process 1, the
container ends; if it is another one, nobody might notice. So the kernel is asked to
tell: a descriptor becomes readable (see kernel/counters.py), the counter of the killed
is compared with what it was, and an `oom` event is announced. Version 1 tells before
it has killed: where nothing has been counted yet, a few more looks follow.

A container without a limit can be killed from when the machine itself runs out. That is
found out at its end, by the same counter.

man: eventfd(2), inotify(7), cgroups(7)
Try it: `lab run -m 16m busybox tail /dev/zero; lab events --since 1m -f event=oom`
"""

import contextlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager

from engine.errors import EngineError
from engine.kernel import counters
from engine.runtime.announce import Announcer
from engine.runtime.loop import READ, Loop, Timer

_LARGEST_NOTE = 4096  # bytes; more than any descriptor of this kind has to tell at once


# Seconds to the looks after the first. With its killer disabled there is none to see.
_LOOKS_AGAIN = (0.01, 0.05, 0.2, 1.0, 5.0)


class Shortage:
    """Watches one control group, for as long as its container runs."""

    def __init__(
        self,
        loop: Loop,
        group: str,
        announcer: Announcer,
        recording: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._loop, self._group, self._announcer = loop, group, announcer
        self._recording = recording
        self._descriptor = -1
        self._known = 0
        self._looks: list[Timer] = []

    def begin(self) -> None:
        """The container runs; if its memory has a limit, listen."""
        self._known = 0
        if not counters.is_memory_limited(self._group):
            return
        with contextlib.suppress(EngineError, OSError):  # then at its end
            with self._recording():
                self._descriptor = counters.oom_descriptor(self._group)
            self._loop.watch(self._descriptor, READ, self._heard)

    def _heard(self) -> None:
        os.read(self._descriptor, _LARGEST_NOTE)
        known = self._known
        self._forget_looks()
        if self._announce() == known:
            self._looks = [
                self._loop.later(pause, self._announce) for pause in _LOOKS_AGAIN
            ]

    def _forget_looks(self) -> None:
        while self._looks:
            self._looks.pop().cancel()

    def _announce(self) -> int:
        kills = counters.memory_kills(self._group)
        if kills > self._known:
            self._announcer.tell("oom")
        self._known = max(kills, self._known)
        return self._known

    def end(self) -> int:
        """The container has ended; how many of its processes were killed for memory."""
        self._forget_looks()
        if self._descriptor >= 0:
            self._loop.forget(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
        return self._announce()
