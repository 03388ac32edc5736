"""A push or a pull whose one end is killed: what is there is whole, and the next ends.

The acts of both are failed and killed one by one in test_every_act.py. Here it is the
bytes between client and registry that stop, wherever they are.
"""

import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path

import pytest

from engine.engine import TransferProgress
from engine.registry import sending
from tests.conformance import registries
from tests.conformance.registries import Http, Server
from tests.engine.boxes import Box
from tests.faults import shelves
from tests.faults.aftermath import until_right
from tests.registries import Cutting, Handler, Scripted, digest_of, tar_of
from tests.shell.lines import Lab

pytestmark = pytest.mark.require("root", "overlay")
LARGE = 12 << 20  # bytes of a layer: more than fits into one request
NOBODY = TransferProgress()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A registry of ours, that is empty."""
    with registries.ours(tmp_path / "registry") as server:
        yield server


def image(own: Box, name: str, size: int = LARGE) -> str:
    return own.image(name, {"large": random.Random(size).randbytes(size).hex()[:size]})


def pushed(server: Server, own: Box, name: str) -> None:
    """What the registry has is whole, and it is this image."""
    assert shelves.wrong(server.root) == []
    there = Http(server)("GET", "/v2/shop/manifests/1")
    assert (
        there.headers["docker-content-digest"] == own.engine.image(name).manifest_digest
    )


@pytest.mark.parametrize("sent", [1, 500, 100_000, LARGE // 2, LARGE - 100_000])
def test_who_pushes_is_killed_after_so_many_bytes(
    own: Box, server: Server, sent: int
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    with Cutting(server.port, repeat(sent), lambda: started[0].kill()) as proxy:
        name = image(own, f"{proxy.host}/shop:1")
        started.append(Lab(own.engine.root).begin("push", name))
        started[0].communicate()
        assert started[0].returncode == -signal.SIGKILL
        proxy.cuts = iter(())
        own.engine.containers(all=True)
        until_right(own.engine.root)
        assert shelves.wrong(server.root) == []
        own.engine.push(name, NOBODY)
    pushed(server, own, name)


def test_the_registry_is_killed_in_a_push_and_started_again(
    own: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The push goes on with the next one, which has the same files."""
    monkeypatch.setattr(sending, "_PIECE", 1 << 20)
    with ExitStack() as servers:

        def serve() -> Server:
            return servers.enter_context(registries.ours(tmp_path / "registry"))

        def kill_and_serve() -> None:
            os.kill(now[-1].pid, signal.SIGKILL)
            servers.close()
            now.append(serve())
            proxy.port, proxy.cuts = now[-1].port, iter(())

        now = [serve()]
        with Cutting(now[0].port, repeat(LARGE // 2), kill_and_serve) as proxy:
            name = image(own, f"{proxy.host}/shop:1")
            own.engine.push(name, NOBODY)
        assert len(now) == 2
        pushed(now[1], own, name)


@pytest.mark.parametrize("part", [0, 1000, 200_000])
def test_who_pulls_is_killed_after_so_many_bytes(own: Box, part: int) -> None:
    layer = tar_of({"f": random.Random(part).randbytes(400_000)})
    started: list[subprocess.Popen[bytes]] = []
    with Scripted() as registry:
        registry.add_image("1", layer)
        name = f"{registry.host}/shop:1"

        def kill(handler: Handler) -> bool:
            wanted = handler.path.endswith(f"/blobs/{digest_of(layer)}")
            if not wanted or started[0].poll() is not None:
                return False
            handler.cut(len(layer), layer[:part])
            handler.wfile.flush()
            started[0].kill()
            started[0].wait()
            return True

        registry.rules.append(kill)
        started.append(Lab(own.engine.root).begin("pull", name))
        started[0].communicate()
        assert started[0].returncode == -signal.SIGKILL
        own.engine.containers(all=True)
        until_right(own.engine.root)
        assert name not in [n for i in own.engine.images() for n in i.references]
        own.engine.pull(name, NOBODY)
    until_right(own.engine.root)
