"""The wire: HTTP, by people who do not wait for ever.

There is one client for each origin (scheme, host, port): it keeps connections open for
the next request, and it knows whom to trust there.

httpx lets one say how long to wait for the next byte. A server that sends one byte a
minute is never late by that rule. So the reading end of each connection is watched: of
what was waited for, some must have come (`_Watched`).

Proxies are those that the environment names, as for other programs; what is on this
machine is never asked through one.

Source: httpx and httpcore, "Network Backends"; RFC 9112
Try it: `HTTPS_PROXY=http://127.0.0.1:9 lab pull busybox`
"""

import ssl
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import httpcore
import httpx

from engine.registry.settings import host_name

_CONNECTIONS = 8  # to one origin; three layers at once, and what is asked meanwhile
_AT_WORK = 10  # times as long may a registry be silent that stores what it was sent
_GLANCE = 0.5  # seconds between two looks whether anybody still waits
_ENOUGH = 32 << 10  # bytes for which nobody has waited too long


class Patience(NamedTuple):
    """How long to wait, in seconds: for a connection, for some bytes, between tries.

    `tries` is how often something is asked that brings nothing; `longest` what a
    server may ask us to wait (Retry-After).
    """

    connect: float = 15.0
    silence: float = 30.0
    first: float = 0.5
    longest: float = 30.0
    tries: int = 5


class Request(NamedTuple):
    """What is asked. `body` is bytes, or what makes them anew for each attempt."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes | Callable[[], Iterable[bytes]] | None = None

    @property
    def takes_long(self) -> bool:
        """Whether who is asked has work to do before the answer: to store, to hash."""
        return self.method not in ("GET", "HEAD")


class Wire:
    """Clients, made when they are needed. Several threads may use it."""

    def __init__(
        self, patience: Patience, trust: Callable[[str], ssl.SSLContext]
    ) -> None:
        """`trust`: whom to believe that they are this host."""
        self.patience = patience
        self.stopped = threading.Event()  # nobody wants the rest any more
        self._trust = trust
        self._clients: dict[tuple[str, str], httpx.Client] = {}
        self._lock = threading.Lock()

    def send(self, request: Request) -> httpx.Response:
        """Ask; the answer's head is there, its body is to be read, and to be closed.

        httpx.TransportError if nobody answers.
        """
        parts = urllib.parse.urlsplit(request.url)
        client = self._client(parts.scheme, parts.netloc)
        body = request.body() if callable(request.body) else request.body
        silence = self.patience.silence * (_AT_WORK if request.takes_long else 1)
        built = client.build_request(
            request.method,
            request.url,
            headers=dict(request.headers),
            content=body,
            timeout=httpx.Timeout(silence, connect=self.patience.connect, pool=None),
        )
        return client.send(built, stream=True)

    def close(self) -> None:
        """End all connections, also those that somebody waits at."""
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()

    def _client(self, scheme: str, netloc: str) -> httpx.Client:
        with self._lock:
            client = self._clients.get((scheme, netloc))
            if client is None:
                client = self._new_client(scheme, netloc)
                self._clients[scheme, netloc] = client
            return client

    def _new_client(self, scheme: str, netloc: str) -> httpx.Client:
        wait = self.patience
        transport = httpx.HTTPTransport(
            verify=self._trust(netloc) if scheme == "https" else False,
            proxy=_proxy(scheme, netloc),
            limits=httpx.Limits(max_connections=_CONNECTIONS),
            trust_env=False,
        )
        # There is no public way to be asked for each read of a connection.
        pool: Any = transport._pool
        watch = _Watch(wait.silence, self.stopped)
        pool._network_backend = _Backend(pool._network_backend, watch)
        return httpx.Client(
            transport=transport,
            headers={"User-Agent": "labshell", "Accept-Encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
        )


def _proxy(scheme: str, netloc: str) -> str | None:
    """The proxy that the environment names for this host."""
    name = host_name(netloc)
    local = name in ("localhost", "::1") or name.startswith("127.")
    if local or urllib.request.proxy_bypass(name):
        return None
    return urllib.request.getproxies().get(scheme)


class _Watch(NamedTuple):
    """How long a connection may bring next to nothing, and who ends all waiting."""

    silence: float
    stopped: threading.Event


class _Backend(httpcore.NetworkBackend):
    """Opens connections whose reading end is watched."""

    def __init__(self, real: httpcore.NetworkBackend, watch: _Watch) -> None:
        self._real, self._watch = real, watch

    def connect_tcp(self, *place: Any, **details: Any) -> httpcore.NetworkStream:
        """A connection to a host."""
        return _Watched(self._real.connect_tcp(*place, **details), self._watch)


class _Watched(httpcore.NetworkStream):
    """A connection whose other end must send something worth the waiting."""

    def __init__(self, real: httpcore.NetworkStream, watch: _Watch) -> None:
        self._real, self._watch = real, watch
        self._begin()

    def _begin(self) -> None:
        self._waited, self._came = 0.0, 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What comes; ReadTimeout if too little did in all the time waited."""
        began = time.monotonic()
        data = self._read(max_bytes, began + (timeout or self._watch.silence))
        self._waited += time.monotonic() - began
        self._came += len(data)
        if self._came >= _ENOUGH:
            self._begin()
        elif self._waited > max(self._watch.silence, timeout or 0):
            raise httpcore.ReadTimeout("it sends a few bytes at a time")
        return data

    def _read(self, max_bytes: int, until: float) -> bytes:
        """Wait in short pieces: meanwhile somebody may have lost interest."""
        while not self._watch.stopped.is_set():
            try:
                return self._real.read(max_bytes, _GLANCE)
            except httpcore.ReadTimeout:
                if time.monotonic() > until:
                    raise
        raise httpcore.ReadError("nobody waits for it any more")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send; from now on it is the other's turn."""
        self._real.write(buffer, timeout)
        self._begin()

    def close(self) -> None:
        """End the connection."""
        self._real.close()

    def start_tls(self, *how: Any, **details: Any) -> httpcore.NetworkStream:
        """The same connection, encrypted."""
        return _Watched(self._real.start_tls(*how, **details), self._watch)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore wants to know of the socket."""
        return self._real.get_extra_info(info)
