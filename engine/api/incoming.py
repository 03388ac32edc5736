"""What comes on a connection: requests and their bodies, read by h11.

A client that is slow with its headers, lets a body stand still or says nothing for long
between two requests is let go; seconds are paid for in bytes (see http/patience.py), so
that a byte now and then does not help.

While an answer is on its way, reading is how one hears that the client has gone; what
it sends meanwhile is the beginning of its next request.

Source: RFC 9112; h11's documentation
Try it: `printf 'GET /_ping HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' | socat - UNIX:SOCKET`
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import h11

from engine.api.pipes import PIECE
from engine.api.problems import Problem
from engine.api.request import Request, read_query
from engine.http.connection import headers_of
from engine.http.patience import HEADERS, Patience

_IDLE = 300.0  # seconds between two requests on one connection
_STANDSTILL = 60.0  # seconds that a body may stand still
_MOST_AHEAD = 64 << 10  # bytes taken of a next request while one is answered


class Incoming:
    """The requests of one connection."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        http: h11.Connection,
    ) -> None:
        self._reader, self._writer, self._http = reader, writer, http
        self._whole = asyncio.Event()  # the body of the request has been read
        self.idle = True  # nothing has been asked that is not answered

    async def request(self) -> Request | None:
        """The next request; None if the client wants no more."""
        self._whole.clear()
        self.idle = True
        begun = bool(self._http.trailing_data[0])
        patience = Patience(HEADERS if begun else _IDLE)
        event = self._next_event()
        while event is h11.NEED_DATA:
            await self._receive(patience)
            if not begun and self._http.trailing_data[0]:
                begun, patience = True, Patience(HEADERS)
            event = self._next_event()
        if not isinstance(event, h11.Request):
            return None
        self.idle = False
        if self._http.their_state is not h11.SEND_BODY:
            self._whole.set()
        return self._understood(event)

    def _understood(self, event: h11.Request) -> Request:
        path, _, query = event.target.decode("ascii").partition("?")
        return Request(
            method=event.method.decode("ascii"),
            path=path,
            query=read_query(query),
            headers=headers_of(event),
            version=(0, 0),
            body=self,
        )

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body of the request, as it arrives."""
        if self._http.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            self._writer.write(self._http.send(go_on) or b"")
        patience = Patience(_STANDSTILL)
        while self._http.their_state is h11.SEND_BODY:
            event = self._next_event()
            if event is h11.NEED_DATA:
                patience.earned(await self._receive(patience))
            elif isinstance(event, h11.Data):
                yield bytes(event.data)
        self._whole.set()

    async def read(self, limit: int) -> bytes:
        """All of a short body."""
        whole = bytearray()
        async for piece in self.pieces():
            whole += piece
            if len(whole) > limit:
                raise Problem(413, f"the body has more than {limit} bytes")
        return bytes(whole)

    def _next_event(self) -> Any:
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError as error:
            status = error.error_status_hint
            raise Problem(status, f"bad request: {error}") from error

    async def _receive(self, patience: Patience) -> int:
        """Wait for bytes and hand them to h11; how many came."""
        with patience.spending() as left:
            async with asyncio.timeout(left):
                data = await self._reader.read(PIECE)
        begun = self._http.trailing_data[0] or not self.idle
        if not data and begun:
            raise ConnectionResetError("in the midst of a request")
        self._http.receive_data(data)
        return len(data)

    async def gone(self) -> None:
        """Returns when the client has gone; keeps what it sends until then."""
        await self._whole.wait()
        while len(self._http.trailing_data[0]) < _MOST_AHEAD:
            data = await self._reader.read(PIECE)
            if not data:
                return
            self._http.receive_data(data)
        await asyncio.get_running_loop().create_future()  # it has a lot to say: never
