"""Layers packed and unpacked, against the kernel's own overlay file system.

Each test makes a change in a real overlay mount, or a tar, and looks at the other side.
"""

import io
import os
import shutil
import stat
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.files import remove_tree
from engine.storage import whiteouts
from engine.storage.changes import changes
from engine.storage.pack import pack
from engine.storage.unpack import unpack
from tests.tars import (
    archive,
    device,
    folder,
    hard_link,
    link,
    members,
    names,
    regular,
    tree,
)

pytestmark = pytest.mark.require("root", "overlay")


class Overlay:
    """Some lower directories, an upper one, and what they show together."""

    def __init__(self, home: Path, count: int = 1) -> None:
        self.lowers = [home / f"lower{n}" for n in range(count)]  # topmost first
        self.upper, self.work, self.merged = home / "upper", home / "work", home / "all"
        for path in (*self.lowers, self.upper, self.work, self.merged):
            path.mkdir()

    def mount(self) -> Path:
        lower = ":".join(map(str, self.lowers))
        options = f"lowerdir={lower},upperdir={self.upper},workdir={self.work}"
        subprocess.run(
            ["mount", "-t", "overlay", "overlay", "-o", options, self.merged],
            # mount(8)'s newer way, fsconfig(2), takes 255 bytes of lowerdir at most.
            env={**os.environ, "LIBMOUNT_FORCE_MOUNT2": "always"},
            check=True,
        )
        return self.merged

    def changes(self) -> list[str]:
        return [f"{c.kind} {c.path}" for c in changes(self.upper, self.lowers)]


@pytest.fixture
def overlay(tmp_path: Path) -> Iterator[Callable[..., Overlay]]:
    made: list[Overlay] = []

    def make(count: int = 1) -> Overlay:
        home = tmp_path / f"overlay{len(made)}"
        home.mkdir()
        made.append(Overlay(home, count))
        return made[-1]

    yield make
    for one in made:
        subprocess.run(["umount", one.merged], stderr=subprocess.DEVNULL)


def packed(directory: Path) -> bytes:
    buffer = io.BytesIO()
    pack(directory, buffer.write)
    return buffer.getvalue()


def unpacked(data: bytes, directory: Path, *parents: Path) -> Path:
    directory.mkdir()
    unpack(io.BytesIO(data), directory, parents)
    return directory


# Packing


def test_a_file_deleted_in_the_mount_is_a_whiteout_in_the_tar(overlay) -> None:
    o = overlay()
    (o.lowers[0] / "etc").mkdir()
    (o.lowers[0] / "etc/group").write_text("x")
    (o.mount() / "etc/group").unlink()
    mark = members(packed(o.upper))["etc/.wh.group"]
    assert (mark.type, mark.mode, mark.size) == (tarfile.REGTYPE, 0o600, 0)
    assert names(packed(o.upper)) == ["etc", "etc/.wh.group"]


def test_many_deletions_are_as_many_whiteouts(overlay) -> None:
    o = overlay()
    for name in "abc":
        (o.lowers[0] / name).write_text(name)
    merged = o.mount()
    for name in "abc":  # overlay makes them hard links to one inode
        (merged / name).unlink()
    assert names(packed(o.upper)) == [".wh.a", ".wh.b", ".wh.c"]


def test_a_directory_made_anew_is_opaque(overlay) -> None:
    o = overlay()
    (o.lowers[0] / "log").mkdir()
    (o.lowers[0] / "log/old").write_text("x")
    merged = o.mount()
    (merged / "log/old").unlink()
    (merged / "log").rmdir()
    (merged / "log").mkdir()
    (merged / "log/new").write_text("y")
    found = members(packed(o.upper))
    assert list(found) == ["log", "log/.wh..wh..opq", "log/new"]
    assert found["log/.wh..wh..opq"].mode == 0o755


def test_hard_links_stay_links(tmp_path) -> None:
    (tmp_path / "a").write_text("x")
    os.link(tmp_path / "a", tmp_path / "b")
    second = members(packed(tmp_path))["b"]
    assert (second.type, second.linkname) == (tarfile.LNKTYPE, "a")


def test_sockets_are_left_behind(tmp_path) -> None:
    os.mknod(tmp_path / "socket", stat.S_IFSOCK | 0o600)
    os.mkfifo(tmp_path / "fifo")
    assert names(packed(tmp_path)) == ["fifo"]


