"""Export and import: the files of a container, as it sees them, become one tar."""

import io
import json
import os
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.errors import InvalidArgument, NotFound
from tests.engine.boxes import Box, until
from tests.saved import Saved, packed
from tests.tars import archive, regular

pytestmark = pytest.mark.require("root", "overlay")

CHANGES = "echo new > /new; rm /etc/group; mkdir /d; ln /new /d/link; echo v > /v/x"


def exported(engine: Engine, name: str, path: Path) -> dict[str, tarfile.TarInfo]:
    engine.export(name, path)
    with tarfile.open(path) as tar:
        return {info.name: info for info in tar}


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    return tmp_path / "tree.tar"


def test_export_is_one_tree_without_what_was_deleted(box: Box, tar: Path) -> None:
    container = box.create("sh", "-c", CHANGES, volumes=("/v",))
    box.foreground(container.id)
    members = exported(box.engine, container.id, tar)
    assert {"bin/busybox", "new", "etc/passwd"} <= set(members)
    assert "etc/group" not in members
    assert not [name for name in members if ".wh." in name]
    assert members["new"].linkname == "d/link"


def test_export_has_the_init_layer_and_empty_mount_points(box: Box, tar: Path) -> None:
    container = box.create("sh", "-c", CHANGES, volumes=("/v",))
    box.foreground(container.id)
    members = exported(box.engine, container.id, tar)
    for name in (".dockerenv", "dev/console", "etc/hosts", "etc/resolv.conf"):
        assert members[name].size == 0
    assert members["etc/mtab"].linkname == "/proc/mounts"
    assert members["v"].isdir()
    assert "v/x" not in members


def test_export_sees_the_same_running_paused_and_ended(box: Box, tar: Path) -> None:
    script = f"{CHANGES}; echo done; exec sleep 1000"
    container = box.begin("sh", "-c", script, volumes=("/v",))
    box.says(container.id, "done")
    running = exported(box.engine, container.id, tar)
    box.engine.pause(container.id)
    paused = exported(box.engine, container.id, tar)
    box.engine.unpause(container.id)
    box.engine.kill(container.id)
    ended = exported(box.engine, container.id, tar)
    assert set(running) == set(paused) == set(ended)


def test_export_of_a_container_that_never_ran(box: Box, tar: Path) -> None:
    assert "bin/busybox" in exported(box.engine, box.create("true").id, tar)


def test_export_leaves_no_mount(box: Box, tar: Path) -> None:
    container = box.create("true")
    box.engine.export(container.id, tar)
    mounts = Path("/proc/self/mountinfo").read_text()
    assert container.id not in mounts


def test_an_export_that_fails_leaves_no_file(engine: Engine, tar: Path) -> None:
    with pytest.raises(NotFound):
        engine.export("nosuch", tar)
    assert not list(tar.parent.iterdir())


def test_what_is_exported_can_be_imported_and_run(box: Box, tar: Path) -> None:
    container = box.create("sh", "-c", CHANGES, volumes=("/v",))
    box.foreground(container.id)
    box.engine.export(container.id, tar)
    with tar.open("rb") as stream:
        box.engine.import_image(stream, "flat:1", ['CMD ["cat", "/new"]'])
    assert len(box.engine.image("flat:1").config.diff_ids) == 1
    assert Box(box.engine, "flat:1").run().out == "new\n"


def test_import_gives_one_row_of_history_with_the_comment(engine: Engine) -> None:
    data = archive(regular("a"))
    plain = engine.import_image(io.BytesIO(data), "a:1")
    told = engine.import_image(io.BytesIO(data), "a:2", message="by hand")
    assert [row.comment for row in engine.history(plain.id)] == ["Imported from -"]
    assert [row.comment for row in engine.history(told.id)] == ["by hand"]


def test_import_for_another_machine(engine: Engine) -> None:
    data = archive(regular("a"))
    for platform in ("linux/arm64", "arm64", "linux/arm64/v8"):
        image = engine.import_image(io.BytesIO(data), "a:1", platform=platform)
        assert image.config.architecture == "arm64"
    with pytest.raises(InvalidArgument, match="windows"):
        engine.import_image(io.BytesIO(data), "a:1", platform="windows/amd64")


def test_a_saved_image_goes_through_a_pipe(box: Box) -> None:
    box.image("mine:1", {"hello": "#!/bin/sh\necho hello"})
    image = box.engine.image("mine:1")
    out, into = os.pipe()
    with open(out, "rb", 0) as source, ThreadPoolExecutor() as threads:
        reading = threads.submit(source.readall)
        with open(into, "wb", 0):
            box.engine.save(["mine:1"], into)
        saved = reading.result()
    box.engine.remove_image("mine:1")
    (loaded,) = box.engine.load(io.BytesIO(saved))
    assert (loaded.id, loaded.names) == (image.id, ("mine:1",))
    assert Box(box.engine, "mine:1").run("sh", "/hello").out == "hello\n"


def test_while_an_archive_comes_slowly_images_can_be_removed(box: Box) -> None:
    box.image("mine:1", {"hello": "hello"})
    data = packed(Saved().docker(("loaded:1",)))
    out, into = os.pipe()
    with open(out, "rb", 0) as source, ThreadPoolExecutor() as threads:
        loading = threads.submit(box.engine.load, source)
        with open(into, "wb", 0) as writer:
            writer.write(data[:3000])
            images = box.engine.root / "images"
            until(lambda: list(images.glob(".writing-*/*")), "the first member")
            assert "Untagged: mine:1" in box.engine.remove_image("mine:1")
            writer.write(data[3000:])
        assert loading.result()[0].names == ("loaded:1",)


def test_archives_are_events(engine: Engine, tmp_path: Path) -> None:
    engine.save(["busybox"], tmp_path / "b.tar")
    with (tmp_path / "b.tar").open("rb") as stream:
        engine.load(stream)
    lines = (engine.root / "events.jsonl").read_text().splitlines()
    seen = [(event["Type"], event["Action"]) for event in map(json.loads, lines)]
    assert seen[-2:] == [("image", "save"), ("image", "load")]
