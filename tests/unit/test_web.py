"""What is behind a URL is read within bounds, whatever the server does.

The servers say what they are told, byte by byte, and then wait until the client goes.
"""

import contextlib
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from engine import deadline
from engine.errors import EngineError
from engine.http import web
from tests import workshop

Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server that gives one answer, which may be endless; its URL."""
    with contextlib.ExitStack() as stack:

        def start(answer: bytes, endless: bytes = b"", pause: float = 0) -> str:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            told = (listener, answer, endless, pause)
            thread = threading.Thread(target=_answer, args=told)
            stack.callback(thread.join)
            thread.start()
            return f"http://127.0.0.1:{listener.getsockname()[1]}/"

        yield start


def _answer(
    listener: socket.socket, answer: bytes, endless: bytes, pause: float
) -> None:
    connection, _ = listener.accept()
    with connection, contextlib.suppress(OSError):  # the client has gone
        connection.recv(65536)
        connection.sendall(answer)
        while endless:
            connection.sendall(endless)
            time.sleep(pause)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)


def test_what_is_cut_short_is_not_taken_for_the_whole(serve: Serve) -> None:
    url = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    with web.page(url) as page:
        assert page.read(100) == b"abc"
        with pytest.raises(EngineError, match="7 bytes have not come"):
            page.read(100)


def test_what_has_come_is_read_without_waiting_for_more(serve: Serve) -> None:
    url = serve(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10)
    with web.page(url) as page:
        assert set(page.read(1 << 30)) == {ord("x")}


def test_what_a_redirect_says_beside_the_place_is_not_read(serve: Serve) -> None:
    there = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    moved = f"HTTP/1.1 302 Found\r\nLocation: {there}\r\n\r\n".encode()
    with web.page(serve(moved, b"x" * 65536)) as page:
        assert page.read(100) == b"hi"


@pytest.mark.parametrize("head", [b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nX-Long: "])
def test_headers_that_drip_are_not_waited_for_until_they_end(
    serve: Serve, head: bytes
) -> None:
    url = serve(head, b"0", pause=0.05)
    late = EngineError("that is enough", "")
    with (
        pytest.raises(EngineError, match="that is enough"),
        deadline.within(1, lambda: late),
        web.page(url),
    ):
        pass


def test_a_body_may_come_slowly_after_its_headers(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "_PATIENCE", 0.5)
    url = serve(b"HTTP/1.1 200 OK\r\n\r\n", b"x", pause=0.1)
    with web.page(url) as page:
        assert b"".join(page.read(1) for _ in range(10)) == b"x" * 10


@pytest.mark.require("root", "unshare", "ip")
@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("169.254.169.254/32", "169.254.169.254"),
        ("169.254.169.254/32", "[::ffff:169.254.169.254]"),
        ("100.100.100.200/32", "100.100.100.200"),
        ("fd00:ec2::254/128", "[fd00:ec2::254]"),
        ("64:ff9b::a9fe:a9fe/128", "[64:ff9b::a9fe:a9fe]"),
    ],
)
def test_where_a_cloud_keeps_its_keys_nothing_is_fetched(
    address: str, host: str
) -> None:
    """In a network namespace in which this machine is the cloud."""
    program = f"""
        import socket
        from engine.http import web
        family = socket.AF_INET if "." in {address!r} else socket.AF_INET6
        listener = socket.create_server(({address!r}.split("/")[0], 80), family=family)
        try:
            with web.page("http://{host}/") as page:
                pass
        except web.EngineError as error:
            print(error.message)
    """
    quoted = textwrap.dedent(program)
    prepare = f"ip link set lo up; ip address add {address} dev lo"
    prepare += " nodad" if ":" in address else ""
    command = ["unshare", "-n", "sh", "-ec", f'{prepare}; exec "$@"', "sh"]
    done = subprocess.run(
        [*command, sys.executable, "-c", quoted],
        cwd=workshop.HOME,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "is a link-local address, or a cloud's own" in done.stdout, done.stderr
