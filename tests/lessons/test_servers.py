"""What a lesson serves, or makes of bundles, goes with it, and nothing else does."""

import os
import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import Bundled, Engine, Labd, ServerSettings
from engine.errors import NotFound
from labshell.lessons import scene
from labshell.lessons.lines import run_hidden
from labshell.lessons.record import Made
from labshell.lessons.room import room
from labshell.lessons.servers import info, serving

pytestmark = pytest.mark.require("root", "overlay")


@pytest.fixture
def port() -> int:
    """A port of this machine that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def address(engine: Engine, busybox: str, port: int) -> Iterator[str]:
    """A registry of the engine that has one image, `kept`; host and port."""
    registry = engine.registry
    registry.begin(ServerSettings(port=port))
    push(engine, f"127.0.0.1:{port}/kept:1")
    yield f"127.0.0.1:{port}"
    if registry.find() is not None:
        registry.stop()


def push(engine: Engine, name: str) -> None:
    """Push the image `busybox` as `name`."""
    done = run_hidden(engine, f"lab tag busybox {name}; lab push {name}")
    assert done.code == 0, done.output


def blobs(engine: Engine) -> int:
    """How many blobs the registry has on the disk."""
    return len(list((engine.registry.root / "blobs/sha256").iterdir()))


def test_a_registry_is_seen_while_it_is_served(engine: Engine, address: str) -> None:
    assert [(s.name, s.address) for s in serving(engine)] == [
        ("registry", f"http://{address}")
    ]
    engine.registry.stop()
    assert serving(engine) == []


def test_what_came_with_the_lesson_goes_with_it(engine: Engine, address: str) -> None:
    now = scene.inventory(engine)
    assert (now.servers, now.repositories) == ([f"http://{address}"], ["kept"])
    removed = scene.clear(engine, scene.news(Made(), now), Made())
    assert {"registry", "repository kept"} <= set(removed)
    assert engine.registry.find() is None
    assert (engine.registry.repositories(), blobs(engine)) == ([], 0)


def test_who_one_was_there_is_forgotten(engine: Engine, address: str) -> None:
    asked = f"echo enigma | lab login -u ada --password-stdin {address}"
    assert run_hidden(engine, asked).code == 0
    made = scene.news(Made(), scene.inventory(engine))
    engine.registry.stop()  # as a student may do, too
    scene.clear(engine, made, Made())
    assert engine.known_login(address) is None


def test_a_demonstration_leaves_no_login_behind(port: int) -> None:
    address = f"127.0.0.1:{port}"
    with room("demonstration") as (engine, _):
        engine.registry.begin(ServerSettings(port=port))
        asked = f"echo enigma | lab login -u ada --password-stdin {address}"
        assert run_hidden(engine, asked).code == 0
        assert engine.known_login(address) is not None
    assert engine.known_login(address) is None


def test_what_was_there_before_stays(engine: Engine, address: str) -> None:
    before = scene.inventory(engine)
    push(engine, f"{address}/lent/shop:1")
    made = scene.news(before, scene.inventory(engine))
    assert (made.servers, made.repositories) == ([], ["lent/shop"])
    scene.clear(engine, made, before)
    assert engine.registry.find() is not None
    assert engine.registry.repositories() == ["kept"]
    done = run_hidden(engine, f"lab rmi busybox; lab pull {address}/kept:1")
    assert done.code == 0, done.output


def test_after_a_crash_only_what_the_lesson_names_is_its_own(
    engine: Engine, address: str
) -> None:
    push(engine, f"{address}/lent/shop:1")
    came = scene.inventory(engine)
    named = f"lab registry serve -d\nlab push {address}/lent/shop:1"
    found = scene.mentioned(engine, came, named)
    assert (found.servers, found.repositories) == (came.servers, ["lent/shop"])
    found = scene.mentioned(engine, came, "lab push elsewhere/shop")
    assert (found.servers, found.repositories) == ([], [])


def test_no_registry_outlives_an_engine_that_is_destroyed(
    fresh_root: Path, port: int
) -> None:
    engine = Engine(fresh_root)
    engine.registry.begin(ServerSettings(port=port))
    engine.destroy()
    assert not fresh_root.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_repository_that_is_not_there_cannot_be_removed(engine: Engine) -> None:
    with pytest.raises(NotFound):
        engine.registry.remove("nowhere")


def test_labd_is_asked_what_it_is(engine: Engine) -> None:
    assert info(engine) is None, "nobody serves it"
    started = run_hidden(engine, "lab daemon start")
    assert started.code == 0, started.output
    try:
        told = info(engine)
        assert told is not None
        assert told["DockerRootDir"] == str(engine.root)
    finally:
        Labd.of(engine.root).stop()


BUNDLE = """
mkdir -p {0}/rootfs/bin; cp /bin/busybox {0}/rootfs/bin/sleep
labshell-runc spec -b {0}
sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"sleep", "3600"/' {0}/config.json
labshell-runc create -b {0} {1}
"""


def test_a_container_of_a_bundle_in_a_volume_goes_with_the_lesson(
    engine: Engine, tmp_path: Path
) -> None:
    ours, other = (os.urandom(8).hex() for _ in range(2))  # one room for all of them
    before = scene.inventory(engine)
    volume = engine.create_volume("shelf").content
    for place, id in (volume, ours), (tmp_path, other):
        done = run_hidden(engine, BUNDLE.format(place, id))
        assert done.code == 0, done.output
    others = Bundled.below(tmp_path)
    try:
        made = scene.news(before, scene.inventory(engine))
        assert made.servers == [f"bundle://{ours}"]
        removed = scene.clear(engine, made, before)
        assert f"container {ours} of labshell-runc" in removed
        assert Bundled.below(engine.root) == []
        assert Bundled.below(tmp_path) == others, "it is nobody's business of ours"
    finally:
        for one in others:
            one.delete()


def test_a_container_of_a_bundle_goes_with_the_room(tmp_path: Path) -> None:
    with room("somebody") as (engine, _):
        volume = engine.create_volume("shelf").content
        done = run_hidden(engine, BUNDLE.format(volume, os.urandom(8).hex()))
        assert done.code == 0, done.output
        root = engine.root
        [one] = Bundled.below(root)
        ends = os.pidfd_open(one.container.pid)
    assert Bundled.below(root) == []
    assert select.select([ends], [], [], 60)[0], "its process has ended"
    os.close(ends)
