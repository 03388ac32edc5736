"""Events: what is told of a life, and reading it while it goes on."""

import json
import threading
import time
from pathlib import Path

import pytest

from engine import events
from engine.containers.looking.watching import watch
from engine.engine import Engine, EngineError
from engine.events import Event
from tests.engine.boxes import LASTS, Box


@pytest.fixture
def since() -> float:
    """The moment at which the test began."""
    return time.time()


def told(engine: Engine, since: float, **filters: list[str]) -> list[Event]:
    return list(engine.events(since, time.time(), filters))


def actions(engine: Engine, since: float, **filters: list[str]) -> list[str]:
    return [event.action for event in told(engine, since, **filters)]


def test_a_life_is_told_in_order(box: Box, since: float) -> None:
    made = box.create("sh", "-c", "exit 3", name="box", labels={"a": "b"})
    box.foreground(made.id)
    box.engine.rename("box", "other")
    box.engine.commit("other", "mine:1", message="why")
    box.engine.remove("other")
    lived = told(box.engine, since, type=["container"])
    assert [event.action for event in lived] == (
        "create attach start die rename commit destroy".split()
    )
    assert {event.id for event in lived} == {made.id}
    known = {"a": "b", "image": "busybox", "name": "box"}
    assert lived[0].attributes == known
    assert lived[3].attributes == {**known, "exitCode": "3"}
    assert lived[4].attributes == {**known, "name": "other", "oldName": "/box"}
    image = box.engine.image("mine:1")
    assert lived[5].attributes["imageID"] == image.id
    assert lived[5].attributes["imageRef"] == "mine:1"
    assert lived[5].attributes["comment"] == "why"


def test_images_and_volumes_are_told_of(box: Box, since: float) -> None:
    engine = box.engine
    made = box.create("true", name="box", volumes=("data:/d", "/anonymous"))
    image = engine.commit(made.id, "mine:1")
    engine.tag("mine:1", "mine:2")
    engine.remove_image("mine:1")
    engine.remove_image("mine:2")
    engine.remove(made.id, volumes=True)
    engine.remove_volume("data")
    of_images = told(engine, since, type=["image"])
    assert [event.action for event in of_images] == "tag tag untag untag delete".split()
    assert {event.id for event in of_images} == {image.id}
    assert of_images[1].attributes == {"name": "mine:2"}
    of_volumes = told(engine, since, type=["volume"])
    assert [
        event.action for event in of_volumes
    ] == "create create destroy destroy".split()
    assert actions(engine, since, volume=["data"]) == ["create", "destroy"]


def test_filters_choose_events(box: Box, since: float) -> None:
    box.begin(*LASTS, name="box", labels={"a": "b"})
    box.execute("box", "true")
    engine = box.engine
    assert actions(engine, since, event=["start", "die"]) == ["start"]
    (created,) = actions(engine, since, event=["exec_create"])
    assert created.startswith("exec_create: true")
    assert "start" in actions(engine, since, container=["bo"], label=["a=b"])
    assert actions(engine, since, label=["a=c"]) == []
    assert "start" in actions(engine, since, image=["busybox"])
    assert actions(engine, since, image=["nosuch"]) == []
    assert actions(engine, since, type=["network"]) == []
    assert actions(engine, since, scope=["swarm"]) == []
    with pytest.raises(EngineError, match="Invalid filter 'foo'"):
        actions(engine, since, foo=["1"])


def test_since_must_not_be_after_until(engine: Engine) -> None:
    with pytest.raises(EngineError, match=r"`since` time .* cannot be after `until`"):
        list(engine.events(2000.0, 1000.0))


def test_only_what_happened_between_the_two_times_is_told(tmp_path: Path) -> None:
    write(tmp_path, *(an_event(number) for number in range(1, 6)))
    assert [event.nanoseconds for event in watch(tmp_path, 2e-9, 4e-9)] == [2, 3, 4]
    assert [event.nanoseconds for event in watch(tmp_path, None, 2e-9)] == [1, 2]


def an_event(number: int) -> bytes:
    data = Event(
        kind="volume", action=f"n{number}", id="v", attributes={}, nanoseconds=number
    ).to_json()
    return json.dumps(data).encode() + b"\n"


def write(root: Path, *lines: bytes, name: str = "events.jsonl") -> None:
    with (root / name).open("ab") as file:
        file.writelines(lines)


def test_what_is_no_event_is_passed_over(tmp_path: Path) -> None:
    hostile = [
        b"{}\n",
        b"[1]\n",
        b"\xff\xfe\n",
        b"null\n",
        b"[" * 100_000 + b"\n",
        b"\n",
    ]
    write(tmp_path, an_event(1), *hostile, b"x" * 3_000_000 + b"\n", an_event(2))
    write(tmp_path, an_event(3)[:-5])  # cut short
    assert [event.action for event in watch(tmp_path, 0, 1)] == ["n1", "n2"]


def test_the_file_put_aside_is_read_first(tmp_path: Path) -> None:
    write(tmp_path, an_event(1), name="events.jsonl.1")
    write(tmp_path, an_event(2))
    assert [event.action for event in watch(tmp_path, 0, 1)] == ["n1", "n2"]


def test_a_reader_follows_while_the_file_is_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LARGEST", 2000)
    many = 100

    def write_many() -> None:
        for number in range(many):
            events.record(tmp_path, "volume", f"n{number}", "v", {})
            seen[number].wait(5)

    seen = [threading.Event() for _ in range(many)]
    following = watch(tmp_path, since=time.time())
    writer = threading.Thread(target=write_many)
    writer.start()
    for number in range(many):
        assert next(following).action == f"n{number}"
        seen[number].set()
    writer.join()
    following.close()
    assert (tmp_path / "events.jsonl.1").exists()


def test_without_since_only_what_comes_is_told(box: Box) -> None:
    box.create("true", name="before")
    following = box.engine.events(until=None)
    first: list[Event] = []
    reader = threading.Thread(target=lambda: first.append(next(following)))
    reader.start()
    number = 0
    while reader.is_alive() and number < 50:  # until the reader has begun to read
        box.engine.create_volume(f"after{number}")
        reader.join(0.1)
        number += 1
    assert first[0].id.startswith("after")
    following.close()


def test_what_comes_is_told_also_after_the_clock_was_set_back(tmp_path: Path) -> None:
    def happen(action: str, hours_ago: int) -> None:
        event = Event(
            kind="container",
            action=action,
            id="1",
            attributes={},
            nanoseconds=time.time_ns() - hours_ago * 3_600_000_000_000,
        )
        with events.path(tmp_path).open("a") as file:
            file.write(json.dumps(event.to_json()) + "\n")

    happen("over", 0)
    coming = watch(tmp_path)
    later = threading.Timer(0.2, happen, ("new", 3))
    later.start()
    assert next(coming).action == "new"
    coming.close()
    later.join()


def test_what_only_looks_or_tidies_is_told_too(box: Box, since: float) -> None:
    box.begin(*LASTS, name="box")
    box.engine.top("box")
    box.engine.prune_containers()
    box.engine.prune_volumes()
    told_of = told(box.engine, since, event=["top", "prune"])
    assert [(event.kind, event.action) for event in told_of] == [
        ("container", "top"),
        ("container", "prune"),
        ("volume", "prune"),
    ]
    assert told_of[1].id == ""
    assert told_of[1].attributes == {"reclaimed": "0"}
