"""Guests: how many connections there may be, and who has to go when it is full.

A connection costs a descriptor and some kilobytes, so there is a limit. Who comes when
it is reached takes the place of the oldest that waits for no answer: a client that
only keeps its connection open loses nothing by it, as it opens another when it needs
one. Only if all wait for answers the newcomer is turned away (503).

Try it: `ss -xp | grep -c labd.sock`
"""

import asyncio
import resource

from engine.api.exchange import Exchange, Handler

_MOST = 1000  # connections
_GRACE = 5.0  # seconds for connections to end
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
    b"Connection: close\r\nContent-Length: 36\r\n\r\n"
    b'{"message":"too many connections"}\r\n'
)


class Guests:
    """All open connections."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._tasks: dict[Exchange, asyncio.Task[None]] = {}  # oldest first

    async def welcome(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve a connection, if there is a place for it."""
        if len(self._tasks) >= _most() and not self._let_one_go():
            writer.write(_FULL)
            writer.close()
            return
        exchange = Exchange(reader, writer, self._handler)
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        self._tasks[exchange] = task
        try:
            await exchange.serve()
        finally:
            self._tasks.pop(exchange, None)
            writer.close()

    def _let_one_go(self) -> bool:
        """End a connection that is idle; whether there was one."""
        for exchange, task in self._tasks.items():
            if exchange.idle:
                del self._tasks[exchange]
                task.cancel()
                return True
        return False

    def processes(self) -> list[int]:
        """The processes that have connected, each once; those of this machine only."""
        found = (exchange.peer for exchange in list(self._tasks))
        return sorted({pid for pid in found if pid})

    async def leave(self) -> None:
        """End all connections."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE)


def _most() -> int:
    """How many there may be: half of our descriptors, since calls need some, too."""
    return min(_MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
