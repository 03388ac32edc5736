"""Told to end: SIGTERM and SIGHUP end some commands as Ctrl-C does.

Python dies of them on the spot, and what was to be tidied up stays. Where something
is, a `finally` or a `with` must come to its turn: as after Ctrl-C, which is an
exception. SIGKILL leaves no turn to anybody: what that leaves is swept by the next.

man: signal(7)
Try it: `lab lesson test commit/init-layer & sleep 3; kill %1; ls /var/tmp`
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Here, SIGTERM and SIGHUP raise KeyboardInterrupt."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        before = [signal.signal(number, interrupt) for number in _ENDING]
    except ValueError:  # not the main thread: nobody sends us signals
        yield
        return
    try:
        yield
    finally:
        for number, handler in zip(_ENDING, before, strict=True):
            signal.signal(number, handler)
