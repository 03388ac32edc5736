"""Copying between a session's descriptors and its attachment.

    stdin ──▶ attachment ──▶ program
    stdout, stderr ◀── attachment ◀── program

One thread does both, and sleeps in select(2) until there is something to copy.

man: select(2)
Try it: `lab run -i busybox cat < /dev/zero | head -c 1G | wc -c`
"""

import os
import select
from collections.abc import Mapping

from engine.containers.sessions.attachment import PIECE, Attachment


class Copier:
    """Moves bytes between a session's descriptors and its attachment.

    `outputs` are the descriptors for the streams that somebody wants to see.
    """

    def __init__(
        self, attachment: Attachment, stdin: int | None, outputs: Mapping[bytes, int]
    ) -> None:
        self._attachment = attachment
        self._stdin = stdin
        self._outputs = outputs

    @property
    def idle(self) -> bool:
        """Whether there is nothing more to copy: no input left, no output wanted."""
        full = self._attachment.full
        return self._stdin is None and not full and not self._outputs

    def show(self, kind: bytes, payload: bytes) -> None:
        """Write a message of the shim's where its stream is wanted, if it is."""
        if kind in self._outputs:
            _write(self._outputs[kind], payload)

    def turn(self, wakeup: int) -> None:
        """Wait for something to copy, and copy it; `wakeup` ends the waiting too."""
        shim, full = self._attachment.fileno(), self._attachment.full
        sources = [shim, wakeup]
        if self._stdin is not None and not full:
            sources.append(self._stdin)
        ready, room, _ = select.select(sources, [shim] if full else [], [])
        if wakeup in ready:
            os.read(wakeup, 512)
        if shim in ready and (message := self._attachment.receive()):
            self.show(*message)
        if room:
            self._attachment.flush()
        if self._stdin is not None and self._stdin in ready:
            self._copy_input(self._stdin)

    def _copy_input(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, PIECE)
        except OSError:  # the terminal has gone
            data = b""
        if data:
            self._attachment.type(data)
        else:
            self._stdin = None
            self._attachment.end_input()


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
