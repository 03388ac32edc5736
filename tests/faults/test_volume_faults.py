"""Volumes and records when commands are killed, and when images are hostile."""

import contextlib
import os
import stat
from pathlib import Path

import pytest

from engine import files
from engine.errors import EngineError
from engine.kernel import mounts
from engine.storage.pack import DEEPEST
from engine.storage.trees import TreeCopy
from tests.engine.boxes import Box
from tests.faults.test_repair import dies

CREATE = (
    "engine.create(ContainerOptions(image='busybox', "
    "volumes=('/anon', 'named:/d', '/etc')))"
)


@pytest.mark.parametrize(
    "where",
    [
        "engine.containers.create:binds.provide",
        "engine.storage.volumes:Volumes._make",
        "engine.storage.volumes:files.write_json",
        "engine.storage.trees:TreeCopy.whole",
        "engine.containers.create:_furnish",
        "engine.containers.create:_publish",
        "engine.containers.volume_use:remove_anonymous",
    ],
)
def test_a_create_that_is_killed_leaves_no_volume_that_nobody_has_named(
    own: Box, where: str
) -> None:
    doing = CREATE
    if where.endswith("remove_anonymous"):  # killed while it cleans up
        doing = CREATE.replace("image='busybox'", "image='busybox', user='nobody-here'")
    dies(own.engine.root, where, doing)
    assert own.engine.containers(all=True) == []
    assert {v.name for v in own.engine.volumes()} <= {"named"}
    assert os.listdir(own.engine.root / "containers") == []


def test_a_create_that_fails_keeps_the_volumes_that_have_a_name(own: Box) -> None:
    with pytest.raises(EngineError):
        own.create("true", user="nobody-here", volumes=("/anon", "named:/d"))
    assert [volume.name for volume in own.engine.volumes()] == ["named"]


def test_a_volume_half_removed_can_be_removed_again(own: Box) -> None:
    place = own.engine.create_volume("data").mountpoint
    (place / "file").write_text("x")
    doing = "engine.remove_volume('data')"
    dies(own.engine.root, "engine.storage.volumes:files.empty_tree", doing)
    dies(own.engine.root, "engine.storage.volumes:files.remove_tree", doing)
    assert own.engine.volumes() == []
    assert list(own.engine.create_volume("data").mountpoint.iterdir()) == []


def test_a_damaged_volume_is_left_out_of_the_list_and_can_be_removed(own: Box) -> None:
    own.engine.create_volume("data")
    own.engine.create_volume("other")
    (own.engine.root / "volumes" / "data" / "volume.json").write_text("{")
    assert [volume.name for volume in own.engine.volumes()] == ["other"]
    assert "volume.json is damaged" in own.engine.notices[0]
    with pytest.raises(EngineError, match="damaged"):
        own.engine.remove_volume("data")
    own.engine.remove_volume("data", force=True)
    assert not (own.engine.root / "volumes" / "data").exists()


@pytest.mark.parametrize("name", ["config.json", "state.json", "bundle"])
@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_a_damaged_container_can_be_removed_by_force(
    own: Box, name: str, how: str
) -> None:
    container = own.create("true", name="mine")
    path = container.directory / name
    if how == "damaged" and name != "bundle":
        path.write_text("{")
    elif name == "bundle":
        (path / "shim.json").unlink()
    else:
        path.unlink()
    with pytest.raises(EngineError) as caught:
        own.engine.remove("mine" if how == "damaged" else container.id)
    assert caught.value.hint
    own.engine.remove("mine", force=True)
    assert os.listdir(own.engine.root / "containers") == []
    assert os.listdir(own.engine.root / "names") == []
    assert own.create("true", name="mine").name == "mine"


def test_a_damaged_container_that_runs_is_ended_and_removed(own: Box) -> None:
    container = own.begin()
    (container.directory / "config.json").write_text("{")
    own.engine.remove(container.short_id, force=True)
    assert not Path(f"/proc/{container.state.pid}").exists()
    assert str(container.directory) not in Path("/proc/self/mountinfo").read_text()
    assert own.engine.containers(all=True) == []


def test_a_container_that_cannot_be_removed_is_dead_and_can_be_removed_later(
    own: Box,
) -> None:
    container = own.create("true", name="mine")
    (container.directory / "upper" / "busy").mkdir()
    (container.directory / "upper" / "file").touch()
    busy = container.directory / "upper" / "busy"
    mounts.filesystem("tmpfs", "tmpfs", busy, 0, "", "busy")
    try:
        with pytest.raises(EngineError, match="cannot be removed") as caught:
            own.engine.remove("mine")
        assert "Unmount" in caught.value.hint
        (left,) = own.engine.containers(all=True)
        assert (left.name, left.state.status) == ("mine", "dead")
        with pytest.raises(EngineError):
            own.engine.start("mine")
    finally:
        mounts.unmount(busy)
    own.engine.remove("mine")
    assert own.engine.containers(all=True) == []


