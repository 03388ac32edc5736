"""The client's end of a hijacked connection.

with Hijacked(labd, "/containers/x/attach?stream=1&stdout=1") as stream:
    stream.type(b"hello\n")
    stream.end()
    assert stream.frames() == [(1, b"hello\n")]
"""

import json
import socket
import struct
from typing import Any

from tests.api.serving import Client

UPGRADE = ("Connection: Upgrade", "Upgrade: tcp")


class Hijacked:
    """A connection that was HTTP until it was answered: `head` is the answer's."""

    def __init__(
        self, labd: Client, path: str, data: Any = None, *, upgrade: bool = True
    ) -> None:
        self._connection = labd.connect()
        body = b"" if data is None else json.dumps(data).encode()
        lines = [f"POST {path} HTTP/1.1", "Host: labd"]
        lines += UPGRADE if upgrade else ()
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        self._connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        self._came = b""
        while b"\r\n\r\n" not in self._came:
            self._receive()
        head, _, self._came = self._came.partition(b"\r\n\r\n")
        self.head = head.decode()

    def __enter__(self) -> "Hijacked":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def _receive(self) -> bool:
        data = self._connection.recv(1 << 16)
        self._came += data
        return bool(data)

    def type(self, data: bytes) -> None:
        """Send something."""
        self._connection.sendall(data)

    def end(self) -> None:
        """Send no more, and go on reading."""
        self._connection.shutdown(socket.SHUT_WR)

    def shows(self, text: bytes) -> None:
        """Wait until this has come; what is before it, and it, is read."""
        while text not in self._came:
            assert self._receive(), self._came
        self._came = self._came.partition(text)[2]

    def rest(self) -> bytes:
        """All that comes until the end."""
        while self._receive():
            pass
        return self._came

    def frames(self) -> list[tuple[int, bytes]]:
        """The same, as streams and what they carried."""
        return framed(self.rest())


def framed(data: bytes) -> list[tuple[int, bytes]]:
    """The frames in these bytes: streams, and what they carry."""
    found = []
    while data:
        stream, length = struct.unpack(">B3xI", data[:8])
        assert len(data) >= 8 + length
        found.append((stream, data[8 : 8 + length]))
        data = data[8 + length :]
    return found
