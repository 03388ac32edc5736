"""A deadline: work of many pieces that must be over by a certain time.

    within(60, late)      from now on, for this thread and what it calls
        hash a file …     check()  after each piece: `late` is raised if it is over
        pack a tar …      check()

Who sets it is far from the loops that may take long: a build knows its --timeout, and
the loop that reads a file of a terabyte is in the storage. So neither hands it through
ten functions; the loops ask. It costs less than reading a piece.

Nothing is interrupted in the middle of a piece: what is done in one is done whole, and
what had begun is taken back as after any other failure.

Try it: `truncate -s 1T big; printf 'FROM busybox\\nCOPY big /\\n' | lab build
--timeout 2s -f- .`
"""

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


def check() -> None:
    """Raise what was said in `within` if it is over; nothing else happens."""
    left()