def deep(top: Path, levels: int) -> None:
    """A tree that is deeper than any path can be long."""
    place = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=place)
        below = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=place)
        os.close(place)
        place = below
    os.close(place)


def test_a_tree_as_deep_as_an_image_can_be_fills_a_volume(own: Box) -> None:
    def fill(upper: Path) -> None:
        (upper / "srv").mkdir()
        (upper / "srv" / "file").touch()
        deep(upper / "srv", DEEPEST - 2)

    image = own.image_with("deep", fill)
    own.create("true", image=image, volumes=("data:/srv",))
    content = own.engine.volume("data").mountpoint
    assert sum(1 for _ in os.walk(content)) == DEEPEST - 1
    assert (content / "file").exists()


def test_a_tree_of_absurd_depth_is_refused_and_nothing_of_it_stays(
    tmp_path: Path,
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir(), target.mkdir()
    deep(source, DEEPEST + 5)
    with (
        files.closing(files.open_directory(source)) as content,
        files.closing(files.open_directory(target)) as copy,
        pytest.raises(EngineError, match="directories deep"),
    ):
        TreeCopy(copy, owners=True).whole(content)
    files.empty_tree(source)


def test_what_an_image_holds_is_copied_as_it_is_and_touches_nothing_else(
    own: Box, tmp_path: Path
) -> None:
    """Links, fifos, devices, hard links, setuid bits, attributes, odd names."""
    secret = tmp_path / "secret"
    secret.write_text("of the machine")
    secret.chmod(0o600)
    before = os.stat(secret)

    def fill(upper: Path) -> None:
        top = upper / "srv"
        top.mkdir()
        (top / "one").write_text("x")
        os.link(top / "one", top / "two")
        os.chown(top / "one", 33, 44)
        (top / "one").chmod(0o4755)
        os.setxattr(top / "one", "user.note", b"kept")
        (top / "out").symlink_to(secret)
        (top / "up").symlink_to("../../../../../../..")
        os.mkfifo(top / "fifo")
        os.mknod(top / "disk", stat.S_IFBLK | 0o666, os.makedev(8, 0))
        (top / "-rf\n\udcff").touch()

    own.run("true", image=own.image_with("odd", fill), volumes=("data:/srv",))
    place = own.engine.volume("data").mountpoint
    one, two = os.stat(place / "one"), os.stat(place / "two")
    assert (one.st_ino, one.st_nlink) == (two.st_ino, 2)
    assert (one.st_uid, one.st_gid, stat.S_IMODE(one.st_mode)) == (33, 44, 0o4755)
    assert os.getxattr(place / "one", "user.note") == b"kept"
    assert os.readlink(place / "out") == str(secret)
    assert stat.S_ISFIFO(os.lstat(place / "fifo").st_mode)
    assert os.lstat(place / "disk").st_rdev == os.makedev(8, 0)
    assert "-rf\n\udcff" in os.listdir(place)
    after = os.stat(secret)
    assert (after.st_mode, after.st_uid, after.st_nlink, after.st_size) == (
        before.st_mode,
        before.st_uid,
        before.st_nlink,
        before.st_size,
    )


def test_a_lock_that_a_container_holds_in_its_volume_stops_nobody(own: Box) -> None:
    script = "exec 9< /d; flock 9; echo held; sleep 1000"
    container = own.begin("sh", "-c", script, volumes=("data:/d",))
    own.says(container.id, "held")
    own.create("true", volumes=("data:/etc",))
    assert "passwd" in os.listdir(own.engine.volume("data").mountpoint)


def test_a_link_in_the_other_containers_volume_leads_no_mount_out(
    own: Box, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.mkdir()
    own.run("ln", "-s", str(target), "/d/link", volumes=("data:/d",))
    source = own.create("true", volumes=("data:/d", "inner:/d/link/x"))
    with contextlib.suppress(EngineError):  # the link leads nowhere inside
        own.run("true", volumes_from=(source.id,))
    assert os.listdir(target) == []


def test_emptying_a_tree_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "kept")
    files.empty_tree(tmp_path / "tree")
    assert os.listdir(tmp_path / "tree") == []
    assert os.listdir(tmp_path / "kept") == ["file"]
