"""Clients that are slow, go away in the middle, or send what nobody asked for."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable

import pytest

from engine.api import incoming
from engine.api.answers import Answer, Hijacked, Line
from engine.api.exchange import Exchange, Handler, Send
from engine.api.request import Request
from tests.api.serving import Client
from tests.api.watched import cost
from tests.engine.boxes import until

LONG = 5 << 20  # bytes: more than any JSON may have


def served(handler: Handler, act: Callable[[socket.socket], Awaitable[None]]) -> None:
    """One connection to an exchange in this process; returns when it has ended."""

    async def both() -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=theirs)
        acting = asyncio.create_task(act(ours))
        await Exchange(reader, writer, handler).serve()
        writer.close()
        await acting
        ours.close()

    asyncio.run(both())


async def nobody(request: Request, send: Send) -> None:
    """A handler that must not be asked."""
    raise AssertionError("no request was complete")


def test_a_byte_now_and_then_does_not_hold_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(incoming, "HEADERS", 0.3)

    async def drip(ours: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(ours, b"GET / HTTP/1.1\r\n")
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while True:  # until it has lost its patience
                await loop.sock_sendall(ours, b"x")
                await asyncio.sleep(0.05)

    served(nobody, drip)


def test_a_conversation_in_which_nothing_is_said_ends_with_the_client() -> None:
    events: list[str] = []

    async def talk(line: Line) -> None:
        events.append("silent")
        await line.receive()
        await asyncio.get_running_loop().create_future()  # the program says nothing

    async def handler(request: Request, send: Send) -> None:
        body = Hijacked(talk, lambda: events.append("closed"))
        await send(Answer(101, {"Upgrade": "tcp", "Connection": "Upgrade"}, body))

    async def leave(ours: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(ours, b"POST /attach HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await loop.sock_recv(ours, 100)).startswith(b"HTTP/1.1 101 ")
        ours.close()

    served(handler, leave)
    assert events == ["silent", "closed"]


@pytest.mark.require("root", "overlay")
def test_a_body_that_is_too_long_is_refused_before_it_has_come(labd: Client) -> None:
    head = (
        "POST /containers/x/start HTTP/1.1\r\nHost: x\r\n"
        "Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"
    )
    answer = b""
    with labd.connect() as connection:
        connection.sendall(head.encode())
        try:
            for _ in range(LONG // 65536 + 1):
                connection.sendall(b" " * 65536)
        except OSError:
            pass  # it has heard enough
        while data := connection.recv(4096):
            answer += data
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.require("root", "overlay")
def test_who_goes_in_the_middle_of_a_body_leaves_nothing_open(labd: Client) -> None:
    pid = int(labd.get("/labshell/daemon").json["Pid"])

    def go_away(*, rudely: bool) -> None:
        with labd.connect() as connection:
            connection.sendall(
                b"POST /containers/x/start HTTP/1.1\r\nHost: x\r\n"
                b'Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a'
            )
            if rudely:  # the kernel sends a reset
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    go_away(rudely=False)
    before = cost(pid).descriptors
    for number in range(200):
        go_away(rudely=bool(number % 2))
    until(lambda: cost(pid).descriptors <= before + 1, "connections to end")


@pytest.mark.require("root", "overlay")
@pytest.mark.parametrize(
    "path",
    [
        "/containers/..%2f..%2fetc/start",
        "/containers/%2e%2e/start",
        "/containers/a%00b/start",
        "/containers/%ff%fe/start",
        "/containers/" + "x" * 5000 + "/start",
    ],
)
def test_a_name_that_is_a_trick_is_only_a_name(labd: Client, path: str) -> None:
    reply = labd.post(path)
    assert reply.status in (400, 404)
    assert reply.message
