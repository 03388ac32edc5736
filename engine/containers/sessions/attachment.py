"""An attachment: this side of a connection to a running program, which never waits.

    typed ──▶ │ detach keys? │ ──▶ '0' ──▶ shim
    printed ◀──────────────────── '1' '2' ◀── shim ──▶ its exit status

Whoever holds one waits in their own way, select(2) or an event loop, until `fileno`
has something to read, or room for what is unsent. Sending never waits: while input
cannot be taken, output must still be read, or a program that copies one to the other
would stand still for ever.

man: send(2) and recv(2) on MSG_DONTWAIT, unix(7)
Try it: `lab run -i busybox cat < /dev/zero | head -c 1G | wc -c`
"""

import socket
from collections import deque

from engine.containers.sessions.detaching import KeyWatch
from engine.runtime import channel
from engine.runtime.client import Connection

PIECE = 32768  # bytes of input passed on at once


class Attachment:
    """Input for a program, what it prints, and its exit status."""

    STDOUT, STDERR = channel.STDOUT, channel.STDERR  # as `receive` names the streams

    def __init__(
        self, connection: Connection, detach_keys: bytes, *, ends: bool
    ) -> None:
        """`ends`: the end of the input is the end of the program's input, too."""
        self._connection = connection
        self._keys = KeyWatch(detach_keys)
        self._ends = ends
        self._unsent: deque[bytes] = deque()

    def fileno(self) -> int:
        """The descriptor to wait at."""
        return self._connection.socket.fileno()

    @property
    def exit_status(self) -> int | None:
        """That of the program, once its end has been received."""
        return self._connection.exit_status

    @property
    def detached(self) -> bool:
        """Whether the detach keys were typed, and all before them has been sent."""
        return self._keys.found and not self._unsent

    @property
    def full(self) -> bool:
        """Whether input waits for room, so that no more should be typed."""
        return bool(self._unsent)

    def early(self) -> list[tuple[bytes, bytes]]:
        """What came while the program was started: streams and bytes."""
        early, self._connection.early = self._connection.early, []
        return early

    def receive(self) -> tuple[bytes, bytes] | None:
        """A stream and a piece of it, None for now; or a message that has no bytes
        of a program. An error of client.GONE if there is no more to come.
        """
        try:
            return self._connection.receive(wait=False)
        except BlockingIOError:
            return None

    def type(self, data: bytes) -> None:
        """Input for the program; what does not go now is sent by `flush`."""
        data = self._keys.pass_on(data)
        while data:
            self._unsent.append(channel.STDIN + data[:PIECE])
            data = data[PIECE:]
        self.flush()

    def end_input(self) -> None:
        """There is no more input."""
        if self._ends:
            self._unsent.append(channel.encode({"do": "close-stdin"}))
            self.flush()

    def flush(self) -> None:
        """Send what waits to be sent, as far as there is room for it now."""
        try:
            while self._unsent:
                self._connection.socket.send(self._unsent[0], socket.MSG_DONTWAIT)
                self._unsent.popleft()
        except BlockingIOError:
            return
        except ConnectionError:  # the shim is ending: its last words are to be read
            self._unsent.clear()

    def close(self) -> None:
        """Hang up; the container runs on."""
        self._connection.close()
