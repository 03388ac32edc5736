"""Streams: passing a TCP connection on to the container, byte by byte.

    client ◀──▶ (our socket) porter (our socket) ◀──▶ the container's program

Two connections, and two directions that live and die apart: who has said all it had to
say closes its half, and may go on listening. So an end that is read from one side is
passed on to the other, once all that came before it has been written there.

Nothing waits, and nothing piles up: what one side has sent is held until the other has
taken it, and meanwhile no more is read. TCP then makes the sender wait, as it would
without us.

man: tcp(7), shutdown(2), epoll(7)
Try it: `lab run -d -p 8080:80 busybox httpd -f`, then `wget -O- localhost:8080`
"""

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Callable

from engine.runtime.loop import READ, WRITE, Loop

_AT_ONCE = 1 << 17  # bytes that are read, and held, at most
_NO_LINGERING = struct.pack("ii", 1, 0)  # close with a reset: it was no proper end


class _Half:
    """One direction: what was read from `source`, and `sink` has not taken yet."""

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        self.source, self.sink = source, sink
        self._held = memoryview(b"")
        self._ended = False  # the source has said all
        self.over = False  # and the sink has been told

    @property
    def wants_input(self) -> bool:
        """Whether there is room for more."""
        return not self._ended and not self._held

    @property
    def has_output(self) -> bool:
        """Whether the sink is to take something."""
        return bool(self._held)

    def move(self) -> None:
        """Read what there is, write what goes. OSError if the connection is broken."""
        with contextlib.suppress(BlockingIOError):
            if self.wants_input:
                data = self.source.recv(_AT_ONCE)
                self._held, self._ended = memoryview(data), not data
            if self._held:
                self._held = self._held[self.sink.send(self._held) :]
        if self._ended and not self._held and not self.over:
            self.over = True
            with contextlib.suppress(OSError):  # it has gone already
                self.sink.shutdown(socket.SHUT_WR)


class Stream:
    """One connection that is passed on, until both halves have ended."""

    def __init__(
        self,
        loop: Loop,
        client: socket.socket,
        place: tuple[str, int],
        gone: Callable[["Stream"], None],
    ) -> None:
        """Pass `client` on to `place`, an address and a port; `gone` hears the end."""
        self._loop, self._gone, self._client = loop, gone, client
        family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
        self._inside = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._connected = False
        client.setblocking(False)
        for one in (client, self._inside):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._halves = _Half(client, self._inside), _Half(self._inside, client)
        self._watched: dict[socket.socket, int] = {}
        error = self._inside.connect_ex(place)
        if error in (0, errno.EINPROGRESS):
            self._watch(self._inside, WRITE)
        else:
            loop.later(0, self._break)

    def _ready(self) -> None:
        """One of the two sockets has something, or room."""
        try:
            if not self._connected:
                error = self._inside.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if error:
                    raise OSError(error, os.strerror(error))
                self._connected = True
            for half in self._halves:
                half.move()
        except OSError:
            self._break()
            return
        out, back = self._halves
        if out.over and back.over:
            self.close()
            return
        self._watch(self._client, _events(out, back))
        self._watch(self._inside, _events(back, out))

    def _watch(self, one: socket.socket, events: int) -> None:
        if self._watched.get(one, 0) == events:
            return
        self._watched[one] = events
        if events:
            self._loop.watch(one.fileno(), events, self._ready)
        else:
            self._loop.forget(one.fileno())

    def _break(self) -> None:
        """End it as it was ended for us: with a reset."""
        for one in (self._client, self._inside):
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
        self.close()

    def close(self) -> None:
        """Let go of both connections."""
        for one in (self._client, self._inside):
            if one.fileno() >= 0:
                self._loop.forget(one.fileno())
                one.close()
        self._gone(self)


def _events(reading: _Half, writing: _Half) -> int:
    """What a socket is watched for: the source of one half, the sink of the other."""
    wanted = READ if reading.wants_input else 0
    return wanted | (WRITE if writing.has_output else 0)


class StreamListener:
    """Takes connections at one published port, as many as there is room for."""

    def __init__(
        self,
        loop: Loop,
        listener: socket.socket,
        place: tuple[str, int],
        room: "Room",
    ) -> None:
        """`room` is shared by all listeners of the container."""
        self._loop, self._listener, self._place = loop, listener, place
        self._room = room
        room.listeners.append(self)
        self.listen()

    def listen(self) -> None:
        """Take connections from now on."""
        self._loop.watch(self._listener.fileno(), READ, self._accept)

    def rest(self) -> None:
        """Let them wait in the kernel's queue."""
        self._loop.forget(self._listener.fileno())

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except (BlockingIOError, ConnectionError):  # whoever it was has gone
            return
        except OSError:  # too many files are open
            self._room.close_for_a_moment()
            return
        try:
            self._room.enter(Stream(self._loop, client, self._place, self._room.leave))
        except OSError:
            client.close()
            self._room.close_for_a_moment()


class Room:
    """How many connections there may be at once, of one container."""

    def __init__(self, loop: Loop, most: int) -> None:
        self._loop, self._most = loop, most
        self._streams: set[Stream] = set()
        self.listeners: list[StreamListener] = []

    def enter(self, stream: Stream) -> None:
        """One more; the last for whom there is room makes the others wait."""
        self._streams.add(stream)
        if len(self._streams) >= self._most:
            self._rest()

    def leave(self, stream: Stream) -> None:
        """One has gone: there is room again."""
        if len(self._streams) == self._most:
            self._listen()
        self._streams.discard(stream)

    def close_for_a_moment(self) -> None:
        """There were not enough files: a moment later there may be."""
        self._rest()
        self._loop.later(0.1, self._listen)

    def _rest(self) -> None:
        for listener in self.listeners:
            listener.rest()

    def _listen(self) -> None:
        for listener in self.listeners:
            listener.listen()
