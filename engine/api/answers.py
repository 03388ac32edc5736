"""Answers: a status, headers, and a body of one of four kinds.

    bytes        all of it at once, with its length
    Written      a thread writes it while it is sent: a tar file, the lines of a build
    Streamed     the event loop sends it, piece by piece, until there is no more: events
    Hijacked     no HTTP any more: bytes both ways, a terminal (attach, exec)

The last one is why Docker's API needs more than a usual web server: client and server
agree to forget HTTP, and use the connection as it is.

Source: Docker Engine API 1.41, "Attach to a container"; RFC 9110 7.8 (Upgrade)
Try it: `curl -N --unix-socket /run/labshell/labd.sock http://labd/events`
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Protocol

from engine.api.pipes import Output

JSON = "application/json"
TAR = "application/x-tar"
RAW_STREAM = "application/vnd.docker.raw-stream"


class Outgoing(Protocol):
    """What goes to a client piece by piece. A client that goes away cancels it."""

    async def send(self, data: bytes) -> None:
        """Send this much; waits while the client is slow."""


class Line(Outgoing, Protocol):
    """A hijacked connection: bytes both ways."""

    async def receive(self) -> bytes:
        """What has come; b"" when the client will send no more (it may still read)."""


class Written(NamedTuple):
    """A body that `write` writes, in a thread. BrokenPipeError: the client has gone.

    What fails before the first byte is answered with its status; later, the connection
    is cut, so that nobody takes half for the whole.
    """

    write: Callable[[Output], None]


class Streamed(NamedTuple):
    """A body that `send` sends, on the loop. `close` is called after it, in a thread.

    The status and the headers are sent before the first piece is there. `container`:
    the one that it is about, if its end may come meanwhile.
    """

    send: Callable[[Outgoing], Awaitable[None]]
    close: Callable[[], None] | None = None
    container: str = ""


class Hijacked(NamedTuple):
    """A conversation, on the loop. `close` is called after it, in a thread.

    `container`: as of Streamed.
    """

    talk: Callable[[Line], Awaitable[None]]
    close: Callable[[], None] | None = None
    container: str = ""


class Answer(NamedTuple):
    """What a client is answered."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes | Written | Streamed | Hijacked = b""


def as_json(data: Any, status: int = 200) -> Answer:
    """An answer of JSON."""
    body = json.dumps(data, separators=(",", ":")).encode(errors="backslashreplace")
    return Answer(status, {"Content-Type": JSON}, body + b"\n")


def nothing(status: int = 204) -> Answer:
    """It is done, and there is nothing to say."""
    return Answer(status)


def line(data: Any) -> bytes:
    """One object of a stream of JSON, which ends with a line break, as Docker's do."""
    return json.dumps(data, separators=(",", ":")).encode() + b"\r\n"
