"""Conversing: a client and a program talk through us, on the loop.

    client ── bytes ──▶ attachment ──▶ program       until the program ends, the detach
    client ◀── frames ── attachment ◀── program      keys are typed, or the client goes

Each direction waits for whoever is slow in it, and for nobody else: a client that does
not read holds up its program, in the end, as a slow terminal would.

Source: Docker Engine API 1.41, "Attach to a container"
Try it: `echo hi | docker run -i busybox cat`
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from engine.api.answers import RAW_STREAM, Answer, Hijacked, Line
from engine.api.frames import STDERR, STDOUT, frame
from engine.api.readiness import readable, writable
from engine.api.request import Request
from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.engine import Attachment


class Wishes(NamedTuple):
    """Which streams a client wants, and whether they come in frames."""

    stdin: bool
    stdout: bool
    stderr: bool
    framed: bool

    def shown(self, stream: int, payload: bytes) -> bytes:
        """A piece of output as it is sent; b"" if it is not wanted."""
        if not (self.stdout if stream == STDOUT else self.stderr):
            return b""
        return frame(stream, payload) if self.framed else payload


def hijacked(
    request: Request,
    talk: Callable[[Line], Awaitable[None]],
    close: Callable[[], None] | None = None,
    container: str = "",
) -> Answer:
    """The answer after which the connection is no HTTP any more."""
    upgrades = "upgrade" in request.headers.get("connection", "").lower()
    headers = {"Content-Type": RAW_STREAM}
    if upgrades and "upgrade" in request.headers:
        headers |= {"Connection": "Upgrade", "Upgrade": "tcp"}
        return Answer(101, headers, Hijacked(talk, close, container))
    return Answer(200, headers, Hijacked(talk, close, container))


async def converse(line: Line, attachment: "Attachment", wishes: Wishes) -> None:
    """Talk until that is over."""
    typing = asyncio.ensure_future(_type(line, attachment, wishes))
    showing = asyncio.ensure_future(_show(line, attachment, wishes))
    try:
        await asyncio.wait([typing, showing], return_when=asyncio.FIRST_COMPLETED)
        wanted = wishes.stdout or wishes.stderr or not wishes.stdin
        if not showing.done() and wanted and not attachment.detached:
            await showing
    finally:
        for task in (typing, showing):
            task.cancel()
        results = await asyncio.gather(typing, showing, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _type(line: Line, attachment: "Attachment", wishes: Wishes) -> None:
    """Pass on what the client sends, until it sends no more."""
    while wishes.stdin and not attachment.detached:
        data = await line.receive()
        if data:
            attachment.type(data)
        else:
            attachment.end_input()
        while attachment.full:
            await writable(attachment.fileno())
            attachment.flush()
        if not data:
            return


async def _show(line: Line, attachment: "Attachment", wishes: Wishes) -> None:
    """Pass on what the program prints, until it has ended."""
    streams = {attachment.STDOUT: STDOUT, attachment.STDERR: STDERR}
    came = attachment.early()
    while True:
        for kind, payload in came:
            if kind in streams and (data := wishes.shown(streams[kind], payload)):
                await line.send(data)
        if attachment.exit_status is not None:
            return
        try:
            message = attachment.receive()
        except EngineError:  # its shim has gone: no more will come
            return
        came = [message] if message else []
        if message is None:
            await readable(attachment.fileno())
        else:
            await asyncio.sleep(0)  # others have their turn, however much is printed
