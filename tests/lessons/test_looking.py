"""A file in a layer is looked at without ever leaving the layer."""

import os

import pytest

from labshell.lessons.looking import (
    MOST_BYTES,
    file_system,
    look,
    look_through,
    paths_in,
)


def test_a_file_is_read(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").write_text("text")
    assert look(tmp_path, "/a/b").data == b"text"


def test_of_a_large_file_as_much_is_read_as_is_asked_for(tmp_path):
    (tmp_path / "large").write_bytes(bytes(MOST_BYTES + 2))
    assert len(look(tmp_path, "/large").data or b"") == MOST_BYTES
    assert len(look(tmp_path, "/large", MOST_BYTES + 1).data or b"") == MOST_BYTES + 1


OUT = "/.." * 20 + "/etc"


@pytest.mark.parametrize("path", ["/link", "/folder/passwd", f"{OUT}/passwd"])
def test_no_link_and_no_dots_lead_out(tmp_path, path):
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").symlink_to("/etc")
    assert look(tmp_path, path).data is None


def test_a_file_system_is_that_of_the_place_itself(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/etc")
    found = file_system(tmp_path, "/folder")
    assert found is not None
    assert found.f_fsid == os.statvfs(tmp_path / "folder").f_fsid
    for path in ("/link", "/link/passwd", "/nowhere", OUT):
        assert file_system(tmp_path, path) is None


def test_a_fifo_does_not_hold_us_up(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    found = look(tmp_path, "/fifo")
    assert found.status is not None
    assert found.data is None


@pytest.mark.require("root")
def test_a_whiteout_hides_what_lies_below(tmp_path):
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    for layer in (upper, lower):
        layer.mkdir()
        (layer / f"in-{layer.name}").write_text(layer.name)
    (lower / "gone").write_text("still stored")
    os.mknod(upper / "gone", 0o20000, os.makedev(0, 0))
    assert look_through([upper, lower], "/gone").status is None
    assert look_through([upper, lower], "/in-lower").data == b"lower"
    assert look_through([upper, lower], "/in-upper").data == b"upper"
    assert {"/gone", "/in-lower"} <= set(paths_in(lower))


@pytest.mark.require("root")
def test_an_opaque_directory_hides_the_one_below(tmp_path):
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    for layer in (upper, lower):
        (layer / "d/e").mkdir(parents=True)
    (lower / "d/e/old").write_text("x")
    os.setxattr(upper / "d", "trusted.overlay.opaque", b"y")
    assert look_through([upper, lower], "/d/e/old").status is None
