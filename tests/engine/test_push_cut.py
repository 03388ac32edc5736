"""A push whose connection is cut goes on where the registry says that it ended."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.errors import RegistryError
from engine.registry import sending, service
from engine.registry.wire import Patience
from tests.conformance import registries
from tests.conformance.registries import Server
from tests.engine.transfers import Heard
from tests.registries import Cutting, Handler, Scripted, tar_of

pytestmark = pytest.mark.require("root", "overlay")
QUICK = Patience(connect=2, silence=2, first=0.01, longest=0.05, tries=4)
LARGE, SMALL = 900_000, 300_000  # bytes of a layer: sent in pieces, or at once


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long in a test, and half a megabyte is large."""
    monkeypatch.setattr(service, "PATIENCE", QUICK)
    monkeypatch.setattr(sending, "_AT_ONCE", 500_000)
    monkeypatch.setattr(sending, "_PIECE", 100_000)


@pytest.fixture(params=["ours", "dockers"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A registry: of both kinds, one after the other."""
    with getattr(registries, request.param)(tmp_path / "registry") as server:
        yield server


def image(engine: Engine, size: int) -> str:
    """The name of an image that has one layer with so many bytes."""
    with Scripted() as source:
        layer = tar_of({"f": random.Random(size).randbytes(size)})
        source.add_image("1", layer)
        engine.pull(f"{source.host}/x:1", Heard())
        engine.tag(f"{source.host}/x:1", "cut:1")
        engine.remove_image(f"{source.host}/x:1")
    return "cut:1"


@pytest.mark.require("docker-registry")
@pytest.mark.parametrize(("size", "times"), [(LARGE, 8), (SMALL, 2)])
def test_a_push_that_is_cut_again_and_again_ends_right(
    engine: Engine, server: Server, fresh_root: Path, size: int, times: int
) -> None:
    if server.root.name == "files":  # docker-registry forgets an upload that was cut
        times = 2
    name, chance = image(engine, size), random.Random(size)
    cuts = iter([chance.randrange(120_000, 280_000) for _ in range(times)])
    with Cutting(server.port, cuts) as proxy:
        engine.tag(name, f"{proxy.host}/cut:1")
        engine.push(f"{proxy.host}/cut:1", Heard())
    elsewhere = Engine(fresh_root)
    elsewhere.pull(f"{server.address}/cut:1", Heard())
    there, ours = elsewhere.image(f"{server.address}/cut:1"), engine.image(name)
    assert (there.id, there.manifest_digest) == (ours.id, ours.manifest_digest)


def test_a_registry_that_takes_nothing_is_told_and_asked_no_more(
    engine: Engine,
) -> None:
    name = image(engine, 1000)
    with Scripted() as registry:

        def full(handler: Handler) -> bool:
            if handler.command == "POST":
                handler.send(507, b'{"errors":[{"message":"no room"}]}')
            return handler.command == "POST"

        registry.rules.append(full)
        engine.tag(name, f"{registry.host}/cut:1")
        with pytest.raises(RegistryError, match=r"no room \(507 .*, repository cut\)"):
            engine.push(f"{registry.host}/cut:1", Heard())
    assert engine.image(f"{registry.host}/cut:1").repo_digests == ()


@pytest.mark.parametrize(
    "location", ["", "file:///etc/x", "http://localhost:1/x", "http://u:p@localhost/x"]
)
def test_a_layer_goes_nowhere_but_to_its_registry(
    engine: Engine, location: str
) -> None:
    name = image(engine, 1000)
    with Scripted() as registry:

        def elsewhere(handler: Handler) -> bool:
            if handler.command == "POST":
                handler.send(202, Location=location)
            return handler.command == "POST"

        registry.rules.append(elsewhere)
        engine.tag(name, f"{registry.host}/cut:1")
        with pytest.raises(RegistryError, match="redirect"):
            engine.push(f"{registry.host}/cut:1", Heard())
