"""Whatever Docker's description lets a client ask, and worse: labd has an answer.

The requests are made from the description (asking.py), and are the same in each run.
"""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings

from engine.engine import Engine
from tests.api import asking
from tests.api.serving import Client, serving
from tests.api.shapes import PATH

pytestmark = [
    pytest.mark.require("root", "overlay"),
    pytest.mark.skipif(not PATH.exists(), reason="Docker's swagger.yaml is not here"),
]
# Somebody else is asked: a registry.
ELSEWHERE = (
    *("/images/create", "/images/{name}/push", "/distribution/{name}/json", "/auth"),
)
NOT_HERE = (501, 503)  # what Docker can do and we do not; swarms
EACH = 5  # requests


@pytest.fixture(scope="module")
def described() -> Any:
    return yaml.load(PATH.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@pytest.fixture
def client(fresh_root: Path, tmp_path: Path) -> Iterator[Client]:
    """A client of a labd with an engine of its own: anything may be removed there."""
    Engine(fresh_root).image("busybox")
    with serving(tmp_path / "labd.sock", fresh_root) as socket:
        yield Client(socket)


def test_every_request_has_an_answer_as_described(
    client: Client, described: Any
) -> None:
    faults: list[str] = []
    for method, path in asking.operations(described):
        if path in ELSEWHERE:
            continue
        for name in ("box", "idle"):
            client.post(f"/containers/create?name={name}", {"Image": "busybox"})

        @settings(
            max_examples=EACH,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(asking.requests(described, method, path))
        def ask(asked: asking.Asked) -> None:
            if fault := fault_of(client, asked):
                faults.append(f"{asked}: {fault}")

        ask()
    assert faults == []
    assert client.get("/_ping").body == b"OK"


def fault_of(client: Client, asked: asking.Asked) -> str:
    """What is wrong with the answer; "" for nothing."""
    connection = http.client.HTTPConnection("labd")
    connection.sock = client.connect()
    body, headers = asked.body, {}
    if body is not None and not isinstance(body, bytes):
        body, headers = json.dumps(body), {"Content-Type": "application/json"}
    try:
        connection.request(asked.method, asked.path, body, headers)
        answer = connection.getresponse()
        if answer.status < 400:  # it may go on for ever
            return ""
        told = answer.read()
    finally:
        connection.close()
    if asked.method != "HEAD" and not isinstance(json.loads(told)["message"], str):
        return "an error has a message"
    expected = answer.status < 500 or answer.status in NOT_HERE
    if expected or b"is not paused" in told:  # which is 500 in Docker, too
        return ""
    return f"{answer.status} {told!r}"
