"""A pull whose connection is cut goes on where it was; nothing complete comes again."""

import random
import time
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.errors import DigestMismatch, RegistryError
from engine.registry import service
from engine.registry.wire import Patience
from tests.engine.transfers import Heard, store_of
from tests.registries import Handler, Scripted, digest_of, start_of, tar_of

pytestmark = pytest.mark.require("root", "overlay")
QUICK = Patience(connect=2, silence=1, first=0.01, longest=0.05, tries=4)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long in a test."""
    monkeypatch.setattr(service, "PATIENCE", QUICK)


class Cutter:
    """Cuts the bodies of blobs at random bytes, so many times; counts what it sent."""

    def __init__(self, registry: Scripted, cuts: int, seed: int) -> None:
        self._registry, self.left = registry, cuts
        self._random = random.Random(seed)
        self.sent: dict[str, int] = {}
        registry.rules.append(self)

    def __call__(self, handler: Handler) -> bool:
        digest = handler.path.rpartition("/")[2]
        blob = self._registry.blobs.get(digest, b"")
        rest = blob[start_of(handler) :]
        if "/blobs/" not in handler.path or len(blob) < 4096:
            return False
        if not self.left:
            self.sent[digest] = self.sent.get(digest, 0) + len(rest)
            return False
        self.left -= 1
        part = rest[: self._random.randrange(1, max(2, len(rest) // 8))]
        self.sent[digest] = self.sent.get(digest, 0) + len(part)
        handler.cut(len(rest), part, 206 if start_of(handler) else 200)
        return True


def wait_for(path: Path) -> None:
    end = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < end, f"{path} does not come"
        time.sleep(0.01)


def downloads(engine: Engine) -> set[Path]:
    return set((engine.root / "downloads").glob("*"))


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_pull_that_is_cut_twenty_times_ends_right_and_fetches_nothing_twice(
    engine: Engine, seed: int
) -> None:
    layers = [tar_of({f"f{n}": noise(n, 400_000)}) for n in range(4)]
    with Scripted() as registry:
        registry.add_image("1", *layers)
        cutter = Cutter(registry, 20, seed)
        pulled = engine.pull(f"{registry.host}/x:1", Heard())
        assert cutter.left == 0
        assert cutter.sent == {digest_of(layer): len(layer) for layer in layers}
    assert pulled.image.config.diff_ids == tuple(map(digest_of, layers))


def test_what_was_complete_when_a_pull_failed_is_not_fetched_by_the_next(
    engine: Engine,
) -> None:
    whole, half = tar_of({"a": noise(1, 300_000)}), tar_of({"b": noise(2, 300_000)})
    of_others = downloads(engine)
    with Scripted() as registry:
        registry.add_image("1", whole, half)
        name, before = f"{registry.host}/x:1", store_of(engine)
        broken = True

        def breaks(handler: Handler) -> bool:
            if not broken or digest_of(half) not in handler.path:
                return False
            wait_for(engine.root / "downloads" / f"{digest_of(whole)[7:]}.whole")
            handler.cut(len(half), half[:100_000] if not start_of(handler) else b"")
            return True

        registry.rules.append(breaks)
        with pytest.raises(RegistryError, match=f"{registry.host}, repository x"):
            engine.pull(name, Heard())
        assert store_of(engine) == before
        broken, before_it = False, len(registry.asked_for(digest_of(whole)))
        engine.pull(name, Heard())
        assert len(registry.asked_for(digest_of(whole))) == before_it
        last = registry.asked_for(digest_of(half))[-1]
        assert last["Range"] == "bytes=100000-"
    assert downloads(engine) == of_others


def test_a_server_that_knows_no_ranges_is_read_from_the_beginning(
    engine: Engine,
) -> None:
    layer = tar_of({"a": noise(3, 300_000)})
    with Scripted() as registry:
        registry.add_image("1", layer)
        times = []

        def sends_all(handler: Handler) -> bool:
            if digest_of(layer) not in handler.path:
                return False
            times.append(handler)
            if len(times) == 1:
                handler.cut(len(layer), layer[:200_000])
            else:
                handler.send(200, layer)
            return True

        registry.rules.append(sends_all)
        pulled = engine.pull(f"{registry.host}/x:1", Heard())
    assert pulled.image.config.diff_ids == (digest_of(layer),)


def test_a_registry_that_is_busy_is_asked_again_after_a_while(engine: Engine) -> None:
    with Scripted() as registry:
        registry.add_image("1", tar_of({"a": b"x"}))
        refused = iter([429, 503, 500, 200] * 10)

        def busy(handler: Handler) -> bool:
            status = next(refused)
            if status != 200:
                handler.send(status, Retry_After="3600")
            return status != 200

        registry.rules.append(busy)
        engine.pull(f"{registry.host}/x:1", heard := Heard())
    assert "Status: Downloaded newer image" in heard.lines[-1]


def test_a_download_that_was_damaged_on_the_disk_does_not_get_into_the_store(
    engine: Engine,
) -> None:
    layer = tar_of({"a": noise(4, 300_000)})
    place = engine.root / "downloads"
    place.mkdir(exist_ok=True)
    (place / digest_of(layer)[7:]).write_bytes(b"\0" * 1000)
    before = store_of(engine)
    with Scripted() as registry:
        registry.add_image("1", layer)
        with pytest.raises(DigestMismatch, match=f"{registry.host}, repository x"):
            engine.pull(f"{registry.host}/x:1", Heard())
        assert store_of(engine) == before
        engine.pull(f"{registry.host}/x:1", Heard())  # from the beginning


def test_old_downloads_go_and_all_of_them_with_a_prune(
    engine: Engine, tmp_path: Path
) -> None:
    place = engine.root / "downloads"
    place.mkdir(exist_ok=True)
    (place / ("a" * 64)).write_bytes(b"half")
    engine.prune_images()
    assert list(place.iterdir()) == []
