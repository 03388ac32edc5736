"""Copying between a session's descriptors and its connection.

    stdin ──▶ │ detach keys? │ ──▶ '0' ──▶ shim
    stdout, stderr ◀──────────── '1' '2' ◀── shim

Sending never waits: while input cannot be taken, output must still be read, or a
program that copies one to the other would stand still for ever.

man: select(2), send(2) on MSG_DONTWAIT
Try it: `lab run -i busybox cat < /dev/zero | head -c 1G | wc -c`
"""

import os
import select
import socket
from collections.abc import Mapping

from engine.containers.sessions.detaching import KeyWatch
from engine.runtime import channel
from engine.runtime.client import Connection

_PIECE = 32768  # bytes of input passed on at once


class Copier:
    """Moves bytes between a session's descriptors and its connection.

    `outputs` are the descriptors for the streams that somebody wants to see. `ends`:
    the end of the input is the end of the program's input too.
    """

    def __init__(
        self,
        connection: Connection,
        stdin: int | None,
        outputs: Mapping[bytes, int],
        detach_keys: bytes,
        *,
        ends: bool,
    ) -> None:
        self._connection = connection
        self._stdin = stdin
        self._outputs = outputs
        self._keys = KeyWatch(detach_keys)
        self._ends = ends
        self._unsent = b""

    @property
    def detached(self) -> bool:
        """Whether the detach keys were typed, and all before them has been sent."""
        return self._keys.found and not self._unsent

    @property
    def idle(self) -> bool:
        """Whether there is nothing more to copy: no input left, no output wanted."""
        return self._stdin is None and not self._unsent and not self._outputs

    def show(self, kind: bytes, payload: bytes) -> None:
        """Write a message of the shim's where its stream is wanted, if it is."""
        if kind in self._outputs:
            _write(self._outputs[kind], payload)

    def turn(self, wakeup: int) -> None:
        """Wait for something to copy, and copy it; `wakeup` ends the waiting too."""
        shim = self._connection.socket.fileno()
        sources = [shim, wakeup]
        if self._stdin is not None and not self._unsent:
            sources.append(self._stdin)
        ready, room, _ = select.select(sources, [shim] if self._unsent else [], [])
        if wakeup in ready:
            os.read(wakeup, 512)
        if shim in ready:
            self.show(*self._connection.receive())
        if room:
            self._send()
        if self._stdin is not None and self._stdin in ready:
            self._copy_input(self._stdin)

    def _copy_input(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, _PIECE)
        except OSError:  # the terminal has gone
            data = b""
        if data:
            data = self._keys.pass_on(data)
            self._unsent = channel.STDIN + data if data else b""
        else:
            self._stdin = None
            end = channel.encode({"do": "close-stdin"})
            self._unsent = end if self._ends else b""
        self._send()

    def _send(self) -> None:
        """Send what waits to be sent, if there is room for it now."""
        if not self._unsent:
            return
        try:
            self._connection.socket.send(self._unsent, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except ConnectionError:
            pass  # the shim is ending: its last words are still to be read
        self._unsent = b""


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
