"""Attach, wait and resize over HTTP: before the start, and to the end."""

import json
import os
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.api.hijacking import Hijacked
from tests.api.serving import Client
from tests.engine.boxes import Box, until

pytestmark = pytest.mark.require("root", "overlay")

OUTPUT = "stream=1&stdout=1&stderr=1"
ALL = f"{OUTPUT}&stdin=1"
UPGRADED = """HTTP/1.1 101 UPGRADED\r
Content-Type: application/vnd.docker.raw-stream\r
Connection: Upgrade\r
Upgrade: tcp"""


def joined(frames: list[tuple[int, bytes]], stream: int) -> bytes:
    return b"".join(payload for number, payload in frames if number == stream)


def test_who_attaches_before_the_start_misses_nothing(labd: Client, box: Box) -> None:
    made = box.create("sh", "-c", "echo out; echo err >&2")
    with Hijacked(labd, f"/containers/{made.id}/attach?{OUTPUT}") as stream:
        assert stream.head == UPGRADED
        assert labd.post(f"/containers/{made.id}/start").status == 204
        frames = stream.frames()
    assert joined(frames, 1) == b"out\n"
    assert joined(frames, 2) == b"err\n"


def test_who_leaves_before_the_start_leaves_nothing(labd: Client, box: Box) -> None:
    made = box.create("true", network="bridge")
    with Hijacked(labd, f"/containers/{made.id}/attach?{OUTPUT}"):
        assert not (made.directory / "network.json").exists()
    until(lambda: box.engine.container(made.id).state.status == "created", "created")
    until(lambda: not locked(made.directory / "alive"), "its shim has gone")


def locked(path: Path) -> bool:
    inode = str(path.stat().st_ino)
    return any(f":{inode} " in line for line in Path("/proc/locks").open())


def test_without_an_upgrade_the_stream_follows_a_200(labd: Client, box: Box) -> None:
    made = box.create("echo", "hi")
    path = f"/containers/{made.id}/attach?{OUTPUT}"
    with Hijacked(labd, path, upgrade=False) as stream:
        assert stream.head.startswith("HTTP/1.1 200 OK\r\n")
        box.engine.start(made.id)
        assert joined(stream.frames(), 1) == b"hi\n"


def test_only_what_is_asked_for_is_sent(labd: Client, box: Box) -> None:
    made = box.create("sh", "-c", "echo out; echo err >&2")
    with Hijacked(labd, f"/containers/{made.id}/attach?stream=1&stderr=1") as stream:
        box.engine.start(made.id)
        assert stream.frames() == [(2, b"err\n")]


def test_a_half_closed_connection_ends_the_input_and_not_the_output(
    labd: Client, box: Box
) -> None:
    made = box.create("sh", "-c", "cat; echo end", interactive=True)
    with Hijacked(labd, f"/containers/{made.id}/attach?{ALL}") as stream:
        box.engine.start(made.id)
        stream.type(b"hello\n")
        stream.end()
        assert joined(stream.frames(), 1) == b"hello\nend\n"


def test_much_goes_through_both_ways(labd: Client, box: Box) -> None:
    made = box.create("cat", interactive=True, log_driver="none")
    data = os.urandom(3 << 20)
    with Hijacked(labd, f"/containers/{made.id}/attach?{ALL}") as stream:
        box.engine.start(made.id)
        typing = threading.Thread(target=lambda: (stream.type(data), stream.end()))
        typing.start()
        came = joined(stream.frames(), 1)
        typing.join()
    assert came == data


def test_input_that_nobody_read_does_not_spoil_the_end(labd: Client, box: Box) -> None:
    made = box.create("echo", "hi", interactive=True)
    with Hijacked(labd, f"/containers/{made.id}/attach?{ALL}") as stream:
        stream.type(b"x" * 100_000)
        box.engine.start(made.id)
        assert joined(stream.frames(), 1) == b"hi\n"


def test_what_was_printed_before_can_be_had_first(labd: Client, box: Box) -> None:
    made = box.begin("sh", "-c", "echo before; read line; echo after", interactive=True)
    box.says(made.id, "before")
    with Hijacked(labd, f"/containers/{made.id}/attach?logs=1&{ALL}") as stream:
        stream.shows(b"before\n")
        stream.type(b"\n")
        assert joined(stream.frames(), 1) == b"after\n"
    with Hijacked(labd, f"/containers/{made.id}/attach?logs=1&stdout=1") as stream:
        assert joined(stream.frames(), 1) == b"before\nafter\n"


def test_the_detach_keys_leave_a_terminal_that_others_type_in(
    labd: Client, box: Box
) -> None:
    made = box.create("sh", interactive=True, tty=True)
    path = f"/containers/{made.id}/attach?{ALL}"
    with Hijacked(labd, f"{path}&detachKeys=ctrl-x,x") as stream:
        box.engine.start(made.id)
        stream.type(b"echo o$((1))e\n")
        stream.shows(b"o1e\r\n")
        stream.type(b"\x18x")
        stream.rest()
    with Hijacked(labd, path) as stream:
        stream.end()  # a terminal's input has none
    with Hijacked(labd, path) as stream:
        stream.type(b"echo t$((2))o; exit 7\n")
        stream.shows(b"t2o\r\n")
        stream.rest()
    assert box.engine.wait(made.id) == 7


