"""A copy out of, or into, a container that does its worst meanwhile.

Nothing of the machine may be read or written through what a container has planted, and
nothing may make the copy wait for ever.
"""

import io
import os
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.kernel import places
from engine.storage.trees import TreeCopy
from tests import tars
from tests.engine.boxes import Box, content, in_memory

SECRET = b"secret of the machine"
SECONDS = 2.0  # of each race


@pytest.fixture
def bait(tmp_path: Path) -> Iterator[Path]:
    """A directory of the machine that no container may touch."""
    bait = tmp_path / "bait"
    bait.mkdir()
    (bait / "secret").write_bytes(SECRET)
    before = os.stat(bait / "secret")
    yield bait
    assert os.listdir(bait) == ["secret"]
    after = os.stat(bait / "secret")
    assert (before.st_ino, before.st_ctime_ns) == (after.st_ino, after.st_ctime_ns)


def links(bait: Path) -> str:
    """Shell: plant links that lead to the bait, if the machine follows them."""
    up = "../" * 12
    return (
        f"mkdir /t; ln -s {bait} /t/dir; ln -s {bait}/secret /t/file; "
        f"ln -s {up}{bait} /t/up; ln -s /proc/1/root{bait} /t/proc; "
        f"ln -s {bait}/new /t/new; "
    )


def test_planted_links_lead_nowhere_on_the_way_out(
    box: Box, bait: Path, tmp_path: Path
) -> None:
    box.begin("sh", "-c", links(bait) + "echo ready; sleep 1000", name="box")
    box.says("box", "ready")
    for path in ("dir/secret", "up/secret", "proc/secret"):
        with pytest.raises(EngineError):
            box.engine.copy_out("box", f"/t/{path}", str(tmp_path / "out"))
    for name in ("dir", "file", "up", "proc", "new"):
        with pytest.raises(EngineError):
            box.engine.copy_out("box", f"/t/{name}", str(tmp_path / "out"), follow=True)
    box.engine.copy_out("box", "/t", str(tmp_path / "out"))
    assert all(path.is_symlink() for path in (tmp_path / "out").iterdir())


