"""A server: a listening socket, and a thread for each connection.

    listen ──▶ accept ──▶ is there a place? ── yes ──▶ thread: TLS, then Connection
                  ▲              └── no ──▶ 503, come again
                  └───────────────────────────┘

Why threads, where many would take an event loop? What a registry does is hash, write
to a disk and have the kernel send files. Python lets go of its lock in each of these,
so threads do them at once on several processors, while an event loop would do them
one after the other, or in threads after all. And code that waits where it stands reads
from top to bottom. The price is memory, some 100 kB a connection, so they are counted.

man: listen(2), accept(2)
Try it: `lab registry serve`, and meanwhile `ss -tlnp | grep 5000`
"""

import contextlib
import errno
import socket
import ssl
import threading
import time
from typing import NoReturn

from engine.errors import EngineError, InvalidArgument
from engine.http.connection import Connection
from engine.http.messages import Handler
from engine.http.patience import HEADERS

MOST_CONNECTIONS = 128
_BACKLOG = 64  # connections that the kernel keeps waiting for `accept`
_A_MOMENT = 0.2  # seconds
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n"
    b"Connection: close\r\nContent-Length: 0\r\n\r\n"
)
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at a TCP address. Port 0: any that is free."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        hint = "Choose another with --host and --port; `ss -tlnp` shows who listens."
        why = getattr(error, "strerror", None) or str(error)
        why = why.partition(" (while attempting")[0]  # which Python adds to it
        raise EngineError(f"cannot listen at {host}:{port}: {why}", hint) from error


def tls(certificate: str, key: str) -> ssl.SSLContext:
    """TLS 1.2 or later, with a certificate and its private key (PEM files)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=_refuse_to_ask)
    except (OSError, ValueError) as error:
        raise InvalidArgument(
            f"cannot use {certificate} with {key}: {error}",
            "Both must be PEM files, and the key without a password.",
        ) from error
    return context


def _refuse_to_ask() -> NoReturn:
    raise ValueError("the key is locked with a password")


class Server:
    """Serves what a handler answers, at a socket that listens."""

    def __init__(
        self,
        listening: socket.socket,
        handler: Handler,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._listening = listening
        self._handler = handler
        self._context = context
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)

    def serve(self) -> NoReturn:
        """Accept connections for ever. Ended by an exception of a signal handler."""
        while True:
            try:
                connected, address = self._listening.accept()
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    time.sleep(_A_MOMENT)  # until some connection ends
                elif error.errno != errno.ECONNABORTED:
                    raise
                continue
            self._take(connected, str(address[0]))

    def _take(self, connected: socket.socket, peer: str) -> None:
        """Give a connection its thread, or turn it away."""
        if self._places.acquire(timeout=_A_MOMENT):
            work = (connected, peer)
            threading.Thread(target=self._attend, args=work, daemon=True).start()
            return
        with connected, contextlib.suppress(OSError):
            connected.settimeout(0)
            if self._context is None:
                connected.send(_FULL)

    def _attend(self, connected: socket.socket, peer: str) -> None:
        """What the thread of a connection does."""
        try:
            ready = self._made_ready(connected)
            if ready is not None:
                with ready:
                    Connection(ready, peer, self._handler).serve()
        finally:
            self._places.release()

    def _made_ready(self, connected: socket.socket) -> socket.socket | None:
        """The connection, after its handshake; None if that came to nothing."""
        try:
            connected.settimeout(HEADERS)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is None:
                return connected
            return self._context.wrap_socket(connected, server_side=True)
        except OSError:  # the peer has gone, or does not speak TLS
            connected.close()
            return None
