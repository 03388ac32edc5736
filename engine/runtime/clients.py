"""A client of a shim: one connection, what it is attached to, what waits to be sent.

A client that reads slowly must not make the shim grow without bound. What cannot be
sent at once waits in a queue; when the queue is full, the task stops reading the
container's output until there is room: the container's program then waits in
write(2), as it would with a slow terminal.

man: unix(7), send(2)
Try it: `lab run busybox yes | sleep 5`: the container waits, the shim stays small
"""

import os
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

from engine.errors import EngineError
from engine.runtime import channel
from engine.runtime.loop import READ, WRITE, Loop

_FULL = 1 << 20  # bytes that may wait for one client
_FULL_HOUSE = 0.1  # seconds until a client is let in where there was no room


class Client:
    """One connection to the shim."""

    def __init__(
        self,
        loop: Loop,
        connection: socket.socket,
        on_message: Callable[["Client", bytes, bytes], None],
        on_close: Callable[["Client"], None],
    ) -> None:
        self._loop = loop
        self._connection = connection
        self._on_message, self._on_close = on_message, on_close
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._listening = True
        self.on_room: Callable[[], None] | None = None
        self.releases = False  # whether it will remove an --rm container itself
        self._files: list[int] = []  # that came with the message it is answered now
        connection.setblocking(False)
        self._watch()

    @property
    def connection(self) -> socket.socket:
        """What it is connected by, for a child of the shim that answers it."""
        return self._connection

    @property
    def full(self) -> bool:
        """Whether more must not be sent to it for now."""
        return self._queued >= _FULL

    @property
    def idle(self) -> bool:
        """Whether all that was for it has been sent."""
        return not self._queue

    def listen(self, yes: bool) -> None:
        """Whether to take further messages: not while its input is stuck."""
        self._listening = yes
        self._watch()

    def send(self, message: bytes) -> None:
        """Send a message, or keep it until there is room."""
        self._queue.append(message)
        self._queued += len(message)
        self._flush()

    def answer(self, **fields: Any) -> None:
        """Answer a request that went well."""
        self.send(channel.encode({"ok": True, **fields}))

    def refuse(self, error: EngineError) -> None:
        """Answer a request that failed."""
        self.send(channel.failure(error))

    def _watch(self) -> None:
        events = (READ if self._listening else 0) | (WRITE if self._queue else 0)
        if events:
            self._loop.watch(self._connection.fileno(), events, self._ready)
        else:
            self._loop.forget(self._connection.fileno())

    def _ready(self) -> None:
        if self._queue:
            self._flush()
        if self._listening:
            self._receive()

    def _flush(self) -> None:
        try:
            while self._queue:
                self._connection.send(self._queue[0])
                self._queued -= len(self._queue.popleft())
        except BlockingIOError:
            pass
        except OSError:  # it has gone; its end is read as such later
            self._queue.clear()
            self._queued = 0
        if self._connection.fileno() >= 0:
            self._watch()
        if self.on_room and not self.full:
            self.on_room()

    def _receive(self) -> None:
        try:
            kind, payload, descriptors = channel.receive(self._connection)
        except BlockingIOError:
            return
        except OSError:
            kind, payload, descriptors = b"", b"", []
        self._files = descriptors
        if kind:
            self._on_message(self, kind, payload)
            self._drop_files()
        else:
            self.close()

    @property
    def file(self) -> int | None:
        """An open file that came with its message, and is closed after the answer."""
        return self._files[0] if self._files else None

    def take_file(self) -> int | None:
        """The same, from now on the caller's."""
        return self._files.pop(0) if self._files else None

    def _drop_files(self) -> None:
        while self._files:
            os.close(self._files.pop())

    def close(self) -> None:
        """End the connection, and tell the shim."""
        if self._connection.fileno() < 0:
            return
        self._drop_files()
        self._loop.forget(self._connection.fileno())
        self._connection.close()
        self._queue.clear()
        self._on_close(self)


class Reception:
    """Accepts connections at one socket; `welcome` gets each.

    Whoever comes while too many files are open waits in the kernel's queue.
    """

    def __init__(
        self,
        loop: Loop,
        listener: socket.socket,
        welcome: Callable[[socket.socket], object],
    ) -> None:
        self._loop, self._listener, self._welcome = loop, listener, welcome
        self._closed = False
        listener.setblocking(False)
        self._listen()

    def _listen(self) -> None:
        if not self._closed:
            self._loop.watch(self._listener.fileno(), READ, self._accept)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:  # whoever it was has gone
            return
        except OSError:  # too many files are open: it must wait until some are closed
            self._loop.forget(self._listener.fileno())
            self._loop.later(_FULL_HOUSE, self._listen)
            return
        self._welcome(connection)

    def close(self) -> None:
        """Let nobody in any more; the socket's name goes, too."""
        self._closed = True
        self._loop.forget(self._listener.fileno())
        os.unlink(self._listener.getsockname())
        self._listener.close()
