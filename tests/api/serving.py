"""A labd for the tests, and a client that knows no more than HTTP.

The client is the standard library's, over a unix socket: another hand than h11.
"""

import http.client
import json
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

HOME = Path(__file__).parents[2]
COMMAND = [
    *[sys.executable, "-c"],
    "import sys; from engine.api.main import main; sys.exit(main())",
]
_PATIENCE = 60.0  # seconds for an answer


def begin(path: Path, root: Path, *options: str) -> "subprocess.Popen[str]":
    """A server that has said that it is ready."""
    address = ["-H", f"unix://{path}"]
    server = subprocess.Popen(
        [*COMMAND, *address, "--root", str(root), *options],
        cwd=HOME,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    assert "ready" in server.stdout.readline()
    return server


@contextmanager
def serving(path: Path, root: Path, *options: str) -> Iterator[Path]:
    """A server, ended afterwards: the socket at which it listens."""
    server = begin(path, root, *options)
    assert server.stdout is not None
    try:
        yield path
    finally:
        server.terminate()
        assert server.wait(_PATIENCE) == 0
        server.stdout.close()


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]  # names in small letters
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        """The objects of a stream, one a line."""
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def message(self) -> str:
        """What an error says."""
        return str(self.json["message"])


class Client:
    """Asks a server at a unix socket, with a connection for each request."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def connect(self) -> socket.socket:
        """A connection, for what is no usual request."""
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connected.connect(str(self.path))  # without a timeout it waits in the queue
        connected.settimeout(_PATIENCE)
        return connected

    @property
    def pid(self) -> int:
        """The server's process: who listens is who is connected."""
        with self.connect() as connection:
            size = struct.calcsize("3i")
            found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return int(struct.unpack("3i", found)[0])

    @contextmanager
    def open(
        self, path: str, method: str = "GET"
    ) -> Iterator[http.client.HTTPResponse]:
        """An answer whose body is still to come."""
        connection = http.client.HTTPConnection("labd")
        connection.sock = self.connect()
        try:
            connection.request(method, path)
            with connection.getresponse() as answer:
                yield answer
        finally:
            connection.close()

    def ask(self, method: str, path: str, data: Any = None, **headers: str) -> Reply:
        """One request; `data` is sent as JSON, bytes as they are."""
        connection = http.client.HTTPConnection("labd")
        connection.sock = self.connect()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = data
        if data is not None and not isinstance(data, bytes):
            body = json.dumps(data)
            named.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, found, answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Reply:
        """What is there."""
        return self.ask("GET", path)

    def delete(self, path: str) -> Reply:
        """Have something removed."""
        return self.ask("DELETE", path)

    def post(self, path: str, data: Any = None) -> Reply:
        """Have something done."""
        return self.ask("POST", path, data)
