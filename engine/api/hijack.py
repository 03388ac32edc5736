"""A hijacked connection: HTTP is over, the bytes belong to a program.

    client ──▶ keys ──▶ stdin        a client that has no more to say closes its half
    client ◀── screen ◀── stdout     (shutdown(2) with SHUT_WR), and reads on

Reading an end of file tells only that no more will come. Whether there is anybody who
still reads is another question; poll(2) answers it with POLLHUP, without being asked
for any event: so an epoll for no event becomes readable when the client has gone.

man: shutdown(2), poll(2) on POLLHUP, epoll(7)
Try it: `docker attach NAME`, then kill the client, and look at `ss -xp`
"""

import asyncio
import contextlib
import select
from collections.abc import Awaitable
from types import TracebackType

from engine.api.pipes import PIECE


class Wire:
    """A connection that was HTTP before."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ahead: bytes
    ) -> None:
        """`ahead` has come already, behind the request."""
        self._reader, self._writer, self._ahead = reader, writer, ahead
        self._epoll = select.epoll()
        self._hung_up = asyncio.Event()

    async def __aenter__(self) -> "Wire":
        loop = asyncio.get_running_loop()
        socket = self._writer.get_extra_info("socket")
        self._epoll.register(socket.fileno(), 0)
        loop.add_reader(self._epoll.fileno(), self._heard)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _heard(self) -> None:
        asyncio.get_running_loop().remove_reader(self._epoll.fileno())
        self._hung_up.set()

    async def receive(self) -> bytes:
        """What has come; b"" when the client will send no more."""
        if self._ahead:
            ahead, self._ahead = self._ahead, b""
            return ahead
        return await self._reader.read(PIECE)

    async def send(self, data: bytes) -> None:
        """Send this much; waits while the client is slow."""
        self._writer.write(data)
        await self._writer.drain()

    async def until_gone(self, talk: Awaitable[None]) -> None:
        """Talk, until that is over or the client has gone."""
        talking = asyncio.ensure_future(talk)
        gone = asyncio.create_task(self._hung_up.wait())
        try:
            await asyncio.wait([talking, gone], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (talking, gone):
                task.cancel()
            with contextlib.suppress(ConnectionError):
                results = await asyncio.gather(talking, gone, return_exceptions=True)
                if isinstance(results[0], Exception):
                    raise results[0]