def test_attributes_of_the_machine_are_left_behind(tmp_path) -> None:
    file = tmp_path / "a"
    file.write_text("x")
    for name in ("user.mine", "user.overlay.opaque", "trusted.secret", "user.a=b"):
        os.setxattr(file, name, b"v")
    headers = members(packed(tmp_path))["a"].pax_headers
    assert [key for key in headers if "xattr" in key] == ["SCHILY.xattr.user.mine"]


def test_the_same_files_give_the_same_bytes(tmp_path) -> None:
    for order in ("abc", "cab"):
        directory = tmp_path / order
        directory.mkdir()
        for name in order:
            (directory / name).write_text(name)
            os.utime(directory / name, (1, 1))
    assert packed(tmp_path / "abc") == packed(tmp_path / "cab")


def test_an_upper_directory_that_is_not_the_whole_change_is_refused(tmp_path) -> None:
    (tmp_path / "moved").mkdir()
    os.setxattr(tmp_path / "moved", "trusted.overlay.redirect", b"/old")
    with pytest.raises(EngineError, match="only a part of the change"):
        packed(tmp_path)


def test_a_tree_without_end_is_refused_with_a_reason(tmp_path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    with pytest.raises(EngineError, match="directories deep"):
        packed(tmp_path)
    with pytest.raises(EngineError, match="directories deep"):
        list(changes(tmp_path, []))


def test_a_tree_deeper_than_any_stack_can_still_be_removed(tmp_path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    remove_tree(top)
    assert not top.exists()


# Unpacking


def test_what_is_packed_unpacks_to_the_same_tree(tmp_path) -> None:
    source = tmp_path / "source"
    (source / "deep/er").mkdir(parents=True, mode=0o700)
    (source / "deep/er/file").write_bytes(bytes(range(256)) * 5000)
    (source / "setuid").write_text("x")
    os.chown(source / "setuid", 5, 6)
    (source / "setuid").chmod(0o4755)
    os.symlink("/nowhere/at/all", source / "link")
    os.lchown(source / "link", 7, 8)
    os.link(source / "setuid", source / "second")
    os.mkfifo(source / "fifo")
    os.mknod(source / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    (source / ("n" * 200)).write_text("long")
    Path(os.fsdecode(os.fsencode(source) + b"/caf\xe9")).write_text("latin")
    os.utime(source / "setuid", ns=(5, 1_234_567_890_000_000_000))
    copy = unpacked(packed(source), tmp_path / "copy")
    assert tree(copy) == tree(source)
    assert packed(copy) == packed(source)
    assert (copy / "setuid").stat().st_nlink == 2


def test_times_of_directories_survive_what_is_put_into_them(tmp_path) -> None:
    data = archive(folder("d", mtime=1000), regular("d/f", mtime=2000))
    copy = unpacked(data, tmp_path / "copy")
    assert ((copy / "d").stat().st_mtime, (copy / "d/f").stat().st_mtime) == (
        1000,
        2000,
    )


def test_attributes_of_the_file_are_kept_and_others_dropped(tmp_path) -> None:
    headers = {
        f"SCHILY.xattr.{name}": "v"
        for name in ("user.mine", "trusted.overlay.redirect", "user.overlay.opaque")
    }
    copy = unpacked(archive(regular("a", pax_headers=headers)), tmp_path / "copy")
    assert os.listxattr(copy / "a") == ["user.mine"]


def test_an_attribute_that_no_disk_takes_is_an_error_that_names_it(tmp_path) -> None:
    large = {"SCHILY.xattr.user.large": "x" * 70_000}
    with pytest.raises(EngineError, match=r"user\.large"):
        unpacked(archive(regular("a", pax_headers=large)), tmp_path / "layer")


def test_whiteouts_and_opaque_marks_become_overlays_own(tmp_path) -> None:
    below = tmp_path / "below"
    (below / "log").mkdir(parents=True)
    (below / "gone").write_text("x")
    data = archive(regular(".wh.gone"), folder("log"), regular("log/.wh..wh..opq"))
    copy = unpacked(data, tmp_path / "copy", below)
    assert whiteouts.is_whiteout((copy / "gone").lstat())
    assert os.getxattr(copy / "log", "trusted.overlay.opaque") == b"y"
    assert sorted(os.listdir(copy)) == ["gone", "log"]


def test_a_whiteout_for_what_is_not_there_leaves_no_trace(tmp_path, overlay) -> None:
    o = overlay()
    (o.lowers[0] / "d").mkdir()
    layer = unpacked(archive(regular("d/.wh.never")), tmp_path / "layer", *o.lowers)
    o.lowers.insert(0, layer)
    assert os.listdir(o.mount() / "d") == []


def test_a_whiteout_counts_for_the_layers_below_and_not_for_its_own(tmp_path) -> None:
    below = tmp_path / "below"
    (below / "d").mkdir(parents=True)
    for order, parts in {
        "before": (regular(".wh.d"), folder("d"), regular("d/new")),
        "after": (folder("d"), regular("d/new"), regular(".wh.d")),
        "implied": (regular(".wh.d"), regular("d/new")),
    }.items():
        copy = unpacked(archive(*parts), tmp_path / order, below)
        assert (copy / "d/new").is_file()
        assert os.getxattr(copy / "d", "trusted.overlay.opaque") == b"y"


def test_marks_of_aufs_itself_are_skipped(tmp_path) -> None:
    data = archive(folder(".wh..wh.plnk"), regular(".wh..wh.aufs"), regular("a"))
    assert os.listdir(unpacked(data, tmp_path / "copy")) == ["a"]


def test_an_omitted_parent_is_as_it_is_in_the_layers_below(tmp_path) -> None:
    top, bottom = tmp_path / "top", tmp_path / "bottom"
    for below, mode in ((top, 0o1777), (bottom, 0o700)):
        (below / "tmp/mine").mkdir(parents=True)
        (below / "tmp").chmod(mode)
        os.chown(below / "tmp/mine", 7, 8)
    copy = unpacked(archive(regular("tmp/mine/x")), tmp_path / "copy", top, bottom)
    assert stat.S_IMODE((copy / "tmp").stat().st_mode) == 0o1777
    assert (copy / "tmp/mine").stat().st_uid == 7


def test_an_omitted_parent_that_was_deleted_below_is_a_fresh_one(tmp_path) -> None:
    top, bottom = tmp_path / "top", tmp_path / "bottom"
    (bottom / "d").mkdir(parents=True)
    (bottom / "d").chmod(0o777)
    top.mkdir()
    os.mknod(top / "d", stat.S_IFCHR, 0)
    copy = unpacked(archive(regular("d/x")), tmp_path / "copy", top, bottom)
    assert stat.S_IMODE((copy / "d").stat().st_mode) == 0o755


def test_an_entry_goes_through_a_link_of_its_own_layer(tmp_path) -> None:
    data = archive(folder("usr/lib"), link("lib", "/usr/lib"), regular("lib/x", b"1"))
    assert (unpacked(data, tmp_path / "copy") / "usr/lib/x").read_bytes() == b"1"


def test_of_two_entries_with_one_name_the_later_counts(tmp_path) -> None:
    data = archive(
        regular("a", b"old"), regular("a", b"new"),
        folder("b"), regular("b/x"), regular("b", b"file"),
        link("c", "a"), folder("c"), regular("c/y"),
    )  # fmt: skip
    copy = unpacked(data, tmp_path / "copy")
    assert (copy / "a").read_bytes() == b"new"
    assert (copy / "b").read_bytes() == b"file"
    assert (copy / "c/y").is_file()


def test_holes_stay_holes(tmp_path) -> None:
    data = archive(
        regular("big", bytes(4 << 20) + b"end"), regular("zero", bytes(9999))
    )
    copy = unpacked(data, tmp_path / "copy")
    assert (copy / "big").stat().st_blocks * 512 < 1 << 20
    assert (copy / "big").read_bytes() == bytes(4 << 20) + b"end"
    assert (copy / "zero").read_bytes() == bytes(9999)


def test_hard_links_and_devices_are_made(tmp_path) -> None:
    data = archive(regular("a", b"x"), hard_link("b", "./a"), device("null", 1, 3))
    copy = unpacked(data, tmp_path / "copy")
    assert (copy / "a").stat().st_ino == (copy / "b").stat().st_ino
    assert (copy / "null").stat().st_rdev == os.makedev(1, 3)


def test_a_stack_of_layers_looks_as_it_did_when_each_was_packed(
    tmp_path, overlay
) -> None:
    layers: list[Path] = []  # topmost first
    for number in range(21):
        o = overlay(0 if layers else 1)
        o.lowers += layers
        merged = o.mount()
        (merged / f"f{number}").write_text(str(number))
        if number % 3 == 2:
            (merged / f"f{number - 1}").unlink()
        layers.insert(0, unpacked(packed(o.upper), tmp_path / f"l{number}", *o.lowers))
    last = overlay(0)
    last.lowers += layers
    expected = {f"f{number}" for number in range(21) if number % 3 != 1}
    assert set(os.listdir(last.mount())) == expected


# Changes


def test_what_docker_was_measured_to_print_for_changes(overlay) -> None:
    o = overlay()
    base = o.lowers[0]
    for path in ("etc", "bin", "root/x", "var/log"):
        (base / path).mkdir(parents=True)
    for path in ("etc/passwd", "etc/group", "var/log/old"):
        (base / path).write_text("x")
    merged = o.mount()
    with (merged / "etc/passwd").open("a") as file:
        file.write("more")
    (merged / "bin").chmod(0o700)
    (merged / "a").mkdir()
    (merged / "a/b").write_text("")
    (merged / "a.txt").write_text("")
    subprocess.run(["rm", "-r", merged / "root"], check=True)
    (merged / "root").mkdir()
    (merged / "root/n").write_text("")
    (merged / "var/log/old").unlink()
    assert o.changes() == [
        "A /a", "A /a/b", "A /a.txt", "C /bin", "C /etc", "C /etc/passwd", "C /root",
        "A /root/n", "D /root/x", "C /var", "C /var/log", "D /var/log/old",
    ]  # fmt: skip


def test_a_file_deleted_and_made_anew_is_changed(overlay) -> None:
    o = overlay()
    (o.lowers[0] / "a").write_text("x")
    merged = o.mount()
    (merged / "a").unlink()
    (merged / "a").write_text("y")
    assert o.changes() == ["C /a"]


def test_a_directory_only_looked_at_is_no_change(overlay) -> None:
    o = overlay()
    (o.lowers[0] / "d").mkdir()
    merged = o.mount()
    (merged / "d").chmod(0o755)  # as it was: overlay copies it up all the same
    assert os.listdir(o.upper) == ["d"]
    assert o.changes() == []


def test_a_file_that_was_copied_up_and_looks_as_before_is_no_change(overlay) -> None:
    o = overlay()
    for name in ("linked", "opened", "given", "replaced"):
        (o.lowers[0] / name).write_text("x")
    merged = o.mount()
    os.link(merged / "linked", merged / "other")
    (merged / "opened").open("a").close()
    os.chown(merged / "given", 0, 0)
    shutil.copy2(merged / "replaced", merged / "new")
    os.rename(merged / "new", merged / "replaced")
    assert set(os.listdir(o.upper)) == {
        "given",
        "linked",
        "opened",
        "other",
        "replaced",
    }
    assert o.changes() == ["A /other"]


def test_a_power_given_to_a_program_is_a_change(overlay) -> None:
    o = overlay()
    (o.lowers[0] / "ping").write_text("x")
    net_raw = bytes.fromhex("0100000200200000000000000000000000000000")
    os.setxattr(o.mount() / "ping", "security.capability", net_raw)
    assert o.changes() == ["C /ping"]


def test_all_that_was_in_a_directory_made_anew_is_deleted(overlay) -> None:
    o = overlay()
    (o.lowers[0] / "d/same/inner").mkdir(parents=True)
    (o.lowers[0] / "d/gone").write_text("")
    merged = o.mount()
    subprocess.run(["rm", "-r", merged / "d"], check=True)
    (merged / "d/same").mkdir(parents=True)
    assert o.changes() == ["C /d", "D /d/gone", "C /d/same", "D /d/same/inner"]


def test_a_file_that_a_layer_deleted_is_added_again(overlay) -> None:
    o = overlay(2)
    (o.lowers[1] / "a").write_text("x")
    os.mknod(o.lowers[0] / "a", stat.S_IFCHR, 0)
    (o.mount() / "a").write_text("y")
    assert o.changes() == ["A /a"]


def test_links_in_a_layer_lead_nowhere(overlay, tmp_path) -> None:
    o = overlay()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("x")
    os.symlink(tmp_path / "outside", o.lowers[0] / "d")
    merged = o.mount()
    (merged / "d").unlink()
    (merged / "d").mkdir()
    (merged / "d/secret").write_text("y")
    assert o.changes() == ["C /d", "A /d/secret"]


def test_a_mount_of_nothing_changes_nothing(overlay) -> None:
    o = overlay()
    o.mount()
    assert o.changes() == []
    assert names(packed(o.upper)) == []
