"""A disk that is full, or cannot be written."""

import io
import itertools
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.errors import EngineError
from tests import workshop
from tests.engine.boxes import Box, follow, until
from tests.faults.aftermath import until_right
from tests.saved import Saved, packed
from tests.tars import archive, regular

MEGABYTE = 1 << 20
PAGE = 4096  # bytes: what a disk of memory gives at a time


class Disk:
    """A small disk of memory, and an engine whose root is on it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.root = place / "root"

    def fill(self) -> None:
        """Leave no byte free."""
        with (self.place / "ballast").open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(65536))
            except OSError:
                pass
            try:
                while True:
                    file.write(bytes(512))
            except OSError:
                pass

    def leave(self, pages: int) -> None:
        """Leave room for so many pages, and no more."""
        self.fill()
        size = (self.place / "ballast").stat().st_size
        os.truncate(self.place / "ballast", max(size - pages * PAGE, 0))

    def relieve(self) -> None:
        """Take what filled it away."""
        (self.place / "ballast").unlink()

    def remount(self, *options: str) -> None:
        words = ",".join(("remount", *options))
        subprocess.run(["mount", "-o", words, str(self.place)], check=True)


@pytest.fixture
def disk(tmp_path: Path, shared_engine: Engine) -> Iterator[Disk]:
    """16 MB: room for busybox twice, as a blob and unpacked, and some more."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m,mode=755", "none", str(place)]
    subprocess.run(mount, check=True)
    disk = Disk(place)
    try:
        yield disk
        disk.remount("rw", "size=64m")
        workshop.close(Engine(disk.root))
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def full(disk: Disk) -> Box:
    """An engine with an image, on a disk that is full."""
    box = Box(Engine(disk.root))
    box.run("true")
    disk.fill()
    return box


def names(directory: Path) -> set[str]:
    """Every path below, whatever it is."""
    paths = (path.relative_to(directory) for path in directory.rglob("*"))
    return {str(path) for path in paths if len(path.parts) > 1}


def without_locks(root: Path) -> set[str]:
    """The same but for locks: they stay where they were needed once."""
    found = names(root)
    return {n for n in found if "locks" not in n and not n.endswith("/committing")}


def refuses(caught: pytest.ExceptionInfo[EngineError]) -> None:
    assert "No space left on device" in caught.value.message
    assert "disk is full" in caught.value.hint
    assert caught.value.exit_code == 125


def test_no_room_for_the_base_image_is_one_clear_error(disk: Disk) -> None:
    disk.remount("size=2m")
    with pytest.raises(EngineError) as caught:
        Engine(disk.root).image("busybox")
    refuses(caught)
    blobs = disk.root / "images" / "blobs" / "sha256"
    assert list(blobs.iterdir()) == []
    assert not (disk.root / "snapshots").exists() or not names(disk.root / "snapshots")
    disk.remount("size=16m")
    assert Box(Engine(disk.root)).run("echo", "ok").out == "ok\n"


def test_no_room_for_a_container_is_one_clear_error_and_leaves_nothing(
    full: Box,
) -> None:
    before = names(full.engine.root)
    with pytest.raises(EngineError) as caught:
        full.create("true", name="mine", volumes=("/v",))
    refuses(caught)
    assert names(full.engine.root) == before
    assert full.engine.containers(all=True) == []


def test_no_room_for_a_commit_is_one_clear_error_and_leaves_nothing(
    disk: Disk,
) -> None:
    box = Box(Engine(disk.root))
    container = box.create("dd", "if=/dev/urandom", "of=/x", "bs=1M", "count=3")
    box.foreground(container.id)
    disk.fill()
    before = names(disk.root / "images")
    with pytest.raises(EngineError) as caught:
        box.engine.commit(container.id, "mine")
    refuses(caught)
    assert names(disk.root / "images") == before
    disk.relieve()
    box.engine.commit(container.id, "mine")
    assert box.run("ls", "/x", image="mine").code == 0


def test_no_room_for_an_import_is_one_clear_error_and_leaves_nothing(
    full: Box, tmp_path: Path
) -> None:
    (tmp_path / "x").write_bytes(os.urandom(MEGABYTE))
    archive = tmp_path / "x.tar"
    subprocess.run(["tar", "-cf", archive, "-C", tmp_path, "x"], check=True)
    before = names(full.engine.root / "images")
    with archive.open("rb") as stream, pytest.raises(EngineError) as caught:
        full.engine.import_image(stream, "mine")
    refuses(caught)
    assert names(full.engine.root / "images") == before


def commit(engine: Engine) -> None:
    engine.commit("changed", "mine")


