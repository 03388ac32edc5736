"""One connection: requests come in, answers go out, until one side has enough.

    bytes ──▶ h11 ──▶ Request ──▶ daemon ──▶ Answer ──▶ bytes, or a conversation
              │                                │
              └── body, piece by piece         └── meanwhile: is the client still there?

h11 knows the grammar of HTTP and touches no socket: it is given the bytes that came.
What is sent goes as fast as the client reads it, and is broken off when it has gone.

Source: RFC 9112; h11's documentation; RFC 9110 7.8 (Upgrade)
Try it: `curl -v --unix-socket /run/labshell/labd.sock http://labd/events`, and Ctrl-C
"""

import asyncio
import contextlib
import socket
import struct
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import h11

from engine.api.answers import Answer, Hijacked, Streamed, Written
from engine.api.hijack import Wire
from engine.api.incoming import Incoming
from engine.api.pipes import PIECE, Drain
from engine.api.problems import Problem
from engine.api.request import Request
from engine.errors import EngineError

Send = Callable[[Answer], Awaitable[None]]
# Given a request and a way to send its answer, sees to it that one is sent.
Handler = Callable[[Request, Send], Coroutine[Any, Any, None]]

LONGEST_HEADERS = 64 << 10  # bytes
_PEER = struct.Struct("3i")  # pid, uid, gid: unix(7)
_GOODBYE = 2.0  # seconds to listen after the last answer
# A build may take an hour: as many as these do not keep the next answer waiting.
_WRITERS = ThreadPoolExecutor(64, "writer")


