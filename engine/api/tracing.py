"""Tracing: what clients ask, as lines that can be typed, and what is done for them.

    [3] curl --unix-socket /run/labshell/labd.sock -X POST 'http://labd/v1.41/containers/…
    [3]   mount -t overlay overlay -o …             # mount(2), 57 µs
    [3]   …
    [3] 204 No Content, 31 ms

Each request has a number, since several may be under way at once. Below its line stand
the acts that it causes, as they happen: in labd, in the shim, and in the container's
first process. What the shim does at the container's end nobody has asked for: it stands
below a request that stays for it, attach or wait, once. Passwords are shown as "…":
nobody should find them in a log.

man: curl(1)
Try it: `labd --trace`, and in another terminal `docker -H unix:///run/labshell/labd.sock
run --rm busybox true`
"""

import contextlib
import itertools
import json
import shlex
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

from engine.api.request import Request
from engine.engine import Engine
from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.engine import Seen

_HIDDEN = "…"
_SECRET_HEADERS = ("x-registry-auth", "x-registry-config", "authorization")
_SHOWN_HEADERS = ("content-type", "upgrade", *_SECRET_HEADERS)
_SECRETS = ("password", "identitytoken", "registrytoken", "auth")
_LONGEST = 4000  # characters of a body
_AT_ITS_END = "end"  # the verb of what a shim does by itself
_MOST_REMEMBERED = 4096  # acts
Close = Callable[[], None] | None


class Told(Protocol):
    """Hears of one request, from its first byte to its last."""

    def asked(self, data: Mapping[str, Any] | None) -> None:
        """It has been read; `data` is its JSON, None for a stream of bytes."""

    def doing(self, engine: Engine) -> AbstractContextManager[None]:
        """While this lasts, this thread does with this engine what was asked."""

    def staying(self, engine: Engine, container: str, close: Close) -> Close:
        """From now on it stays for what becomes of a container; "" for none.

        What it returns is to be called after that, instead of `close`.
        """

    def answered(self, status: int) -> None:
        """An answer of this status begins."""


class Trace(Protocol):
    """Hears of requests."""

    def request(self, request: Request) -> Told:
        """One more has come."""


class Silent:
    """Tells nobody anything."""

    def request(self, request: Request) -> Told:
        """One more has come."""
        return self

    def asked(self, data: Mapping[str, Any] | None) -> None:
        """It has been read."""

    def doing(self, engine: Engine) -> AbstractContextManager[None]:
        """What was asked is being done."""
        return nullcontext()

    def staying(self, engine: Engine, container: str, close: Close) -> Close:
        """It stays for something."""
        return close

    def answered(self, status: int) -> None:
        """An answer begins."""


class _Ends:
    """The acts at ends of containers: several may hear of one, the first tells it."""

    def __init__(self) -> None:
        self._told: deque[tuple[object, ...]] = deque(maxlen=_MOST_REMEMBERED)
        self._turn = threading.Lock()

    def first(self, act: Mapping[str, Any]) -> bool:
        """Whether nobody has been told of it before."""
        key = (act["time"], act["pid"], act["call"])
        with self._turn:
            if key in self._told:
                return False
            self._told.append(key)
            return True


class Printing:
    """Prints requests. `host` is where they come in, `write` is given each line."""

    def __init__(self, host: str, write: Callable[[str], None]) -> None:
        self._host, self._write = host, write
        self._numbers = itertools.count(1)
        self._ends = _Ends()

    def request(self, request: Request) -> Told:
        """One more has come."""
        number = next(self._numbers)

        def write(line: str) -> None:
            with contextlib.suppress(OSError):  # nobody reads: serve all the same
                self._write(f"[{number}] {line}\n")

        return _Printed(request, self._host, write, self._ends)


class _Printed:
    def __init__(
        self, request: Request, host: str, write: Callable[[str], None], ends: _Ends
    ) -> None:
        self._request, self._host, self._write = request, host, write
        self._ends = ends
        self._begun = time.monotonic()
        self._is_told = False

    def asked(self, data: Mapping[str, Any] | None) -> None:
        self._is_told = True
        self._write(curl_line(self._request, self._host, data))

    @contextmanager
    def doing(self, engine: Engine) -> Iterator[None]:
        with engine.explaining(self._hear):
            yield

    def staying(self, engine: Engine, container: str, close: Close) -> Close:
        if not container:
            return close
        held = ExitStack()
        if close:
            held.callback(close)
        with contextlib.suppress(EngineError):  # it has just been removed
            held.enter_context(engine.overhearing(container, self._overhear))
        return held.close

    def _hear(self, acts: "Sequence[Seen]") -> None:
        for one in acts:
            if one.act["verb"] != _AT_ITS_END or self._ends.first(one.act):
                self._write(f"  {act_line(one.act)}")

    def _overhear(self, acts: "Sequence[Seen]") -> None:
        self._hear([one for one in acts if one.act["verb"] == _AT_ITS_END])

    def answered(self, status: int) -> None:
        if not self._is_told:  # it was refused before its body was read
            self.asked({})
        took = (time.monotonic() - self._begun) * 1000
        self._write(f"{status} {HTTPStatus(status).phrase}, {took:.0f} ms")


def act_line(act: Mapping[str, Any]) -> str:
    """An act: what could be typed instead, the call, and how long it took."""
    refused = f" = {act['result']}" if str(act["result"]).startswith("-1") else ""
    line = f"{act['shell']}  # {act['call']}{refused}, {act['microseconds']} µs"
    return line.encode(errors="backslashreplace").decode()


def curl_line(request: Request, host: str, data: Mapping[str, Any] | None) -> str:
    """The command that asks the same, for a shell; secrets are shown as "…"."""
    words = ["curl", *_place(host)]
    if request.method == "HEAD":
        words.append("--head")
    elif request.method != "GET":
        words += ["-X", request.method]
    for name in _SHOWN_HEADERS:
        if name in request.headers:
            secret = name in _SECRET_HEADERS
            words += ["-H", f"{name}: {_HIDDEN if secret else request.headers[name]}"]
    if data is None:
        words += ["--data-binary", "@-"]
    elif data:
        text = json.dumps(_without_secrets(data), ensure_ascii=False)
        cut = _HIDDEN if len(text) > _LONGEST else ""
        words += ["-d", f"{text[:_LONGEST]}{cut}"]
    query = urlencode(request.query, doseq=True)
    words.append(f"http://labd{request.path}{'?' if query else ''}{query}")
    return shlex.join(words).encode(errors="backslashreplace").decode()


def _place(host: str) -> list[str]:
    path = host.removeprefix("unix://")
    return ["--unix-socket", path] if path != host else ["--connect-to", f"::{host}"]


def _without_secrets(value: Any) -> Any:
    """The same JSON, without passwords."""
    if isinstance(value, dict):
        return {
            key: _HIDDEN
            if key.lower() in _SECRETS and value[key]
            else _without_secrets(value[key])
            for key in value
        }
    if isinstance(value, list):
        return [_without_secrets(one) for one in value]
    return value