def create(engine: Engine) -> None:
    Box(engine).create("true", name="mine", volumes=("/v",))


def load(engine: Engine) -> None:
    engine.load(io.BytesIO(packed(Saved().docker())))


def import_image(engine: Engine) -> None:
    engine.import_image(io.BytesIO(archive(regular("x", bytes(5 * PAGE)))), "mine")


@pytest.mark.parametrize("verb", [commit, create, load, import_image])
def test_however_little_room_there_is_it_is_done_or_nothing_is_left(
    disk: Disk, verb: Callable[[Engine], None]
) -> None:
    box = Box(Engine(disk.root))
    box.run("true")
    changed = box.create("true", name="changed")
    (changed.directory / "upper" / "x").write_bytes(os.urandom(5 * PAGE))
    before = without_locks(disk.root)
    for pages in itertools.count():
        disk.leave(pages)
        try:
            verb(Engine(disk.root))
        except EngineError as error:
            assert "No space left on device" in error.message
            assert "disk is full" in error.hint
        else:
            break
        Engine(disk.root).containers(all=True)  # an ordinary command, as little room
        until_right(disk.root)
        assert without_locks(disk.root) == before
        disk.relieve()
    disk.relieve()
    assert pages > 1
    until_right(disk.root)
    assert box.run("true", image="mine" if verb is commit else "busybox").code == 0


def test_a_container_that_fills_the_disk_sees_the_error_and_ends_by_itself(
    disk: Disk,
) -> None:
    box = Box(Engine(disk.root))
    script = "read x; dd if=/dev/zero of=/x bs=64k; echo wrote $?; echo to >&2; exit 7"
    container = box.create("sh", "-c", script, interactive=True)
    done = box.foreground(container.id, b"\n")  # not before its start is recorded
    assert "No space left" in done.err
    assert done.out == "wrote 1\n"
    assert done.code == 7


def test_output_goes_on_when_the_log_has_no_room(full: Box, disk: Disk) -> None:
    disk.relieve()
    container = full.begin("sh", "-c", "read x; seq 1 20000", interactive=True)
    disk.fill()
    done = follow(full.engine.session(container.id, stdin=True), b"go\n")
    assert done.lines == [str(n) for n in range(1, 20001)]
    assert done.code == 0


def test_a_start_on_a_full_disk_works_or_is_one_clear_error(
    full: Box, disk: Disk
) -> None:
    disk.relieve()
    container = full.create("sleep", "1000")
    disk.fill()
    try:
        full.engine.start(container.id)
    except EngineError as error:
        assert "No space left" in error.message
    else:
        assert full.engine.container(container.id).running
    disk.relieve()
    full.engine.remove(container.id, force=True)
    assert container.id not in Path("/proc/self/mountinfo").read_text()


def test_a_container_that_runs_can_be_ended_and_removed_when_the_disk_is_full(
    full: Box, disk: Disk
) -> None:
    disk.relieve()
    container = full.begin()
    disk.fill()
    try:
        full.engine.kill(container.id)
    except EngineError as error:
        assert "No space left" in error.message
    until(lambda: not Path(f"/proc/{container.state.pid}").exists(), "its end")
    full.engine.remove(container.id, force=True)
    assert full.engine.containers(all=True) == []


def test_a_root_that_cannot_be_written_is_one_clear_error(disk: Disk) -> None:
    box = Box(Engine(disk.root))
    container = box.create("true", name="mine")
    disk.remount("ro")
    for act in (
        lambda: box.create("true"),
        lambda: box.engine.rename("mine", "other"),
        lambda: box.engine.create_volume("data"),
        lambda: box.engine.commit("mine", "image"),
        lambda: box.engine.tag("busybox", "other"),
        lambda: box.engine.remove("mine"),
        lambda: box.engine.start("mine"),
    ):
        with pytest.raises(EngineError) as caught:
            act()
        assert "Read-only file system" in caught.value.message
        assert "--root" in caught.value.hint
    assert [c.id for c in box.engine.containers(all=True)] == [container.id]
    assert box.engine.inspect("mine")["Id"] == container.id


def test_a_root_that_cannot_be_made_is_one_clear_error(disk: Disk) -> None:
    disk.place.mkdir(exist_ok=True)
    disk.remount("ro")
    with pytest.raises(EngineError) as caught:
        Engine(disk.place / "new").image("busybox")
    assert "Read-only file system" in caught.value.message
    assert "--root" in caught.value.hint


def test_a_root_that_is_a_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(EngineError) as caught:
            Engine(root).image("busybox")
        assert str(root) in caught.value.message