def test_who_is_paused_is_not_attached_to(labd: Client, box: Box) -> None:
    made = box.begin()
    box.engine.pause(made.id)
    reply = labd.post(f"/containers/{made.id}/attach?{OUTPUT}")
    assert reply.status == 409


def test_wait_answers_at_once_and_tells_the_end_later(labd: Client, box: Box) -> None:
    made = box.begin("sh", "-c", "read line; exit 3", interactive=True)
    with labd.open(f"/containers/{made.id}/wait", "POST") as answer:
        assert answer.status == 200  # though there is nothing to tell
        with Hijacked(labd, f"/containers/{made.id}/attach?{ALL}") as stream:
            stream.type(b"\n")
        assert json.load(answer) == {"StatusCode": 3, "Error": None}
    reply = labd.post(f"/containers/{made.id}/wait")
    assert reply.json["StatusCode"] == 3


def test_the_next_exit_is_one_that_is_still_to_come(labd: Client, box: Box) -> None:
    made = box.create("sh", "-c", "exit 4")
    for _ in range(2):
        path = f"/containers/{made.id}/wait?condition=next-exit"
        with labd.open(path, "POST") as answer:
            box.engine.start(made.id)
            assert json.load(answer)["StatusCode"] == 4


def test_removed_is_told_when_the_record_has_gone(labd: Client, box: Box) -> None:
    made = box.create("sh", "-c", "exit 5", auto_remove=True)
    path = f"/containers/{made.id}/wait?condition=removed"
    with labd.open(path, "POST") as answer:
        assert labd.post(f"/containers/{made.id}/start").status == 204
        assert json.load(answer)["StatusCode"] == 5
    assert not made.directory.exists()


def test_removed_waits_for_whoever_removes(labd: Client, box: Box) -> None:
    made = box.begin("true")
    box.engine.wait(made.id)
    path = f"/containers/{made.id}/wait?condition=removed"
    with labd.open(path, "POST") as answer:
        box.engine.remove(made.id)
        assert json.load(answer)["StatusCode"] == 0


def test_an_rm_container_goes_also_if_its_waiter_goes_first(
    labd: Client, box: Box
) -> None:
    made = box.create("sh", "-c", "sleep 0.3", auto_remove=True)
    path = f"/containers/{made.id}/wait?condition=removed"
    with labd.open(path, "POST"):
        box.engine.start(made.id)
    until(lambda: not made.directory.exists(), "its removal")


def test_what_cannot_be_started_ends_those_who_wait(labd: Client, box: Box) -> None:
    made = box.create("nosuch", auto_remove=True)
    path = f"/containers/{made.id}/wait?condition=removed"
    with labd.open(path, "POST") as answer:
        assert labd.post(f"/containers/{made.id}/start").status == 400
        assert json.load(answer)["StatusCode"] == 127
    assert not made.directory.exists()


def test_what_gets_no_network_ends_those_who_wait(labd: Client, box: Box) -> None:
    front = box.engine.create_network("front", subnet="10.214.9.0/24").name
    made = box.create("true", network=front, ip="10.9.9.9", auto_remove=True)
    path = f"/containers/{made.id}/wait?condition=removed"
    with labd.open(path, "POST") as answer:
        refused = labd.post(f"/containers/{made.id}/start")
        assert refused.status >= 400
        assert "10.9.9.9" in refused.message
        assert json.load(answer)["StatusCode"] != 0
    assert not made.directory.exists()


def test_a_condition_that_nobody_knows_is_refused(labd: Client, box: Box) -> None:
    made = box.create("true")
    reply = labd.post(f"/containers/{made.id}/wait?condition=full-moon")
    assert (reply.status, reply.message) == (400, 'invalid condition: "full-moon"')


def test_many_who_wait_hold_no_thread(labd: Client, box: Box) -> None:
    made = box.begin()
    before = threads_of(labd)
    with ExitStack() as stack:
        answers = [
            stack.enter_context(labd.open(f"/containers/{made.id}/wait", "POST"))
            for _ in range(100)
        ]
        assert threads_of(labd) <= before + 60  # pools, at most
        box.engine.kill(made.id)
        assert {json.load(answer)["StatusCode"] for answer in answers} == {137}


def threads_of(labd: Client) -> int:
    return len(os.listdir(f"/proc/{labd.pid}/task"))


def test_a_terminal_is_resized(labd: Client, box: Box) -> None:
    made = box.create("sh", interactive=True, tty=True)
    with Hijacked(labd, f"/containers/{made.id}/attach?{ALL}") as stream:
        refused = labd.post(f"/containers/{made.id}/resize?h=20&w=50")
        assert refused.status == 409
        box.engine.start(made.id)
        assert labd.post(f"/containers/{made.id}/resize?h=20&w=50").status == 200
        stream.type(b"stty size; exit\n")
        stream.shows(b"\n20 50\r\n")
    for size in ("h=20", "h=x&w=1", "h=70000&w=1", "h=-1&w=1"):
        assert labd.post(f"/containers/{made.id}/resize?{size}").status == 400
