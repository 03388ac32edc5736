"""Names that are hard to write down: paths of roots, arguments, users."""

import os
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.errors import EngineError
from engine.files import closing, open_directory
from engine.kernel import libc, mount_table, paths
from engine.storage.trees import TreeCopy
from tests import workshop
from tests.engine.boxes import Box

ODD = [
    "a b",
    "a:b",
    "a,b",
    "a\\b",
    "a\\:b,c",
    "é ü",
    "a\nb",
    "a\x85b\r\u2028c",
    "a\udcffb",
]


@pytest.mark.parametrize("name", ODD)
def test_a_root_may_have_any_name(run_directory: Path, name: str) -> None:
    engine = Engine(run_directory / name)
    try:
        box = Box(engine)
        container = box.begin("sleep", "1000")
        engine.close()  # the root stays mounted as long as something runs in it
        assert mount_table.is_mount_point(engine.root)
        assert box.execute(container.id, "echo", "hi").out == "hi\n"
        assert any(m.target == str(engine.root) for m in engine.mounts())
    finally:
        workshop.close(engine)
    assert not any(m.target.startswith(str(engine.root)) for m in mount_table.table())


def test_arguments_need_not_be_text(box: Box) -> None:
    odd = os.fsdecode(b"a\xffb")
    done = box.run("sh", "-c", 'echo "$0$A"', odd, environment=(f"A={odd}",))
    assert done.raw == b"a\xffba\xffb\n"


def test_a_user_of_a_million_digits_is_nobody(box: Box) -> None:
    with pytest.raises(EngineError, match="no matching entries in passwd file"):
        box.create("true", user="9" * 1_000_000)


def test_a_device_in_the_place_of_a_file_is_not_opened(tmp_path: Path) -> None:
    os.mknod(tmp_path / "passwd", 0o20666, os.makedev(1, 3))
    watch = libc.call("inotify_init1", os.O_NONBLOCK)
    libc.call("inotify_add_watch", watch, str(tmp_path / "passwd"), 0x20)  # IN_OPEN
    root = os.open(tmp_path, os.O_PATH)
    assert paths.read_inside(root, "/passwd") is None
    with pytest.raises(BlockingIOError):
        os.read(watch, 100)
    os.close(watch)
    os.close(root)


def test_a_copy_swapped_for_a_link_changes_nothing_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, volume, outside = (tmp_path / n for n in ("source", "volume", "outside"))
    source.mkdir(), volume.mkdir()
    outside.write_text("")
    outside.chmod(0o600)
    os.mkfifo(source / "f")
    (source / "f").chmod(0o4777)
    chown = os.chown

    def swapped(name: str, *owner: int, **how: object) -> None:
        chown(name, *owner, **how)
        (volume / "f").unlink()
        (volume / "f").symlink_to(outside)

    monkeypatch.setattr(os, "chown", swapped)
    with (
        closing(open_directory(source)) as content,
        closing(open_directory(volume)) as copy,
    ):
        TreeCopy(copy, owners=True).whole(content)
    assert (volume / "f").is_symlink()
    assert outside.stat().st_mode & 0o7777 == 0o600
