"""A deadline: work of many pieces that must be over by a certain time.

    within(60, late)      from now on, for this thread and what it calls
        hash a file …     check()  after each piece: `late` is raised if it is over
        pack a tar …      check()

Who sets it is far from the loops that may take long: a build knows its --timeout, and
the loop that reads a file of a terabyte is in the storage. So neither hands it through
ten functions; the loops ask. It costs less than reading a piece.

    as_long_as_heard(fd)      while nobody has hung up at the other end of a socket

The same loops ask whether anybody still wants to know: a client of labd may go away in
the middle of its build. Then BrokenPipeError is raised, which says "enough". Who
waits for bytes does so with `wait_for`, and hears of it at once.

Nothing is interrupted in the middle of a piece: what is done in one is done whole, and
what had begun is taken back as after any other failure.

Try it: `truncate -s 1T big; printf 'FROM busybox\\nCOPY big /\\n' | lab build
--timeout 2s -f- .`
"""

import math
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from engine.errors import EngineError


class _Deadline(NamedTuple):
    """A time of the monotonic clock, in seconds, and what is raised then."""

    at: float
    late: Callable[[], EngineError]


_deadline: ContextVar[_Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def within(seconds: float | None, late: Callable[[], EngineError]) -> Iterator[None]:
    """While this lasts, `check` raises what `late` makes once `seconds` are over.

    None: it may take for ever.
    """
    if seconds is None:
        yield
        return
    token = _deadline.set(_Deadline(at=time.monotonic() + seconds, late=late))
    try:
        yield
    finally:
        _deadline.reset(token)


def left() -> float | None:
    """Seconds until it is over, more than none; None if it may take for ever.

    Raises what was said in `within` if it is over already.
    """
    now = _deadline.get()
    if now is None:
        return None
    seconds = now.at - time.monotonic()
    if seconds <= 0:
        raise now.late()
    return seconds


_heard: ContextVar[int | None] = ContextVar("heard", default=None)


@contextmanager
def as_long_as_heard(descriptor: int) -> Iterator[None]:
    """While this lasts, `check` raises BrokenPipeError once `descriptor` is readable.

    It is the end of a socket from which nothing comes but the end.
    """
    token = _heard.set(descriptor)
    try:
        yield
    finally:
        _heard.reset(token)


def wait_for(readable: int, seconds: float | None) -> bool:
    """Wait until something can be read; False if nothing came in so many seconds.

    None: it may take for ever. BrokenPipeError if nobody hears any more.
    """
    heard, waiting = _heard.get(), select.poll()
    for descriptor in (readable, heard):
        if descriptor is not None:
            waiting.register(descriptor, select.POLLIN)
    patience = None if seconds is None else math.ceil(seconds * 1000)
    ready = dict(waiting.poll(patience))
    if heard in ready:
        raise BrokenPipeError("whoever asked for this has gone")
    return readable in ready


def check() -> None:
    """Raise what `within` says if it is over; BrokenPipeError if nobody hears."""
    left()
    heard = _heard.get()
    if heard is not None:
        wait_for(heard, 0)