class Exchange:
    """One open connection."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handler: Handler,
    ) -> None:
        self._reader, self._writer, self._handler = reader, writer, handler
        self._http = h11.Connection(h11.SERVER, LONGEST_HEADERS)
        self._incoming = Incoming(reader, writer, self._http)
        self._method = "GET"
        self._hijacked = False

    @property
    def idle(self) -> bool:
        """Whether nothing has been asked that is not answered."""
        return self._incoming.idle

    @property
    def peer(self) -> int:
        """The process that has connected; 0 if that is not known, as by TCP."""
        connected = self._writer.get_extra_info("socket")
        if connected.family != socket.AF_UNIX:
            return 0
        told = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        return int(_PEER.unpack(told)[0])

    async def serve(self) -> None:
        """Answer requests until the connection ends."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            while await self._serve_one():
                self._http.start_next_cycle()

    async def _serve_one(self) -> bool:
        """Answer one request; may another follow?"""
        try:
            request = await self._incoming.request()
        except Problem as problem:
            await self._send(problem.answer(closes=True))
            await self._part()
            return False
        if request is None:
            return False
        self._method = request.method
        await self._handler(request, self._send)
        return await self._is_ready_for_more()

    # What goes

    async def _send(self, answer: Answer) -> None:
        """Send an answer, whatever its body is."""
        body = answer.body
        if isinstance(body, Hijacked):
            await self._converse(answer, body)
        elif isinstance(body, Streamed):
            await self._stream(answer, body)
        elif isinstance(body, Written):
            await self._pass_on(answer, body)
        else:
            await self._send_at_once(answer, body)

    async def _send_at_once(self, answer: Answer, body: bytes) -> None:
        headers = dict(answer.headers)
        if answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            headers["Content-Length"] = str(len(body))
        whole = self._head(answer.status, headers)
        if body and self._method != "HEAD":
            whole += self._http.send(h11.Data(data=body)) or b""
        self._write(whole + (self._http.send(h11.EndOfMessage()) or b""))
        await self._writer.drain()

    def _begin(self, status: int, headers: dict[str, str]) -> None:
        self._write(self._head(status, headers))

    def _head(self, status: int, headers: dict[str, str]) -> bytes:
        reason = HTTPStatus(status).phrase.encode()
        head = h11.Response(
            status_code=status, headers=list(headers.items()), reason=reason
        )
        return self._http.send(head) or b""

    def _write(self, data: bytes | None) -> None:
        if data:
            self._writer.write(data)

    async def send(self, data: bytes) -> None:
        """Send a piece of a body; waits while the client is slow."""
        self._write(self._http.send(h11.Data(data=data)))
        await self._writer.drain()

    async def _end(self) -> None:
        self._write(self._http.send(h11.EndOfMessage()))
        await self._writer.drain()

    async def _stream(self, answer: Answer, body: Streamed) -> None:
        """Send what comes until there is no more, or nobody who hears it."""
        try:
            self._begin(answer.status, dict(answer.headers))
            with _cut_off_if_it_fails():
                await self._writer.drain()
                await self._as_long_as_heard(body.send(self))
                await self._end()
        finally:
            if body.close:
                await asyncio.shield(asyncio.to_thread(body.close))

    async def _pass_on(self, answer: Answer, body: Written) -> None:
        """Send what a thread writes."""
        drain = Drain()
        loop = asyncio.get_running_loop()
        writing = loop.run_in_executor(_WRITERS, _written, body, drain)
        try:
            await self._as_long_as_heard(self._copy(answer, drain, writing))
        finally:
            drain.close()
            await asyncio.wait([writing])

    async def _copy(
        self, answer: Answer, drain: Drain, writing: "asyncio.Future[None]"
    ) -> None:
        """The status is that of `answer` if nothing fails before the first byte."""
        piece = await drain.read()
        if not piece:
            await writing
        self._begin(answer.status, dict(answer.headers))
        with _cut_off_if_it_fails():
            while piece:
                await self.send(piece)
                piece = await drain.read()
            await writing
            await self._end()

    async def _as_long_as_heard(self, work: Awaitable[None]) -> None:
        """Do it, unless the client goes away: then break it off."""
        doing = asyncio.ensure_future(work)
        gone = asyncio.create_task(self._incoming.gone())
        try:
            await asyncio.wait([doing, gone], return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                raise ConnectionResetError("the client has gone")
            await doing
        finally:
            for task in (doing, gone):
                task.cancel()
            await asyncio.gather(doing, gone, return_exceptions=True)

    # What is no HTTP

    async def _converse(self, answer: Answer, body: Hijacked) -> None:
        """Agree to forget HTTP, and hand the connection over."""
        self._hijacked = True
        try:
            self._writer.write(_hijacking(answer))
            await self._writer.drain()
            ahead = self._http.trailing_data[0]
            with _cut_off_if_it_fails():
                async with Wire(self._reader, self._writer, ahead) as wire:
                    await wire.until_gone(body.talk(wire))
            self._say_goodbye()  # the client need not wait until all is put away
        finally:
            if body.close:
                await asyncio.shield(asyncio.to_thread(body.close))
        await self._part()

    # The end

    async def _is_ready_for_more(self) -> bool:
        """Whether both sides are done; or else part in good order."""
        if self._hijacked:
            return False
        if self._http.our_state is self._http.their_state is h11.DONE:
            return True
        if self._http.our_state in (h11.DONE, h11.MUST_CLOSE):
            await self._part()
        return False

    async def _part(self) -> None:
        """Say that no more comes, and listen a moment.

        Closing a socket with unread bytes in it makes the kernel send a reset, and the
        client would lose our answer.
        """
        self._say_goodbye()
        with contextlib.suppress(OSError, RuntimeError):
            async with asyncio.timeout(_GOODBYE):
                while await self._reader.read(PIECE):
                    pass

    def _say_goodbye(self) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # TLS cannot be half closed
            if self._writer.can_write_eof():
                self._writer.write_eof()


@contextlib.contextmanager
def _cut_off_if_it_fails() -> Iterator[None]:
    """What fails when its answer has begun cannot be told any more."""
    try:
        yield
    except (ConnectionError, TimeoutError):
        raise
    except Exception as error:
        if not isinstance(error, EngineError):  # nobody foresaw it
            traceback.print_exception(error)
        raise ConnectionResetError("half of an answer is sent") from error


def _written(body: Written, drain: Drain) -> None:
    """What a thread does; that nobody reads any more ends it, too."""
    try:
        with contextlib.suppress(BrokenPipeError):
            body.write(drain.output)
    finally:
        drain.output.close()


def _hijacking(answer: Answer) -> bytes:
    """The head of an answer after which no more HTTP follows."""
    reason = "UPGRADED" if answer.status == 101 else "OK"
    lines = [f"HTTP/1.1 {answer.status} {reason}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()
