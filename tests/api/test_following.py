"""Logs, events and stats over HTTP: what was, what comes, and the end of it."""

import json
import os
import time
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.api.hijacking import Hijacked, framed
from tests.api.serving import Client, begin
from tests.engine.boxes import LASTS, Box, until

pytestmark = pytest.mark.require("root", "overlay")

TALKS = "echo one; echo two >&2; echo three; sleep 1000"


@pytest.fixture
def talker(box: Box) -> str:
    """A container that has printed three lines."""
    made = box.begin("sh", "-c", TALKS)
    for word in ("two", "three"):
        box.says(made.id, word)
    return made.id


def go_on(labd: Client, name: str) -> None:
    """Type a line."""
    with Hijacked(labd, f"/containers/{name}/attach?stream=1&stdin=1") as stream:
        stream.type(b"\n")


def logs(labd: Client, name: str, **query: Any) -> bytes:
    """What they tell, both streams."""
    asked = {"stdout": 1, "stderr": 1, **query}
    reply = labd.get(f"/containers/{name}/logs?{urlencode(asked)}")
    assert reply.status == 200, reply.body
    return reply.body


def test_logs_are_framed(labd: Client, talker: str) -> None:
    found = framed(logs(labd, talker))
    assert sorted(found) == [(1, b"one\n"), (1, b"three\n"), (2, b"two\n")]
    assert framed(logs(labd, talker, stdout=0)) == [(2, b"two\n")]


def test_logs_of_a_terminal_are_not(labd: Client, box: Box) -> None:
    made = box.begin("echo", "hi", tty=True)
    box.engine.wait(made.id)
    assert logs(labd, made.id) == b"hi\r\n"


def test_some_stream_has_to_be_chosen(labd: Client, talker: str) -> None:
    reply = labd.get(f"/containers/{talker}/logs")
    assert reply.status == 400
    assert reply.message == "Bad parameters: you must choose at least one stream"
    assert labd.get("/containers/nosuch/logs?stdout=1").status == 404


def test_logs_that_nobody_kept_cannot_be_read(labd: Client, box: Box) -> None:
    made = box.create("true", log_driver="none")
    reply = labd.get(f"/containers/{made.id}/logs?stdout=1")
    assert reply.status == 501
    assert reply.message == "configured logging driver does not support reading"


def test_logs_end_and_begin_where_they_are_asked_to(labd: Client, talker: str) -> None:
    assert len(framed(logs(labd, talker, tail=2))) == 2
    assert len(framed(logs(labd, talker, tail="all"))) == 3
    assert logs(labd, talker, tail=0) == b""
    assert logs(labd, talker, since=time.time() + 100) == b""
    assert logs(labd, talker, until=time.time() - 100) == b""
    assert len(framed(logs(labd, talker, since=0, until=0))) == 3


def test_logs_say_when_and_what_they_are_marked_with(labd: Client, box: Box) -> None:
    made = box.create("echo", "hi", labels={"a": "1 2"}, log_options={"labels": "a"})
    box.foreground(made.id)
    ((_, line),) = framed(logs(labd, made.id, timestamps=1, details=1))
    stamp, rest = line.split(b" ", 1)
    assert rest == b"a=1+2 hi\n"
    assert stamp.endswith(b"Z") and len(stamp) == len("2026-01-31T12:00:00.123456789Z")


def test_logs_follow_to_the_end(labd: Client, box: Box) -> None:
    made = box.begin("sh", "-c", "echo one; read line; echo two", interactive=True)
    with labd.open(f"/containers/{made.id}/logs?stdout=1&follow=1") as answer:
        assert framed(answer.read(8 + len("one\n"))) == [(1, b"one\n")]
        go_on(labd, made.id)
        assert framed(answer.read()) == [(1, b"two\n")]  # and there it ends


def read(answer: HTTPResponse) -> dict[str, Any]:
    """The next object of a stream."""
    return dict(json.loads(answer.readline()))


def test_events_of_the_past_have_an_end(labd: Client, box: Box) -> None:
    since = time.time()
    made = box.create("true", name="box")
    query = {"since": since, "until": time.time()}
    reply = labd.get(f"/events?{urlencode(query)}")
    (event,) = map(json.loads, reply.body.splitlines())
    assert event["status"] == event["Action"] == "create"
    assert event["id"] == event["Actor"]["ID"] == made.id
    assert event["from"] == event["Actor"]["Attributes"]["image"] == "busybox"


