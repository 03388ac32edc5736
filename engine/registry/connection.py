"""A connection: one endpoint asked, and what lies between question and answer.

    ask ─► is a token known? ─► send ─► 401  met once, sent again           tokens.py
                                     ├─ 3xx  followed, if it is safe
                                     ├─ 429, 5xx, cut off: later again
                                     └─ an answer: for whoever asked

A redirect may lead to where the bytes really are. It is followed from https to https,
or to the same host; from a registry in the Internet never to an address of this
network, of which it knows nothing good. The authorization stays behind: it is for the
registry, and nobody else.

Which scheme an insecure registry speaks is found out by the first question.

Source: RFC 9110 (15.4, 10.2.3); moby registry/session.go (behaviour)
Try it: `lab pull localhost:5000/shop`
"""

import ipaddress
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import httpx

from engine.errors import RegistryError
from engine.registry.challenge import challenges
from engine.registry.endpoints import Endpoint
from engine.registry.logins import Login
from engine.registry.refusals import asks_who_we_are, broken, refusal, unreachable
from engine.registry.settings import host_name
from engine.registry.tokens import Answer, Tokens
from engine.registry.wire import Request, Wire

LARGEST_ANSWER = 4 << 20  # bytes of a manifest, of a list, of a token
_MOST_REDIRECTS = 5
_PASSING = {408, 425, 429, 500, 502, 503, 504}  # may be different in a moment
T = TypeVar("T")


class Again(Exception):
    """It may work in a moment; `error` is what to say if it does not."""

    def __init__(self, error: RegistryError, wait: float = 0.0) -> None:
        super().__init__(error.message)
        self.error, self.wait = error, wait


class Reply(NamedTuple):
    """A whole answer, which was not a no."""

    status: int
    headers: httpx.Headers
    body: bytes


