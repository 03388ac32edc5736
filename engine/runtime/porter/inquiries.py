"""Inquiries: what we do not know ourselves is asked of other name servers.

    question ──▶ first server … no answer in time ──▶ second server … ──▶ nobody knows

An answer is believed only if it comes from the server that was asked, to the socket
that asked (each question has one of its own, at a port by chance), with the ID that was
sent (by chance, too) and the same question in it: whoever would slip in a false one
must guess all of that.

A question that came over TCP is asked over TCP: its answer may be long.

Source: RFC 1035, section 4.2; RFC 5452 on answers that are forged
Try it: `lab run --rm --network NAME --dns 9.9.9.9 busybox nslookup example.org`
"""

import os
import socket
from collections.abc import Callable

from engine.runtime.loop import READ, WRITE, Loop
from engine.runtime.porter import messages

PORT = 53
_PATIENCE = 3.0  # seconds for one server; whoever asks tries again after five
_LARGEST = 65535  # bytes of an answer
Done = Callable[[bytes | None], None]


class Inquiry:
    """One question that is asked of one server after the other."""

    _kind = socket.SOCK_DGRAM

    def __init__(
        self, loop: Loop, question: bytes, servers: tuple[str, ...], done: Done
    ) -> None:
        """`done` gets the answer as it came, or None if no server has one."""
        self._loop, self._done = loop, done
        self._original = question[:2]
        self._question = os.urandom(2) + question[2:]
        self._servers = list(servers)
        self._socket: socket.socket | None = None
        self._timer = loop.later(0, self._next)

    def give_up(self) -> None:
        """Ask nobody else."""
        self._servers = []
        self._next()

    def _next(self) -> None:
        """Ask the next server; the last one has failed."""
        self._close()
        if not self._servers:
            self._finish(None)
            return
        server = self._servers.pop(0)
        self._timer = self._loop.later(_PATIENCE, self._next)
        try:
            family = socket.AF_INET6 if ":" in server else socket.AF_INET
            self._socket = socket.socket(family, self._kind | socket.SOCK_NONBLOCK)
            self._begin(self._socket, (server, PORT))
        except OSError:
            self._timer.cancel()
            self._timer = self._loop.later(0, self._next)

    def _begin(self, one: socket.socket, place: tuple[str, int]) -> None:
        one.connect(place)
        one.send(self._question)
        self._loop.watch(one.fileno(), READ, self._hear)

    def _hear(self) -> None:
        assert self._socket
        try:
            self._take(self._socket.recv(_LARGEST))
        except BlockingIOError:
            return
        except OSError:  # nobody is there
            self._next()

    def _take(self, data: bytes) -> None:
        if messages.belongs_to(data, self._question):
            self._finish(self._original + data[2:])

    def _finish(self, found: bytes | None) -> None:
        self._close()
        self._done(found)

    def _close(self) -> None:
        self._timer.cancel()
        if self._socket:
            self._loop.forget(self._socket.fileno())
            self._socket.close()
            self._socket = None


class LongInquiry(Inquiry):
    """The same over TCP, where two bytes before each message tell its length."""

    _kind = socket.SOCK_STREAM

    def _begin(self, one: socket.socket, place: tuple[str, int]) -> None:
        self._heard = b""
        if one.connect_ex(place) in (0, 115):  # EINPROGRESS
            self._loop.watch(one.fileno(), WRITE, self._say)
        else:
            raise ConnectionRefusedError

    def _say(self) -> None:
        assert self._socket
        try:
            self._socket.send(len(self._question).to_bytes(2, "big") + self._question)
        except OSError:
            self._next()
            return
        self._loop.watch(self._socket.fileno(), READ, self._hear)

    def _take(self, data: bytes) -> None:
        self._heard += data
        message = self._heard[2:]
        if not data:
            self._next()
        elif len(message) >= int.from_bytes(self._heard[:2], "big") > 0:
            super()._take(message)
