"""Nothing is left of a proof: not of one that is told to end, nor of a killed one."""

import contextlib
import os
import signal
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from labshell.lessons.room import room, sweep
from tests import leftovers, workshop

pytestmark = pytest.mark.require("root", "overlay")
_ABOVE = Path("/var/tmp")
Found = TypeVar("Found")


def rooms() -> set[Path]:
    return set(_ABOVE.glob("labshell-room-*"))


@contextlib.contextmanager
def proof(lesson: str, *how: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A `lab lesson test` in whose room a container runs, and that room."""
    before = rooms()
    with subprocess.Popen(
        [workshop.HOME / "lab", "lesson", "test", *how, lesson],
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            place = wait_for(lambda: next(iter(rooms() - before), None))
            wait_for(
                lambda: [m for m in leftovers.mounts_in(place) if "/containers/" in m]
            )
            yield process, place
        finally:
            process.kill()


def wait_for(look: Callable[[], Found | None]) -> Found:
    end = time.monotonic() + 60
    while not (found := look()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def left_of(place: Path) -> list[str]:
    """What there is of a room, and of those who work in it."""
    tag = f"{zlib.crc32(os.fsencode(place / 'root')):08x}"
    census = leftovers.take(place)
    kinds = (census.cgroups, census.links, census.rules, census.files)
    tagged = [one for kind in kinds for one in kind if tag in one]
    found = [*census.mounts, *census.processes, *tagged]
    return [*found, *workers(place), *([str(place)] if place.exists() else [])]


def workers(place: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.fsencode(place) in (process / "environ").read_bytes():
                found.append(process.name)
    return found


@pytest.mark.parametrize("lesson", ["commit/init-layer", "network/names"])
def test_the_room_of_a_killed_proof_goes_with_the_next_room(lesson: str) -> None:
    with proof(lesson) as (process, place):
        process.kill()
        process.wait()
        assert left_of(place)
        with room("the next"):
            assert left_of(place) == []


def test_a_proof_that_is_told_to_end_takes_its_room_away() -> None:
    with proof("commit/init-layer") as (process, place):
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 130
        assert left_of(place) == []


def test_the_room_of_a_living_one_stays() -> None:
    with room("the living") as (engine, _):
        place = engine.root.parent
        engine.image("busybox")
        before = sorted(place.rglob("*"))
        sweep()
        assert sorted(place.rglob("*")) == before
    assert not place.exists()


def test_a_proof_goes_on_while_another_one_begins() -> None:
    with proof("commit/init-layer", "--once") as (process, _):
        with room("the next"):
            pass
        assert process.wait(120) == 0


def test_what_another_user_has_put_there_is_not_swept() -> None:
    planted = Path("/var/tmp/labshell-room-planted")
    planted.mkdir(mode=0o700)
    os.chown(planted, 65534, 65534)
    try:
        sweep()
        assert planted.exists()
    finally:
        planted.rmdir()


def test_a_link_that_is_called_like_a_room_is_not_followed(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    planted = Path("/var/tmp/labshell-room-link")
    planted.symlink_to(tmp_path)
    try:
        sweep()
        assert tmp_path.exists()
    finally:
        planted.unlink()
