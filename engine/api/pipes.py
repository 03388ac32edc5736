"""Pipes between threads and the event loop: pairs of sockets.

    client ──▶ loop ──▶ ═══════ ──▶ thread: the engine reads a tar file
    client ◀── loop ◀── ═══════ ◀── thread: the engine writes one

A thread may wait, the loop must not. The kernel's buffer between them is all that is
held in memory: if one side is slow, the other waits in its read or write, as with any
pipe. When the client has gone, the loop closes its end, and the thread's next write
says "broken pipe".

The end of what is read must not be taken for its completion: a client that was cut off
in the middle has not sent a short tar file. So the loop says whether all has come.

man: socketpair(2), unix(7)
Try it: `docker load < image.tar`, and meanwhile `ss -xp | grep labd`
"""

import asyncio
import contextlib
import io
import socket
from collections.abc import AsyncIterator

from engine.errors import EngineError

PIECE = 256 << 10  # bytes passed on at once


class Cut(EngineError):
    """The client has gone in the middle of what it was sending."""


class Input(io.RawIOBase):
    """What a thread reads a body from. Cut, if not all of it has come."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self.complete = False

    def readable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The descriptor, for who waits for more."""
        return self._end.fileno()

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # the base class says more kinds of buffer than there are
        """Read what there is into a buffer; how many bytes that were."""
        count = self._end.recv_into(buffer)
        if not count and len(buffer) and not self.complete:
            raise Cut("the client has gone in the middle of its request")
        return count

    def close(self) -> None:
        """Read no more: who still sends hears of it."""
        self._end.close()
        super().close()


class Output:
    """What a thread writes a body to. BrokenPipeError if the client has gone."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def fileno(self) -> int:
        """The descriptor, for what writes to one."""
        return self._end.fileno()

    def write(self, data: bytes) -> int:
        """Write all of it."""
        self._end.sendall(data)
        return len(data)

    def close(self) -> None:
        """This was all."""
        self._end.close()


class Feed:
    """The loop's end of an Input."""

    def __init__(self) -> None:
        self._end, theirs = socket.socketpair()
        self._end.setblocking(False)
        self.input = Input(theirs)

    async def pour(self, pieces: AsyncIterator[bytes]) -> None:
        """Pass on what comes, as long as somebody reads it."""
        loop = asyncio.get_running_loop()
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                async for piece in pieces:
                    await loop.sock_sendall(self._end, piece)
                self.input.complete = True
        finally:
            self._end.close()


class Drain:
    """The loop's end of an Output."""

    def __init__(self) -> None:
        self._end, theirs = socket.socketpair()
        self._end.setblocking(False)
        self.output = Output(theirs)

    async def read(self) -> bytes:
        """What has been written; b"" when that was all."""
        loop = asyncio.get_running_loop()
        return await loop.sock_recv(self._end, PIECE)

    def close(self) -> None:
        """Nobody wants any more of it."""
        self._end.close()
