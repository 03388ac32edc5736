"""One connection of the HTTP server, with a peer that dawdles, and one that hurries."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.http import connection
from engine.http.connection import Connection
from engine.http.messages import FileRange, Request, Response, split_target
from engine.http.patience import Patience

SOON = 0.3  # seconds: what takes a quarter of a minute in earnest
LONG = 20.0


def answer(request: Request) -> Response:
    """Say what was asked, and how long the body was."""
    if request.path == "/file":
        return Response(200, {}, FileRange(Path("/dev/zero").open("rb"), 0, 1 << 30))
    length = sum(map(len, request.body.pieces()))
    text = f"{request.method} {request.path} {dict(request.query)} {length}"
    return Response(200, {"X-Length": str(request.length)}, text.encode())


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server loses its patience soon."""
    for name in ("HEADERS", "BODY", "IDLE", "_GOODBYE"):
        monkeypatch.setattr(connection, name, SOON)


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    """The peer of a server."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(LONG)
        serving = Connection(ours, "peer", answer)
        thread = threading.Thread(target=lambda: hung_up(serving, ours))
        thread.start()
        yield theirs
        theirs.close()
        thread.join(LONG)
        assert not thread.is_alive()


def hung_up(serving: Connection, ours: socket.socket) -> None:
    with ours:
        serving.serve()


def all_of(peer: socket.socket) -> bytes:
    heard = b""
    with contextlib.suppress(ConnectionError):
        while piece := peer.recv(1 << 16):
            heard += piece
    return heard


def trickle(peer: socket.socket, byte: bytes) -> bytes:
    """Send one byte after the other, each long before anybody would call it late."""
    begun = time.monotonic()
    with contextlib.suppress(ConnectionError):
        while time.monotonic() - begun < LONG:
            peer.send(byte)
            time.sleep(SOON / 10)
            peer.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                return peer.recv(1 << 16)
            peer.settimeout(LONG)
    return b""


@pytest.mark.usefixtures("hasty")
def test_headers_that_come_byte_by_byte_are_cut_off(peer: socket.socket) -> None:
    peer.send(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
    assert trickle(peer, b"y").startswith(b"HTTP/1.1 408 ")


@pytest.mark.usefixtures("hasty")
def test_a_body_that_comes_byte_by_byte_is_cut_off(peer: socket.socket) -> None:
    peer.send(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    assert trickle(peer, b"y").startswith(b"HTTP/1.1 408 ")


@pytest.mark.usefixtures("hasty")
def test_a_peer_that_says_nothing_is_let_go(peer: socket.socket) -> None:
    assert all_of(peer).startswith(b"HTTP/1.1 408 ")


@pytest.mark.usefixtures("hasty")
def test_a_peer_that_reads_nothing_is_let_go(peer: socket.socket) -> None:
    peer.send(b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(3 * SOON)
    assert len(all_of(peer)) < 1 << 28


def test_waiting_is_paid_for_in_bytes() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        patience = Patience(0.2)
        with pytest.raises(TimeoutError), patience.waiting(ours):
            ours.recv(1)
        patience.earned(100)  # a tenth of a second
        begun = time.monotonic()
        with pytest.raises(TimeoutError), patience.waiting(ours):
            ours.recv(1)
        assert time.monotonic() - begun < 0.2
        with pytest.raises(TimeoutError), patience.waiting(ours):
            pass


def test_requests_that_come_all_at_once_are_answered_in_order(
    peer: socket.socket,
) -> None:
    peer.send(b"POST /a?x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
    peer.send(b"HEAD /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.0\r\n\r\n")
    heard = all_of(peer)
    assert heard.count(b"HTTP/1.1 200 OK") == 3
    first, second = b"POST /a {'x': '1'} 3", b"GET /c {} 0"
    assert heard.index(first) < heard.index(second)
    assert b"HEAD /b" not in heard  # its length is said, and nothing more
    assert heard.endswith(second)


def test_a_peer_that_asks_is_told_to_go_on(peer: socket.socket) -> None:
    head = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
    peer.send(head + b"\r\n")
    assert peer.recv(100).startswith(b"HTTP/1.1 100 ")
    peer.send(b"ok")
    assert peer.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_a_target_is_decoded_once() -> None:
    path, query = split_target("/v2/a%252f/b%3Ac?n=1&last=a%2Bb&flag=")
    assert path == "/v2/a%2f/b:c"
    assert query == {"n": "1", "last": "a+b", "flag": ""}