class Connection:
    """One endpoint. Several threads may use it."""

    def __init__(self, endpoint: Endpoint, login: Login | None, wire: Wire) -> None:
        self.endpoint, self.wire = endpoint, wire
        self.tokens = Tokens(endpoint, login, self._ask_token_server)
        self._scheme = endpoint.schemes[0] if len(endpoint.schemes) == 1 else ""
        self._lock = threading.Lock()

    def url(self, path: str) -> str:
        """The URL of a path below the registry's root, or of what it has led us to."""
        if "://" in path:
            return path
        return f"{self.scheme()}://{self.endpoint.host}{path}"

    def scheme(self) -> str:
        """How the registry is spoken to: "https", or "http" if it knows no other."""
        with self._lock:
            if not self._scheme:
                self._scheme = self._find_scheme()
            return self._scheme

    def _find_scheme(self) -> str:
        failure: Exception | None = None
        for scheme in self.endpoint.schemes:
            url = f"{scheme}://{self.endpoint.host}/v2/"
            try:
                self.wire.send(Request("GET", url)).close()
                return scheme
            except httpx.HTTPError as error:
                failure = error
        raise unreachable(self.endpoint, _reason(failure)) from failure

    def ask(
        self,
        request: Request,
        *,
        scope: str = "",
        repository: str = "",
        what: str,
        good: tuple[int, ...] = (200,),
        limit: int = LARGEST_ANSWER,
    ) -> Reply:
        """Ask for something small. RegistryError if the status is not `good`.

        `what` is what an error calls it. The question is asked again where that may
        help.
        """

        def once() -> Reply:
            with self.open(
                request, scope=scope, repository=repository, what=what
            ) as response:
                body = self.whole(response, repository, what, limit)
                if response.status_code in good:
                    return Reply(response.status_code, response.headers, body)
                raise self.failed(response, repository, what, body)

        return self.persist(once)

    def persist(self, attempt: Callable[[], T]) -> T:
        """Try, and after `Again` try again, later each time."""
        wait = self.wire.patience.first
        for left in reversed(range(self.wire.patience.tries)):
            try:
                return attempt()
            except Again as again:
                if not left or self.wire.stopped.is_set():
                    raise again.error from again
                self.pause(again.wait or wait)
                wait = min(wait * 2, self.wire.patience.longest)
        raise AssertionError("no try is left after the last one")

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than somebody waits for us."""
        self.wire.stopped.wait(min(seconds, self.wire.patience.longest))

    def failed(
        self, response: httpx.Response, repository: str, what: str, body: bytes
    ) -> Exception:
        """What an answer that is no comes to: Again, or an error for good."""
        status = response.status_code
        error = refusal(self.endpoint, repository, what, status, body)
        if status in _PASSING:
            return Again(error, _retry_after(response))
        return error

    def cut(self, error: Exception, repository: str, what: str) -> Exception:
        """The same for a connection that broke, or that never was."""
        why = _reason(error)
        never_was = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
        if never_was or asks_who_we_are(why):
            return unreachable(self.endpoint, why)
        return Again(broken(self.endpoint, repository, what, why))

    @contextmanager
    def open(
        self, request: Request, *, scope: str, repository: str, what: str
    ) -> Iterator[httpx.Response]:
        """Ask; what answers in the end is open, and its body unread.

        Again if the connection breaks, now or while the body is being read.
        """
        request = request._replace(url=self.url(request.url))
        try:
            response = self._let_in(request, scope)
            try:
                yield response
            finally:
                response.close()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise self.cut(error, repository, what) from error

    def _let_in(self, request: Request, scope: str) -> httpx.Response:
        """The answer to a request; a challenge is met, once."""
        known = self.tokens.header(scope)
        response = self._follow(request, known)
        if response.status_code != 401:
            return response
        found = challenges(response.headers.get_list("www-authenticate"))
        response_url = str(response.url)
        if not self._is_ours(response_url):
            return response
        self.tokens.forget(scope)
        secure = response.url.scheme == "https"
        if known.startswith("Basic") or not self.tokens.meet(found, scope, secure):
            return response
        response.close()
        return self._follow(request, self.tokens.header(scope))

    def _follow(self, request: Request, authorization: str) -> httpx.Response:
        """Send, and go where redirects lead, as long as that is safe."""
        for _ in range(_MOST_REDIRECTS):
            headers = dict(request.headers)
            if authorization and self._is_ours(request.url):
                headers["Authorization"] = authorization
            response = self.wire.send(request._replace(headers=headers))
            target = response.headers.get("location", "")
            followed = response.is_redirect and request.method in ("GET", "HEAD")
            if not followed:
                return response
            response.close()
            request = request._replace(url=self.led_to(request.url, target))
        raise broken(self.endpoint, "", "request", "it leads round in circles")

    def led_to(self, url: str, target: str) -> str:
        """Where an answer to `url` leads. RegistryError if nobody should go there."""
        joined = urllib.parse.urljoin(url, target)
        here, there = urllib.parse.urlsplit(url), urllib.parse.urlsplit(joined)
        same = there.scheme == here.scheme and there.hostname == here.hostname
        safe = here.scheme == there.scheme == "https" and not there.username
        if not target or not (same or safe):
            where = joined[:200].partition("?")[0]
            raise broken(self.endpoint, "", "redirect", f"to {where!a} is not followed")
        if not same and is_public(here.netloc) and not is_public(there.netloc):
            why = f"to {there.netloc[:200]!a}, an address of this network"
            raise broken(self.endpoint, "", "redirect", f"{why}, is not followed")
        return joined

    def _is_ours(self, url: str) -> bool:
        """Whether this is the registry itself, for which the authorization is."""
        parts = urllib.parse.urlsplit(url)
        return (parts.scheme, parts.netloc) == (self.scheme(), self.endpoint.host)

    def _ask_token_server(self, request: Request) -> Answer:
        def once() -> Answer:
            what = "authentication"
            try:
                response = self.wire.send(request)
                try:
                    body = self.whole(response, "", what)
                    if response.status_code in _PASSING:
                        raise self.failed(response, "", what, body)
                    return Answer(response.status_code, body)
                finally:
                    response.close()
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise self.cut(error, "", what) from error

        return self.persist(once)

    def whole(
        self,
        response: httpx.Response,
        repository: str,
        what: str,
        limit: int = LARGEST_ANSWER,
    ) -> bytes:
        """All of a body that must be small."""
        body = bytearray()
        until = time.monotonic() + 4 * self.wire.patience.silence
        for data in response.iter_raw():
            body += data
            if len(body) > limit:
                why = f"the answer is larger than {limit} bytes"
                raise broken(self.endpoint, repository, what, why)
            if time.monotonic() > until:
                raise broken(self.endpoint, repository, what, "the answer never ends")
        return bytes(body)


def is_public(netloc: str) -> bool:
    """Whether a host is one of the Internet's; one that cannot be found counts so."""
    try:
        found = socket.getaddrinfo(host_name(netloc), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return True
    return all(ipaddress.ip_address(str(one[4][0])).is_global for one in found)


def _reason(error: Exception | None) -> str:
    """What broke, in the words of whoever noticed."""
    if isinstance(error, httpx.TimeoutException):
        return str(error) or "it does not answer in time"
    return str(error) or type(error).__name__


def _retry_after(response: httpx.Response) -> float:
    """The seconds that a registry asks us to wait; 0 if it does not say."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdecimal() and len(text) < 6 else 0.0
