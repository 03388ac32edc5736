"""Readiness: waiting, on the loop, for what the engine waits for with select(2).

    readable(descriptor)   something has come
    writable(descriptor)   there is room
    in_thread(function)    the engine is asked; the loop goes on meanwhile
    arrivals(follower)     a log, or events: what is there, then what comes

Whoever waits at a descriptor holds no thread, so there may be thousands of them.

man: epoll(7)
Try it: `docker events &`, and `ls /proc/$(pgrep labd)/task | wc -l`
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from engine.engine import Follower

T = TypeVar("T")
_READERS = ThreadPoolExecutor(16, "reader")


async def readable(descriptor: int, patience: float | None = None) -> None:
    """Wait until something has come, or `patience` seconds are over."""
    loop = asyncio.get_running_loop()
    come = asyncio.Event()
    loop.add_reader(descriptor, come.set)
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await come.wait()
    finally:
        loop.remove_reader(descriptor)


async def writable(descriptor: int) -> None:
    """Wait until there is room."""
    loop = asyncio.get_running_loop()
    room = asyncio.Event()
    loop.add_writer(descriptor, room.set)
    try:
        await room.wait()
    finally:
        loop.remove_writer(descriptor)


async def in_thread(function: Callable[[], T]) -> T:
    """What a function returns that may wait for the disk.

    Who is cancelled meanwhile waits for its end nevertheless: what it works with must
    not be closed under its hands.
    """
    working = asyncio.get_running_loop().run_in_executor(_READERS, function)
    try:
        return await asyncio.shield(working)
    finally:
        if not working.done():
            await asyncio.wait([working])


async def arrivals(follower: "Follower[T]") -> AsyncIterator[list[T]]:
    """What a follower finds, some at a time; it is the caller's to close."""
    while not follower.over:
        found = await in_thread(follower.read)
        if found:
            yield found
        elif not follower.over:
            await readable(follower.fileno(), follower.left)
