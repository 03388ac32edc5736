"""The Docker Engine API, asked without any command: labd beside dockerd.

The client is the same for both, the standard library's, with a connection for each
request. What is timed is what the servers do, and nothing that a command costs.
"""

import contextlib
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests import workshop
from tests.api.serving import Client, serving
from tests.benchmarks import rivals
from tests.benchmarks.jobs import Field
from tests.benchmarks.timing import Contest, Work, nothing, race

MANY = 200  # containers
CLIENTS, MINUTE = 50, 60.0
MOST_MEMORY = 60_000  # kB
_TRUE = {"Image": "busybox", "Cmd": ["true"], "HostConfig": {"NetworkMode": "none"}}
_SLEEP = {**_TRUE, "Cmd": ["sleep", "1000"]}


@contextlib.contextmanager
def _clients(field: Field) -> Iterator[dict[str, Client]]:
    """A client of labd, and one of dockerd if it is there."""
    path = workshop.DISK / f"labd-bench-{os.getpid()}.sock"
    with serving(path, field.engine.root):
        clients = {"lab": Client(path)}
        if field.docker:
            clients["docker"] = Client(Path(field.docker[2].removeprefix("unix://")))
        yield clients


def _create(client: Client, asked: dict) -> str:
    return str(client.post("/containers/create", asked).json["Id"])


def _life(client: Client) -> None:
    """From nothing to its end."""
    identity = _create(client, _TRUE)
    client.post(f"/containers/{identity}/start")
    assert client.post(f"/containers/{identity}/wait").json["StatusCode"] == 0
    client.ask("DELETE", f"/containers/{identity}")


def api_life(field: Field) -> Contest:
    """create, start, wait, remove."""

    def life(client: Client) -> tuple[Work, Work]:
        return (lambda: _life(client)), nothing

    with _clients(field) as clients:
        times = race({k: life(v) for k, v in clients.items()}, field.rounds)
    return Contest(
        job="api: create to remove", times=times, unit="ms", rival="docker", target=0.25
    )


@contextlib.contextmanager
def _running(client: Client) -> Iterator[str]:
    identity = _create(client, _SLEEP)
    client.post(f"/containers/{identity}/start")
    try:
        yield identity
    finally:
        client.ask("DELETE", f"/containers/{identity}?force=1")


def api_exec(field: Field) -> Contest:
    """One more process, to its end."""
    asked = {"Cmd": ["true"], "AttachStdout": True}

    def execute(client: Client, container: str) -> tuple[Work, Work]:
        def work() -> None:
            made = client.post(f"/containers/{container}/exec", asked).json["Id"]
            client.post(f"/exec/{made}/start", {"Detach": False, "Tty": False})

        return work, nothing

    with _clients(field) as clients, contextlib.ExitStack() as stack:
        workers = {
            name: execute(client, stack.enter_context(_running(client)))
            for name, client in clients.items()
        }
        times = race(workers, field.rounds)
    return Contest(job="api: exec", times=times, unit="ms", rival="docker", target=0.25)


def api_list(field: Field) -> Contest:
    """`ps -a` of many containers."""

    def look(client: Client) -> tuple[Work, Work]:
        def work() -> None:
            assert len(client.get("/containers/json?all=1").json) == MANY

        return work, nothing

    with _clients(field) as clients:
        made = {
            client: [_create(client, _TRUE) for _ in range(MANY)]
            for client in clients.values()
        }
        try:
            times = race({k: look(v) for k, v in clients.items()}, field.rounds)
        finally:
            for client, names in made.items():
                for name in names:
                    client.ask("DELETE", f"/containers/{name}")
    return Contest(
        job=f"api: ps of {MANY}", times=times, unit="ms", rival="docker", target=1
    )


def api_crowd(field: Field) -> Contest:
    """Many clients at once for a minute: the memory that labd takes after it.

    It fails if any of them is answered with an error.
    """
    with _clients(field) as clients:
        client = clients["lab"]
        pid = _server(client)
        with _running(client) as identity:
            paths = [f"/containers/{identity}/json", "/containers/json", "/info"]
            _crowd(client, [*paths, "/images/json", "/_ping"])
            taken = rivals.memory([pid])
    times = {"lab": taken, "the bound": float(MOST_MEMORY)}
    return Contest(
        job=f"api: PSS after {CLIENTS} clients",
        times=times,
        unit="kB",
        rival="the bound",
        target=1,
    )


def _server(client: Client) -> int:
    """Who listens: the process at the other end of a connection."""
    with client.connect() as connected:
        found = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int(struct.unpack("3i", found)[0])


def _crowd(client: Client, paths: list[str]) -> None:
    until = time.monotonic() + MINUTE
    wrong: list[str] = []

    def ask() -> None:
        while time.monotonic() < until and not wrong:
            for path in paths:
                status = client.get(path).status
                if status != 200:
                    wrong.append(f"{path}: {status}")

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise RuntimeError(wrong[0])


JOBS = (api_life, api_exec, api_list, api_crowd)
