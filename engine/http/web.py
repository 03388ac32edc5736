"""The web: what is behind a URL, read within bounds.

    ADD URL          docker import URL          a context that is a URL
      └────────────────────┴───────────────────────┘
                           ▼
      http, https ──▶ connect ──▶ whose address? ──▶ answer ──▶ read, not for ever
          ▲                          a cloud's: no      │
          └────────── at most 10 redirects ─────────────┘

Here the server fetches what a client has named, and it may reach what the client does
not. So files and other schemes are refused, behind a redirect too; and so are
link-local addresses, and two more at which a cloud tells each of its machines who it
is, with keys (mostly 169.254.169.254). It is looked at where the connection leads to,
since a name may mean something else when it is asked again. Where a proxy is set, it
decides. And a server that lets a byte drip now and then is let go: a timeout for each
read would wait for it for ever.

Source: RFC 9110 15.4 (redirects), RFC 3927 (link-local), RFC 6052 (NAT64)
Try it: `printf 'FROM busybox\\nADD http://169.254.169.254/ /\\n' | lab build -`
"""

import http.client
import io
import ipaddress
import math
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine import deadline
from engine.errors import EngineError, InvalidArgument

_PATIENCE = 30.0  # seconds for a server that says nothing, and for its headers
_LONGEST = 600.0  # seconds for all of it
_SCHEMES = ("http", "https")
_CLOUDS = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200")))
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # IPv4, behind a NAT64


class Page:
    """What a server answers, read piece by piece."""

    def __init__(self, url: str, answer: http.client.HTTPResponse, until: float):
        self._url, self._answer, self._until = url, answer, until
        self.headers = answer.headers

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; none at the end. EngineError if it fails."""
        deadline.check()
        if time.monotonic() > self._until:
            raise EngineError(
                f"{self._url} takes too long", "The server is slow: try again."
            )
        with _told(self._url):
            read = self._answer.read1(size)
            if not read and self._answer.length:
                raise ConnectionError(f"{self._answer.length} bytes have not come")
        return read


@contextmanager
def page(url: str) -> Iterator[Page]:
    """What is behind `url`. InvalidArgument for another scheme than http and https."""
    left = deadline.left() or _LONGEST
    until = time.monotonic() + min(_LONGEST, left)
    with _told(url):
        _check_scheme(url)
        answer = _opener().open(url, timeout=min(_PATIENCE, left))
    with answer:
        yield Page(url, answer, until)


def _check_scheme(url: str) -> None:
    if urllib.parse.urlsplit(url).scheme not in _SCHEMES:
        raise InvalidArgument(
            f"{url}: only http and https are fetched",
            "Fetch it yourself, and give the file.",
        )


@contextmanager
def _told(url: str) -> Iterator[None]:
    """What the network says no with, as errors of ours."""
    try:
        yield
    except (OSError, ValueError, http.client.HTTPException) as error:
        deadline.check()  # it was that, then
        raise EngineError(
            f"cannot fetch {url}: {error}",
            "Is the address right, and does this machine reach it?",
        ) from error


def _opener() -> urllib.request.OpenerDirector:
    """Who opens URLs of these two schemes, and knows no other."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        _Plain(),
        _Encrypted(),
        _Redirects(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows ten of them, to another place of the same two schemes."""

    def redirect_request(
        self, request: Any, file: Any, code: int, message: str, headers: Any, url: str
    ) -> urllib.request.Request | None:
        _check_scheme(url)
        file.close()  # what else the server says there could be without end
        return super().redirect_request(request, file, code, message, headers, url)


def _connected(*arguments: Any, **named: Any) -> socket.socket:
    """A connection, but to no address at which a cloud gives keys away."""
    connected = socket.create_connection(*arguments, **named)
    address = _address(connected.getpeername()[0].partition("%")[0])
    if address.is_link_local or address in _CLOUDS:
        connected.close()
        raise PermissionError(f"{address} is a link-local address, or a cloud's own")
    return connected


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address; of version 4 if it is one in the clothes of version 6."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        if address in _TRANSLATED:
            return ipaddress.IPv4Address(address.packed[-4:])
        return address.ipv4_mapped or address
    return address


class _InTime(io.RawIOBase):
    """What comes from a socket until a moment, however little it is each time."""

    def __init__(self, raw: io.RawIOBase, connected: socket.socket) -> None:
        self._raw, self._connected = raw, connected
        self.until = time.monotonic() + min(_PATIENCE, deadline.left() or _PATIENCE)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("its headers take too long")
        self._connected.settimeout(min(_PATIENCE, left))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer whose headers must come in time; who reads the body has a clock."""

    def __init__(self, connected: socket.socket, *arguments: Any, **named: Any) -> None:
        super().__init__(connected, *arguments, **named)
        self._in_time = _InTime(self.fp.detach(), connected)
        self.fp = io.BufferedReader(self._in_time)

    def begin(self) -> None:
        super().begin()
        self._in_time.until = math.inf


class _PlainConnection(http.client.HTTPConnection):
    response_class = _Answer

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._create_connection = _connected


class _EncryptedConnection(http.client.HTTPSConnection):
    response_class = _Answer

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._create_connection = _connected


class _Plain(urllib.request.HTTPHandler):
    def http_open(self, request: Any) -> http.client.HTTPResponse:
        return self.do_open(_PlainConnection, request)


class _Encrypted(urllib.request.HTTPSHandler):
    def https_open(self, request: Any) -> http.client.HTTPResponse:
        return self.do_open(_EncryptedConnection, request)
