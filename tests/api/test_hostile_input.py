"""Paths, queries and bodies of any kind: an answer each, and no fault of labd's.

A fault is what nobody foresaw: labd answers it with a status of 500 and its name. What
the engine itself refuses has another status, or words for a person.
"""

import json
import socket
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.api.calls import ROUTES
from engine.api.routes import Route, Takes
from tests.api.serving import Client

pytestmark = pytest.mark.require("root", "overlay")

# They ask others on the network, or build: not of interest here, and slow.
ELSEWHERE = ("/auth", "/build", "/distribution", "/push", "/images/create", "/search")
ASKED = [one for one in ROUTES if not any(part in one.path for part in ELSEWHERE)]
FIELDS = some.sampled_from(
    "all filters force h limit name path ps_args signal since size stdin stdout stream "
    "t tag tail until v w".split()
)
TEXTS = some.text(max_size=20) | some.sampled_from(
    ["1", "-1", "1e999", "9" * 40, "{}", '{"a": 1}', '{"status": ["running"]}', "nan"]
)
NAMES = some.binary(min_size=1, max_size=30).map(
    lambda name: quote_from_bytes(name, "")
)
JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=10),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = some.sampled_from(
    "Cmd Entrypoint Env HostConfig Image Labels Memory Name Names NetworkMode Tty "
    "ExposedPorts Binds Mounts NetworkingConfig AttachStdin Container Driver".split()
)
BODIES = some.dictionaries(KEYS, JSON, max_size=5)


def answer(client: Client, request: bytes, body: bytes) -> tuple[int, bytes]:
    """The status, and the first bytes of the answer: of some there is no end."""
    length = f"Content-Length: {len(body)}\r\n\r\n".encode()
    with client.connect() as connection:
        connection.sendall(request + length + body)
        told = connection.recv(4096)
        connection.shutdown(socket.SHUT_WR)
    return int(told.split(b" ", 2)[1]), told


@pytest.mark.patience(300)
@settings(max_examples=300)
@given(
    route=some.sampled_from(ASKED),
    name=NAMES,
    query=some.dictionaries(FIELDS, TEXTS, max_size=4),
    data=BODIES,
)
def test_whatever_is_asked_is_answered_without_a_fault(
    labd_socket: Any, route: Route, name: str, query: dict[str, str], data: Any
) -> None:
    path = route.path.replace("{name}", name).replace("{image}", name)
    path = path.replace("{id}", name).replace("{exec}", name)
    asked = f"?{urlencode(query, errors='surrogatepass')}" if query else ""
    kind = "application/json" if route.takes is Takes.JSON else "application/x-tar"
    head = (
        f"{route.method} {path}{asked} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
    )
    body = json.dumps(data).encode() if route.takes is not Takes.NOTHING else b""
    status, told = answer(Client(labd_socket), head.encode(), body)
    assert 100 <= status < 600
    assert b"a fault in labd" not in told, told
