"""Archives that mean harm: each is one clear error, and nothing outside is touched.

Every archive is unpacked twice: as a layer into a directory with a witness beside it,
and by `import` into a whole store, where afterwards nothing may be left of it.
"""

import gzip
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import EngineError, ImageError
from engine.images.store import ImageStore
from engine.storage.unpack import unpack
from tests import tars
from tests.tars import archive, device, folder, hard_link, link, part, regular, tree

pytestmark = pytest.mark.require("root")

WITNESS = b"I was here before"


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    """A directory to unpack into; what is beside it must stay as it was."""
    home = tmp_path / "home"
    (home / "outside").mkdir(parents=True)
    (home / "outside/witness").write_bytes(WITNESS)
    before = tree(home)
    (home / "target").mkdir()
    yield home / "target"
    after = {name: facts for name, facts in tree(home).items() if name[:6] != "target"}
    assert after == before


RANDOM = archive(regular("f", os.urandom(9000)))


def with_header(key: str, value: str) -> bytes:
    """A file with one PAX record."""
    return archive(regular("a", pax_headers={key: value}))


HOSTILE = {
    "a name that leads up": archive(regular("../outside/witness", b"evil")),
    "a name that leads up later": archive(regular("a/b/../../../outside/x", b"evil")),
    "an absolute name": archive(regular("/tmp/hostile-tar-was-here", b"evil")),
    "a hard link out": archive(hard_link("a", "../outside/witness")),
    "an absolute hard link": archive(hard_link("a", "/etc/passwd")),
    "a hard link through a link": archive(
        link("l", "../outside"), hard_link("a", "l/witness")
    ),
    "a hard link to itself": archive(hard_link("a", "a")),
    "a hard link to a directory": archive(folder("d"), hard_link("a", "d")),
    "a hard link to nothing": archive(hard_link("a", "b")),
    "a parent that leads up": archive(link("l", "../outside"), regular("l/x")),
    "a parent that leads nowhere": archive(link("l", "/no"), regular("l/x")),
    "a link in a circle": archive(link("a", "b"), link("b", "a"), regular("a/x")),
    "a file that is a parent": archive(regular("f"), regular("f/x")),
    "a whiteout for dot dot": archive(regular("d/.wh..")),
    "a whiteout for dot": archive(regular(".wh..")),
    "a whiteout for nothing": archive(regular(".wh.")),
    "overlay's own whiteout": archive(device("a", 0, 0)),
    "a device out of range": with_header("SCHILY.devmajor", "99999999"),
    "a name without end": archive(regular("d/" * 3000 + "f")),
    "a part of a name without end": archive(regular("n" * 300)),
    "a name with a zero": with_header("path", "a\0b"),
    "a root that is a file": archive(regular("./", mode=0o4777), regular(".")),
    "an unknown type": archive(part("a", b"Z")),
    "an owner out of range": with_header("uid", str(1 << 32)),
    "a size out of range": with_header("size", str(1 << 70)),
    "a size beyond the archive": with_header("size", str(1 << 50)),
    "a sparse file without end": archive(
        regular(
            "a",
            b"1\n9223372036854775800\n1\n".ljust(1024, b"\0"),
            pax_headers={
                "GNU.sparse.major": "1",
                "GNU.sparse.realsize": "9223372036854775801",
            },
        )
    ),
    "cut off": archive(folder("d"), regular("d/f", b"x" * 5000))[:3000],
    "cut off between entries": archive(folder("d"), regular("f"))[:512],
    "compressed and cut off": gzip.compress(RANDOM)[:5000],
    "compressed and damaged": b"\x1f\x8b" + b"\xff" * 500,
    "empty": b"",
    "no archive": b"#!/bin/sh\necho no archive\n" * 100,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_layer_is_refused(name, target) -> None:
    with pytest.raises(EngineError) as caught:
        unpack(io.BytesIO(HOSTILE[name]), target, [])
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 600


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_import_leaves_nothing_in_the_store(name, tmp_path) -> None:
    store = ImageStore(tmp_path / "root")
    with pytest.raises(EngineError) as caught:
        tars.imported(store, HOSTILE[name], "evil:1")
    assert caught.value.exit_code == 125
    assert store.list() == []
    left = [path for path in store.root.rglob("*") if path.is_file()]
    assert {path.name for path in left} == {
        "oci-layout",
        "index.json",
        "images",
        "index",
    }
    assert not any(store.snapshots.directory.glob("*"))


def test_an_absolute_link_is_only_a_text(target) -> None:
    unpack(io.BytesIO(archive(link("passwd", "/etc/passwd"))), target, [])
    assert os.readlink(target / "passwd") == "/etc/passwd"


def test_a_link_to_the_outside_is_resolved_inside(target) -> None:
    data = archive(link("l", "../../outside"), folder("outside"), regular("l/witness"))
    unpack(io.BytesIO(data), target, [])
    assert (target / "outside/witness").read_bytes() == b""


def test_a_link_in_the_way_of_a_file_is_replaced_and_not_followed(target) -> None:
    data = archive(link("w", "../outside/witness"), regular("w", b"evil"))
    unpack(io.BytesIO(data), target, [])
    assert (target / "w").read_bytes() == b"evil"
    assert not (target / "w").is_symlink()


def test_a_link_in_the_way_of_a_directory_keeps_its_target_unchanged(target) -> None:
    data = archive(link("d", "../outside"), folder("d", mode=0o777), regular("d/x"))
    unpack(io.BytesIO(data), target, [])
    assert (target / "d/x").is_file()


def test_a_directory_swapped_for_a_link_while_it_is_filled_is_left(target) -> None:
    data = archive(
        folder("d"),
        regular("d/a"),
        link("d", "../outside"),
        regular("d/witness", b"evil"),
    )
    with pytest.raises(ImageError):
        unpack(io.BytesIO(data), target, [])


def test_setuid_survives_only_together_with_its_owner(target) -> None:
    data = archive(regular("su", mode=0o4755, uid=1000, gid=1000))
    unpack(io.BytesIO(data), target, [])
    status = (target / "su").stat()
    assert (status.st_mode & 0o7777, status.st_uid) == (0o4755, 1000)


def test_snapshots_can_be_entered_by_root_only(tmp_path) -> None:
    store = ImageStore(tmp_path / "root")
    data = archive(regular("su", mode=0o4755), device("disk", 8, 0, tarfile.BLKTYPE))
    tars.imported(store, data, "a:1")
    assert store.snapshots.directory.stat().st_mode & 0o077 == 0


def test_an_entry_is_named_in_the_error(target) -> None:
    with pytest.raises(ImageError, match="'bad/entry'") as caught:
        data = archive(regular("good"), hard_link("bad/entry", "missing"))
        unpack(io.BytesIO(data), target, [])
    assert caught.value.hint


def test_a_layer_that_holds_other_bytes_than_promised_makes_no_snapshot(
    tmp_path,
) -> None:
    store = ImageStore(tmp_path / "root")
    image = tars.imported(store, archive(regular("a", b"x" * 600)), "a:1")
    blob = store.content.path(image.manifest.layers[0].digest)
    data = bytearray(blob.read_bytes())
    data[700] ^= 1
    blob.write_bytes(data)
    store.snapshots.sweep(())
    with pytest.raises(EngineError, match="unpacks to"):
        store.layer_directories(image)
    assert not any(store.snapshots.directory.glob("*"))


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path) -> None:
    import subprocess

    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], check=True)
    try:
        store = ImageStore(disk / "root")
        data = archive(regular("big", os.urandom(2 << 20)))
        with pytest.raises(EngineError, match="No space left") as caught:
            tars.imported(store, data, "a:1")
        assert "disk is full" in caught.value.hint
        assert store.list() == []
        assert not any(store.content.blobs.iterdir())
    finally:
        subprocess.run(["umount", disk], check=True)
