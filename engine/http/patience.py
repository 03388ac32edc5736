"""Patience: how long a peer may keep us waiting.

A timeout for each read is not enough: who sends one byte every ten seconds holds a
connection for days, and a few hundred of them hold all (an attack called *slow loris*).
So waiting is paid from a purse: the seconds that we wait are taken out, the bytes that
come put some back, never more than there was at first.

    20 s ──wait 15 s──▶ 5 s ──60 kB──▶ 20 s (full)      an honest peer with a hiccup
    20 s ──wait 10 s──▶ 10 s ──1 byte──▶ 10.001 s ──wait 10 s──▶ empty      slow loris

man: socket(7) (SO_RCVTIMEO does what is not enough), poll(2)
Try it: `lab registry serve`, then type `GET / HT` into `nc 127.0.0.1 5000`, and wait
"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

IDLE = 75.0  # seconds between two requests on one connection
HEADERS = 15.0  # seconds for the headers of a request, and for a TLS handshake
BODY = 20.0  # seconds that a body may stand still
SLOWEST = 1000  # bytes a second that a body must have in the long run


class Patience:
    """A purse of seconds for waiting on one peer."""

    def __init__(self, seconds: float) -> None:
        self._left = self._most = seconds

    @contextmanager
    def waiting(self, socket: socket.socket) -> Iterator[None]:
        """Do something that may wait for the peer. TimeoutError when all is spent."""
        with self.spending() as left:
            socket.settimeout(left)
            yield

    @contextmanager
    def spending(self) -> Iterator[float]:
        """The same for who waits by other means: at most so many seconds."""
        if self._left <= 0:
            raise TimeoutError("the peer is too slow")
        begun = time.monotonic()
        try:
            yield self._left
        finally:
            self._left -= time.monotonic() - begun

    def earned(self, count: int) -> None:
        """So many bytes of a body have come, or gone."""
        self._left = min(self._most, self._left + count / SLOWEST)