@pytest.mark.parametrize("shape", [["rename"], {"rename": True}])
def test_events_come_as_they_happen(labd: Client, box: Box, shape: Any) -> None:
    filters = json.dumps({"event": shape, "type": ["container"]})
    with labd.open(f"/events?{urlencode({'filters': filters})}") as answer:
        made = box.create("true", name="old")
        for new in ("new", "newer"):
            box.engine.rename(made.id, new)
            assert read(answer)["Actor"]["Attributes"]["name"] == new


def test_events_wait_until_a_time_that_is_said(labd: Client, box: Box) -> None:
    query = {"since": time.time(), "until": time.time() + 1.5}
    with labd.open(f"/events?{urlencode(query)}") as answer:
        box.create("true")
        assert read(answer)["Action"] == "create"
        assert answer.read() == b""


def test_events_are_not_asked_for_backwards_or_by_nonsense(labd: Client) -> None:
    assert labd.get("/events?since=20&until=10").status == 400
    assert labd.get("/events?since=yesterday").status == 400
    assert labd.get('/events?filters={"moon":["full"]}').status == 400


def test_stats_come_again_and_again_and_know_what_was_before(
    labd: Client, box: Box
) -> None:
    made = box.begin("sh", "-c", "while :; do :; done", name="box")
    with labd.open(f"/containers/{made.id}/stats") as answer:
        first, second = read(answer), read(answer)
    assert first["name"] == "/box"
    assert first["precpu_stats"]["cpu_usage"]["total_usage"] == 0
    assert second["precpu_stats"] == first["cpu_stats"]
    usage = [one["cpu_stats"]["cpu_usage"]["total_usage"] for one in (first, second)]
    assert usage[0] < usage[1]
    assert second["memory_stats"]["usage"] > 0
    assert second["pids_stats"]["current"] == 1


def test_stats_once(labd: Client, box: Box) -> None:
    made = box.begin()
    both = labd.get(f"/containers/{made.id}/stats?stream=0")
    assert both.headers["content-type"] == "application/json"
    assert both.json["precpu_stats"]["system_cpu_usage"] > 0
    once = labd.get(f"/containers/{made.id}/stats?stream=0&one-shot=1")
    assert "system_cpu_usage" not in once.json["precpu_stats"]


def test_stats_of_what_does_not_run_are_empty(labd: Client, box: Box) -> None:
    made = box.create("true")
    found = labd.get(f"/containers/{made.id}/stats?stream=0&one-shot=1").json
    assert found["read"] == "0001-01-01T00:00:00Z"
    assert found["memory_stats"] == {}
    assert labd.get("/containers/nosuch/stats").status == 404


def test_stats_end_with_the_container(labd: Client, box: Box) -> None:
    made = box.begin()
    with labd.open(f"/containers/{made.id}/stats") as answer:
        read(answer)
        box.engine.remove(made.id, force=True)
        answer.read()  # to its end


def open_files(labd: Client) -> int:
    return len(os.listdir(f"/proc/{labd.pid}/fd"))


def test_of_clients_who_go_away_nothing_is_left(labd: Client, box: Box) -> None:
    made = box.begin("cat", interactive=True)
    exec_id = labd.post(f"/containers/{made.id}/exec", {"Cmd": [*LASTS]}).json["Id"]
    before = open_files(labd)
    with ExitStack() as stack:
        for path in ("events", f"containers/{made.id}/logs?stdout=1&follow=1"):
            stack.enter_context(labd.open(f"/{path}"))
        stack.enter_context(labd.open(f"/containers/{made.id}/stats"))
        stack.enter_context(labd.open(f"/containers/{made.id}/wait", "POST"))
        path = f"/containers/{made.id}/attach?stream=1&stdin=1&stdout=1"
        stack.enter_context(Hijacked(labd, path))
        stack.enter_context(Hijacked(labd, f"/exec/{exec_id}/start", {}))
        assert open_files(labd) > before + 6
    until(lambda: open_files(labd) <= before, "what they had open is closed")


def test_a_server_that_is_killed_takes_nothing_along(
    box: Box, run_directory: Path
) -> None:
    server = begin(run_directory / "killed.sock", box.engine.root)
    labd = Client(run_directory / "killed.sock")
    made = box.create("cat", interactive=True, detached=True)
    with Hijacked(labd, f"/containers/{made.id}/attach?stream=1&stdin=1") as stream:
        assert labd.post(f"/containers/{made.id}/start").status == 204
        server.kill()
        server.wait()
        assert server.stdout
        server.stdout.close()
        assert stream.rest() == b""
    assert box.engine.container(made.id).running
    assert box.execute(made.id, "echo", "hi").out == "hi\n"
