"""Copies in and out of a container whose users are nobody outside."""

import io
import os
import struct
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.engine import Container
from engine.storage.owners import Shift
from tests.engine.boxes import LASTS, Box, content, in_memory

pytestmark = pytest.mark.require("root", "overlay")
AUTO: dict[str, Any] = {"user_namespace": "auto"}
SCRIPT = "mkdir -p /srv/d; echo x > /srv/d/f; chown 5:6 /srv/d/f; exec sleep 1000"


@pytest.fixture(params=["running", "stopped"])
def shifted(box: Box, request: pytest.FixtureRequest) -> Iterator[Container]:
    """A container with a file of user 5, that runs, or has been stopped."""
    container = box.begin("sh", "-c", f"{SCRIPT}", volumes=("shifted-cp:/v",), **AUTO)
    while box.execute(container.id, "test", "-s", "/srv/d/f").code:
        pass
    box.execute(container.id, "chown", "-h", "5:6", "/srv/d/f")
    if request.param == "stopped":
        box.engine.stop(container.id, 0)
    yield container


def owners_in(data: bytes) -> dict[str, tuple[int, int]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {m.name.strip("/"): (m.uid, m.gid) for m in tar}


def to_its_end(box: Box, container: Container) -> tuple[int, str]:
    """Start it in the background: the shim of a copy may be about to go."""
    box.engine.start(container.id)
    code = box.engine.wait(container.id)
    said = b"".join(entry.data for entry in box.engine.logs(container.id))
    return code, said.decode()


def stored(container: Container, path: str) -> tuple[int, int]:
    status = os.lstat(container.directory / "upper" / path)
    return status.st_uid, status.st_gid


def test_a_tar_out_has_the_owners_that_it_sees(box: Box, shifted: Container) -> None:
    with in_memory() as out:
        box.engine.pack_files(shifted.id, "/srv/d", out)
        found = owners_in(content(out))
    assert found == {"d": (0, 0), "d/f": (5, 6)}


def test_a_copy_out_with_owners_too(
    box: Box, shifted: Container, tmp_path: Path
) -> None:
    box.engine.copy_out(shifted.id, "/srv/d", str(tmp_path), owners=True)
    status = (tmp_path / "d" / "f").stat()
    assert (status.st_uid, status.st_gid) == (5, 6)
    box.engine.copy_out(shifted.id, "/srv/d/f", str(tmp_path / "mine"))
    assert (tmp_path / "mine").stat().st_uid == os.geteuid()


def test_a_copy_in_keeps_its_owners(
    box: Box, shifted: Container, tmp_path: Path
) -> None:
    source = tmp_path / "new"
    (source / "below").mkdir(parents=True)
    (source / "below" / "f").write_text("f")
    (source / "link").symlink_to("nowhere")
    os.chown(source / "below" / "f", 7, 8)
    box.engine.copy_in(shifted.id, str(source), "/srv")
    assert stored(shifted, "srv/new/below") == (0, 0)
    assert stored(shifted, "srv/new/below/f") == (7, 8)
    assert stored(shifted, "srv/new/link") == (0, 0)


def test_a_tar_in_keeps_its_owners(box: Box, shifted: Container) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, uid in (("a", 7), ("b", 100000)):
            member = tarfile.TarInfo(name)
            member.uid = member.gid = uid
            tar.addfile(member)
    data.seek(0)
    box.engine.unpack_files(shifted.id, "/srv", data)
    assert stored(shifted, "srv/a") == (7, 7)
    assert stored(shifted, "srv/b") == (65534, 65534)  # nobody whom it could know


def test_what_comes_into_a_volume_is_stored_unshifted(
    box: Box, shifted: Container, tmp_path: Path
) -> None:
    (tmp_path / "f").write_text("f")
    os.chown(tmp_path / "f", 9, 9)
    box.engine.copy_in(shifted.id, str(tmp_path / "f"), "/v")
    volume = box.engine.volume("shifted-cp").content
    assert (volume / "f").stat().st_uid == 9
    box.engine.copy_out(shifted.id, "/v/f", str(tmp_path / "back"), owners=True)
    assert (tmp_path / "back").stat().st_uid == 9


def test_an_export_has_the_owners_of_an_image(box: Box, shifted: Container) -> None:
    with in_memory() as out:
        box.engine.export(shifted.id, out)
        found = owners_in(content(out))
    assert found["srv/d/f"] == (5, 6)
    assert found["bin"] == (0, 0)


def test_who_has_copied_is_root_of_the_machine_again(box: Box, tmp_path: Path) -> None:
    container = box.create(*LASTS, **AUTO)
    (tmp_path / "f").write_text("f")
    box.engine.copy_in(container.id, str(tmp_path / "f"), "/tmp")
    (tmp_path / "after").write_text("mine")
    assert (tmp_path / "after").stat().st_uid == os.geteuid()
    before = Path("/proc/self/status").read_text()
    effective = before.partition("CapEff:")[2].split()[0]
    assert int(effective, 16) & 0b11  # CAP_CHOWN, CAP_DAC_OVERRIDE


def test_a_start_after_a_copy_finds_the_same_owners(box: Box, tmp_path: Path) -> None:
    container = box.create("stat", "-c", "%u", "/tmp/f", "/bin", **AUTO)
    (tmp_path / "f").write_text("f")
    os.chown(tmp_path / "f", 7, 7)
    box.engine.copy_in(container.id, str(tmp_path / "f"), "/tmp")
    assert to_its_end(box, container) == (0, "7\n0\n")


def test_capabilities_of_files_go_with_their_root() -> None:
    value = struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)
    out = Shift(0, 655360).attribute("security.capability", value)
    assert out == struct.pack("<IIIIII", 0x03000001, 1 << 13, 0, 0, 0, 655360)
    assert Shift(655360, 0).attribute("security.capability", out) == value
    assert Shift(0, 655360).attribute("user.note", value) == value


def test_a_program_with_capabilities_of_its_own_has_them_inside(
    box: Box, tmp_path: Path
) -> None:
    program = tmp_path / "busybox-cap"
    source = box.create("true")
    box.engine.copy_out(source.id, "/bin/busybox", str(program))
    value = struct.pack("<IIIII", 0x02000001, 1 << 0, 0, 0, 0)  # CAP_CHOWN, effective
    os.setxattr(program, "security.capability", value)
    container = box.create("/tmp/busybox-cap", "chown", "9", "/root", user="33", **AUTO)
    box.engine.copy_in(container.id, str(program), "/tmp")
    copied = container.directory / "upper/tmp/busybox-cap"
    assert os.getxattr(copied, "security.capability")[:20][4:] == value[4:]
    assert to_its_end(box, container) == (0, "")
