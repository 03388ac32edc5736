"""Many clients at once: idle ones give way, and none costs the others anything."""

import contextlib
import re
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.engine import ContainerOptions, Engine
from tests.api.serving import Client, serving
from tests.api.watched import cost
from tests.engine.boxes import LASTS, until

pytestmark = pytest.mark.require("root", "overlay")
MANY = 10_000
MOST_CONNECTIONS, MOST_THREADS = 1000, 110  # labd's own limits, and some
MOST_MEMORY = 60_000  # kB
CLIENTS, ROUNDS = 50, 40


@pytest.fixture
def alone(engine: Engine, tmp_path: Path) -> Iterator[Client]:
    """A labd that nobody else asks."""
    with serving(tmp_path / "labd.sock", engine.root) as path:
        yield Client(path)


@pytest.fixture
def descriptors() -> Iterator[int]:
    """As many open files as this process may have, for the test."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def pid_of(client: Client) -> int:
    return int(client.get("/labshell/daemon").json["Pid"])


@pytest.mark.patience(120)
@pytest.mark.parametrize("said", [b"", b"GET /_ping HTTP/1.1\r\nHost: "])
def test_ten_thousand_that_say_nothing_or_half_keep_nobody_out(
    alone: Client, descriptors: int, said: bytes
) -> None:
    pid = pid_of(alone)
    with ExitStack() as opened:
        for _ in range(min(MANY, descriptors - 500)):
            one = opened.enter_context(alone.connect())
            with contextlib.suppress(BrokenPipeError):
                one.send(said)
        assert alone.get("/_ping").body == b"OK"
        now = cost(pid)
        assert now.descriptors <= MOST_CONNECTIONS + 50
        assert now.peak <= MOST_MEMORY
    assert alone.get("/_ping").body == b"OK"


def test_fifty_clients_at_once_leave_nothing_behind(
    alone: Client,
) -> None:
    pid = pid_of(alone)
    wrong: list[object] = []

    def at_once(ask: Callable[[int], None]) -> None:
        def work(number: int) -> None:
            try:
                for _ in range(ROUNDS):
                    ask(number)
            except Exception as error:
                wrong.append(error)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def ask(number: int) -> None:
        assert alone.get("/_ping").status == 200
        assert alone.get("/version").status == 200
        assert alone.post(f"/containers/nosuch{number}/start").status == 404

    at_once(ask)
    before = cost(pid)
    at_once(ask)
    after = cost(pid)
    assert wrong == []
    until(lambda: cost(pid).descriptors <= before.descriptors, "connections to end")
    assert after.threads <= MOST_THREADS
    assert after.peak <= min(MOST_MEMORY, before.peak * 1.1)


def test_who_waits_for_an_answer_is_not_let_go(
    alone: Client, engine: Engine, descriptors: int
) -> None:
    box = engine.create(ContainerOptions(image="busybox", command=LASTS)).id
    engine.start(box)
    request = f"POST /containers/{box}/stop?t=2 HTTP/1.1\r\nHost: x\r\n"
    with ExitStack() as opened, alone.connect() as waiting:
        waiting.sendall(f"{request}Content-Length: 0\r\n\r\n".encode())
        for _ in range(MOST_CONNECTIONS + 200):
            opened.enter_context(alone.connect())
        assert alone.get("/_ping").body == b"OK"
        assert waiting.recv(100).startswith(b"HTTP/1.1 204 ")


def test_several_requests_in_one_go_are_answered_in_order(labd: Client) -> None:
    paths = ("/_ping", "/containers/nosuch/stop", "/_ping", "/nowhere")
    methods = ("HEAD", "POST", "GET", "GET")
    asked = "".join(
        f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n"
        for method, path in zip(methods, paths, strict=True)
    )
    answer = b""
    with labd.connect() as connection:
        connection.sendall(asked.encode())
        connection.shutdown(socket.SHUT_WR)
        while data := connection.recv(4096):
            answer += data
    found = re.findall(rb"HTTP/1.1 (\d+)", answer)
    assert found == [b"200", b"404", b"200", b"404"]
