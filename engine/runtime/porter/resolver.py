"""The resolver: the name server at 127.0.0.11 that a container finds inside.

    a name of a container in a network of ours     answered here
    anything else                                  asked of others (inquiries.py)

Its two sockets, UDP and TCP, were opened inside the container's network namespace: the
address 127.0.0.11 is the container's own loopback, and nobody outside sees it. What is
asked of others leaves from the machine.

What comes in was made by a program that nobody trusts: a packet that makes no sense is
answered by "format error" or not at all; questions, connections and bytes that wait are
counted, and one too many pushes out the oldest.

Source: RFC 1035, section 4.2; RFC 7766 on TCP
Try it: `lab run --rm --network NAME busybox cat /etc/resolv.conf`
"""

import contextlib
import functools
import socket
from collections.abc import Callable
from typing import Protocol

from engine.runtime.loop import READ, WRITE, Loop
from engine.runtime.porter import messages
from engine.runtime.porter.inquiries import Inquiry, LongInquiry
from engine.runtime.porter.messages import Garbled, Query

_MOST_QUESTIONS, _MOST_CONNECTIONS = 256, 32  # at once
_SILENCE = 10.0  # seconds until a connection is closed that says nothing
_LARGEST = 65535  # bytes of a message
_BURST = 32  # questions that are read in one go


class Directory(Protocol):
    """Who knows names: see names.py."""

    def records(self, query: Query) -> list[bytes] | None:
        """The records that answer a query; None for a name that is not known here."""

    @property
    def servers(self) -> tuple[str, ...]:
        """Whom to ask about all other names."""


class Resolver:
    """Answers the questions of one container."""

    def __init__(
        self,
        loop: Loop,
        directory: Directory,
        datagrams: socket.socket,
        listener: socket.socket,
    ) -> None:
        self._loop, self._directory = loop, directory
        self._datagrams, self._listener = datagrams, listener
        self._inquiries: dict[Inquiry, None] = {}  # the oldest first
        self._talks: dict[Talk, None] = {}
        for one in (datagrams, listener):
            one.setblocking(False)
        loop.watch(datagrams.fileno(), READ, self._read)
        loop.watch(listener.fileno(), READ, self._accept)

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # no more of them
            for _ in range(_BURST):
                data, address = self._datagrams.recvfrom(_LARGEST)
                self.ask(data, functools.partial(self._send, address), Inquiry)

    def _send(self, address: tuple[str, int], reply: bytes) -> None:
        with contextlib.suppress(OSError):  # whoever asked has gone
            self._datagrams.sendto(reply, address)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        if len(self._talks) >= _MOST_CONNECTIONS:
            next(iter(self._talks)).close()
        talk = Talk(self._loop, connection, self)
        self._talks[talk] = None

    def forget(self, talk: "Talk") -> None:
        """A connection has ended."""
        self._talks.pop(talk, None)

    def ask(
        self, data: bytes, reply: Callable[[bytes], None], kind: type[Inquiry]
    ) -> None:
        """Have a question answered, now or later; nonsense is told to be that."""
        try:
            query = messages.read_query(data)
        except Garbled:
            if len(data) >= messages.HEADER and not data[2] & 0x80:
                reply(messages.refusal(data, messages.FORMAT_ERROR))
            return
        if not query.standard:
            reply(messages.failure(query, messages.NOT_IMPLEMENTED))
            return
        known = self._directory.records(query)
        if known is None:
            self._ask_others(data, query, reply, kind)
            return
        longest = query.longest if kind is Inquiry else _LARGEST
        reply(messages.answer(query, known, longest=longest))

    def _ask_others(
        self,
        data: bytes,
        query: Query,
        reply: Callable[[bytes], None],
        kind: type[Inquiry],
    ) -> None:
        def done(found: bytes | None) -> None:
            self._inquiries.pop(inquiry, None)
            reply(messages.failure(query) if found is None else found)

        if len(self._inquiries) >= _MOST_QUESTIONS:
            next(iter(self._inquiries)).give_up()
        inquiry = kind(self._loop, data, self._directory.servers, done)
        self._inquiries[inquiry] = None


class Talk:
    """A connection over TCP: questions, each with its length before it.

    Whoever has asked all it wanted to may close its half, and gets its answers.
    """

    def __init__(self, loop: Loop, connection: socket.socket, home: Resolver) -> None:
        self._loop, self._connection, self._home = loop, connection, home
        self._heard, self._to_say = b"", b""
        self._asked, self._ended = 0, False
        self._timer = loop.later(_SILENCE, self.close)
        connection.setblocking(False)
        loop.watch(connection.fileno(), READ, self._ready)

    def _ready(self) -> None:
        try:
            if self._to_say:
                self._to_say = self._to_say[self._connection.send(self._to_say) :]
            else:
                self._hear(self._connection.recv(_LARGEST))
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self._watch()

    def _hear(self, data: bytes) -> None:
        self._ended = not data
        self._timer.cancel()
        self._timer = self._loop.later(_SILENCE, self.close)
        self._heard += data
        while len(self._heard) >= 2:
            size = int.from_bytes(self._heard[:2], "big")
            if len(self._heard) < size + 2:
                return
            message, self._heard = self._heard[2 : size + 2], self._heard[size + 2 :]
            self._asked += 1
            self._home.ask(message, self._say, LongInquiry)

    def _say(self, reply: bytes) -> None:
        self._asked -= 1
        if self._connection.fileno() < 0:
            return  # it has gone meanwhile
        if len(self._to_say) > _LARGEST:  # it asks, and does not listen
            self.close()
            return
        self._to_say += len(reply).to_bytes(2, "big") + reply
        self._watch()

    def _watch(self) -> None:
        number = self._connection.fileno()
        if number < 0:
            return
        if self._to_say:
            self._loop.watch(number, WRITE, self._ready)
        elif not self._ended:
            self._loop.watch(number, READ, self._ready)
        elif self._asked:  # there is nothing to hear, and nothing to say yet
            self._loop.forget(number)
        else:
            self.close()

    def close(self) -> None:
        """Hang up."""
        self._timer.cancel()
        if self._connection.fileno() >= 0:
            self._loop.forget(self._connection.fileno())
            self._connection.close()
        self._home.forget(self)
