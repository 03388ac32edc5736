"""Datagrams: passing UDP on to the container, and answers back.

UDP has no connections, and a program inside must be answered to the right one of many
clients. So each client gets a socket of its own towards the container: what comes back
on that socket is for that client.

    client A ──▶ ┌─ published ─┐ ──▶ socket of A ──▶ the program inside
    client B ──▶ └─────────────┘ ──▶ socket of B ──▶

Nobody says goodbye in UDP. A client that has not been heard of for a while is
forgotten; where there are too many, the one that was silent for longest.

The answer must leave from the address to which the question came: a machine has
several, and a client takes no answer from another one. The kernel tells by IP_PKTINFO.

man: udp(7), ip(7) on IP_PKTINFO, ipv6(7)
Try it: `lab run --rm -p 5353:5353/udp busybox nc -u -l -p 5353`
"""

import contextlib
import socket
import time
from typing import NamedTuple

from engine.runtime.loop import READ, Loop

_LARGEST = 65535  # bytes of a datagram
_MOST, _SILENCE = 512, 90.0  # clients at once; seconds until one is forgotten
_BURST = 64  # datagrams that are passed on in one go: others wait, too
_IPV6_RECVPKTINFO, _IPV6_PKTINFO = 49, 50
_IP_PKTINFO = 8
_SPACE = socket.CMSG_SPACE(20)  # struct in6_pktinfo, the larger of the two


class _Client(NamedTuple):
    """Who asked, to which of our addresses, and the socket towards the program."""

    address: tuple[str | int, ...]
    came_to: tuple[int, int, bytes] | None
    inside: socket.socket


class DatagramListener:
    """Passes on what comes to one published port."""

    def __init__(
        self, loop: Loop, listener: socket.socket, place: tuple[str, int]
    ) -> None:
        """Pass what `listener` gets on to `place`, an address and a port."""
        self._loop, self._listener, self._place = loop, listener, place
        self._clients: dict[tuple[str | int, ...], _Client] = {}  # longest silent first
        self._heard: dict[tuple[str | int, ...], float] = {}
        listener.setblocking(False)
        if listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVPKTINFO, 1)
        else:
            listener.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        loop.watch(listener.fileno(), READ, self._from_outside)
        loop.later(_SILENCE, self._forget_silent)

    def _from_outside(self) -> None:
        with contextlib.suppress(OSError):  # nothing more, or an ICMP error: no loss
            for _ in range(_BURST):
                data, extra, _, address = self._listener.recvmsg(_LARGEST, _SPACE)
                client = self._clients.pop(address, None) or self._new(address, extra)
                self._clients[address] = client  # the last one heard of
                self._heard[address] = time.monotonic()
                with contextlib.suppress(OSError):  # nobody listens inside
                    client.inside.send(data)

    def _new(
        self, address: tuple[str | int, ...], extra: list[tuple[int, int, bytes]]
    ) -> _Client:
        if len(self._clients) >= _MOST:
            self._forget(next(iter(self._clients)))
        family = socket.AF_INET6 if ":" in self._place[0] else socket.AF_INET
        inside = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            inside.connect(self._place)
        except OSError:
            inside.close()
            raise
        client = _Client(address=address, came_to=_sender(extra), inside=inside)
        self._loop.watch(inside.fileno(), READ, lambda: self._from_inside(client))
        return client

    def _from_inside(self, client: _Client) -> None:
        extra = [client.came_to] if client.came_to else []
        with contextlib.suppress(OSError):
            for _ in range(_BURST):
                data = client.inside.recv(_LARGEST)
                self._heard[client.address] = time.monotonic()
                self._listener.sendmsg([data], extra, 0, client.address)

    def _forget_silent(self) -> None:
        long_ago = time.monotonic() - _SILENCE
        for address in [a for a, heard in self._heard.items() if heard < long_ago]:
            self._forget(address)
        self._loop.later(_SILENCE / 2, self._forget_silent)

    def _forget(self, address: tuple[str | int, ...]) -> None:
        del self._heard[address]
        client = self._clients.pop(address)
        self._loop.forget(client.inside.fileno())
        client.inside.close()


def _sender(extra: list[tuple[int, int, bytes]]) -> tuple[int, int, bytes] | None:
    """What makes an answer leave from the address to which the question came.

    struct in_pktinfo: the number of the interface, our address there, the one in the
    packet. struct in6_pktinfo: the address, the number. The kernel chooses the
    interface by its routes: a number of 0.
    """
    for level, kind, content in extra:
        if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
            return level, kind, bytes(4) + content[4:8] + bytes(4)
        if (level, kind) == (socket.IPPROTO_IPV6, _IPV6_PKTINFO):
            return level, kind, content[:16] + bytes(4)
    return None