def test_planted_links_lead_nowhere_on_the_way_in(
    box: Box, bait: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("mine")
    box.begin("sh", "-c", links(bait) + "echo ready; sleep 1000", name="box")
    box.says("box", "ready")
    for name in ("dir", "up", "proc", "new", "dir/x", "up/x", "file/x"):
        with pytest.raises(EngineError):
            box.engine.copy_in("box", str(tmp_path / "mine"), f"/t/{name}")
    for name in ("dir", "up", "proc"):
        tar = tars.archive(tars.regular(f"{name}/secret", b"gone"))
        with pytest.raises(EngineError):
            box.engine.unpack_files("box", "/t", io.BytesIO(tar))


def test_a_copy_out_follows_no_link_that_is_there_on_the_machine(
    box: Box, bait: Path, tmp_path: Path
) -> None:
    box.begin("sh", "-c", "mkdir -p /t/dir; echo x > /t/dir/secret; echo ready; cat")
    container = box.engine.containers()[0]
    box.says(container.id, "ready")
    out = tmp_path / "out"
    out.mkdir()
    (out / "dir").symlink_to(bait)
    with pytest.raises(EngineError, match='non-directory "dir" with directory'):
        box.engine.copy_out(container.id, "/t/.", str(out))
    (out / "secret").symlink_to(bait / "secret")
    box.engine.copy_out(container.id, "/t/dir/.", str(out))
    assert not (out / "secret").is_symlink()


FLIP = """
    mkdir -p /real/deep; for i in 1 2 3 4 5 6 7 8; do echo inside > /real/secret$i
    echo inside > /real/deep/secret$i; done; echo inside > /real/secret
    echo ready
    while :; do
        mv /swap /old 2>/dev/null; ln -s {bait} /swap
        rm /swap; mv /old /swap 2>/dev/null || cp -r /real /swap
        ln -sf {bait}/secret /swap/secret8; rm -f /swap/secret7
        mkfifo /swap/secret7; mv /swap/deep /swap/d 2>/dev/null
        ln -s {bait} /swap/deep; rm -f /swap/deep; mv /swap/d /swap/deep 2>/dev/null
    done
"""


def test_a_race_reads_nothing_of_the_machine(
    box: Box, bait: Path, tmp_path: Path
) -> None:
    box.begin("sh", "-c", FLIP.format(bait=bait), name="box")
    box.says("box", "ready")
    end, attempts, copied = time.monotonic() + SECONDS, 0, 0
    while time.monotonic() < end:
        attempts += 1
        out = tmp_path / f"out{attempts}"  # the last may be a link that was copied
        try:
            box.engine.copy_out("box", "/swap", str(out))
            copied += out.is_dir() and not out.is_symlink()
        except EngineError:
            pass
        if out.is_dir() and not out.is_symlink():
            for path in out.rglob("*"):
                if stat.S_ISREG(path.lstat().st_mode):
                    assert path.read_bytes() != SECRET
        with in_memory() as tar:
            try:
                box.engine.pack_files("box", "/swap/.", tar)
            except (EngineError, OSError):
                continue
            assert SECRET not in content(tar)
    assert copied


def test_a_race_writes_nothing_to_the_machine(
    box: Box, bait: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    (mine / "deep").mkdir(parents=True)
    for name in ("secret", "deep/secret"):
        (mine / name).write_text("mine")
    os.mkfifo(mine / "deep" / "pipe")
    tar = tars.archive(
        *(tars.regular(f"deep/secret{i}", b"mine") for i in range(9)),
        tars.part("deep/pipe", b"6", mode=0o600),
    )
    box.begin("sh", "-c", FLIP.format(bait=bait), name="box")
    box.says("box", "ready")
    end, copied = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        for path in ("/swap", "/swap/deep"):
            try:
                box.engine.copy_in("box", f"{mine}/.", path)
                box.engine.unpack_files("box", "/swap", io.BytesIO(tar))
                copied += 1
            except EngineError:
                continue
    assert copied


def test_what_cannot_be_read_is_not_opened(box: Box, tmp_path: Path) -> None:
    """A fifo would wait, and a device would set a driver to work."""
    made = "mkfifo /t/fifo; mknod /t/tty c 4 0; mknod /t/disk b 7 0; echo ready; cat"
    box.begin("sh", "-c", f"mkdir /t; {made}", name="box")
    box.says("box", "ready")
    upper = box.engine.container("box").directory / "upper" / "t"
    with socket.socket(socket.AF_UNIX) as bound:
        descriptor = os.open(upper, os.O_PATH)
        bound.bind(f"/proc/self/fd/{descriptor}/socket")
        os.close(descriptor)
    out = tmp_path / "out"
    box.engine.copy_out("box", "/t", str(out))
    assert sorted(os.listdir(out)) == ["disk", "fifo", "tty"]
    assert stat.S_ISFIFO(os.lstat(out / "fifo").st_mode)
    # nobody else on this machine gets a device through a container
    assert stat.S_IMODE(os.lstat(out / "disk").st_mode) & 0o077 == 0
    with in_memory() as tar:
        box.engine.pack_files("box", "/t", tar)
        assert "t/socket" not in tars.names(content(tar))


def test_a_file_without_end_on_paper_takes_no_time(box: Box, tmp_path: Path) -> None:
    box.begin(
        "sh",
        "-c",
        "dd if=/dev/zero of=/huge bs=1 count=0 seek=1024G; echo ready; cat",
        name="box",
    )
    box.says("box", "ready")
    box.engine.copy_out("box", "/huge", str(tmp_path / "huge"))
    status = os.stat(tmp_path / "huge")
    assert (status.st_size, status.st_blocks) == (1 << 40, 0)


def test_a_tree_without_end_is_refused(box: Box, tmp_path: Path) -> None:
    deep = "cd /t; i=0; while [ $i -lt 300 ]; do mkdir d; cd d; i=$((i+1)); done"
    box.begin("sh", "-c", f"mkdir /t; {deep}; echo ready; cat", name="box")
    box.says("box", "ready")
    with pytest.raises(EngineError, match="directories deep"):
        box.engine.copy_out("box", "/t", str(tmp_path / "out"))


def test_a_loop_of_links_ends(box: Box, tmp_path: Path) -> None:
    box.begin("sh", "-c", "ln -s /b /a; ln -s /a /b; echo ready; cat", name="box")
    box.says("box", "ready")
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(EngineError, match="Too many levels of symbolic links"):
        box.engine.copy_in("box", str(tmp_path / "mine"), "/a")


@pytest.mark.parametrize(
    "part",
    [
        tars.regular("../escaped", b"x"),
        tars.regular("a/../../escaped", b"x"),
        tars.hard_link("stolen", "../../../../etc/passwd"),
        tars.hard_link("stolen", "/etc/nosuch"),
    ],
)
def test_a_tar_that_leads_out_is_refused(box: Box, part: tars.Part) -> None:
    box.create("true", name="box")
    with pytest.raises(EngineError):
        box.engine.unpack_files("box", "/tmp", io.BytesIO(tars.archive(part)))


def test_a_tars_own_links_lead_nowhere_outside_the_container(
    box: Box, bait: Path
) -> None:
    box.create("true", name="box")
    tar = tars.archive(
        tars.link("out", str(bait)),
        tars.regular("out/secret", b"gone"),
    )
    with pytest.raises(EngineError):
        box.engine.unpack_files("box", "/tmp", io.BytesIO(tar))


def test_a_file_that_is_swapped_for_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    """Between the look and the opening: what was looked at is what is opened."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    (source / "f").write_text("text")
    root = os.open(source, os.O_RDONLY | os.O_DIRECTORY)
    top = os.open(target, os.O_RDONLY | os.O_DIRECTORY)

    class Swapping(TreeCopy):
        def _file(self, place: int, target: int, name: str) -> None:
            os.unlink(source / "f")
            os.mkfifo(source / "f")
            super()._file(place, target, name)

    try:
        place = places.find(root, "/f", follow=True)
        Swapping(top, owners=True).entry(place.directory, place.name, "f")
        place.close()
    finally:
        os.close(root)
        os.close(top)
    assert (target / "f").read_text() == "text"
