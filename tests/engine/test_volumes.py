"""Volumes: made, filled, shared, kept, removed."""

import os
import stat
from pathlib import Path

import pytest

from engine.errors import Conflict, InvalidArgument, NotFound
from tests.engine.boxes import Box


def test_a_named_volume_is_made_at_first_use_and_outlives_the_container(
    box: Box,
) -> None:
    box.run("sh", "-c", "echo kept > /d/x", volumes=("data:/d",))
    assert box.run("cat", "/e/x", volumes=("data:/e",)).out == "kept\n"
    assert [volume.name for volume in box.engine.volumes()] == ["data"]


def test_two_containers_see_one_volume(box: Box) -> None:
    box.begin("sh", "-c", "echo hi > /d/x; sleep 1000", name="one", volumes=("v1:/d",))
    script = "while ! [ -e /d/x ]; do sleep 0.01; done; cat /d/x"
    assert box.run("sh", "-c", script, volumes=("v1:/d:ro",)).out == "hi\n"


def test_first_use_copies_what_the_image_has_with_owners_and_modes(box: Box) -> None:
    def fill(upper: Path) -> None:
        top = upper / "srv"
        (top / "deep").mkdir(parents=True)
        (top / "deep" / "file").write_text("from the image\n")
        (top / "deep" / "file").chmod(0o640)
        os.chown(top / "deep" / "file", 33, 50)
        (top / "link").symlink_to("/etc/shadow")
        os.mkfifo(top / "fifo")
        os.chown(top, 33, 33)
        top.chmod(0o2770)

    image = box.image_with("mine", fill)
    script = (
        "stat -c %a:%u:%g /srv /srv/deep/file; readlink /srv/link; cat /srv/deep/file"
    )
    done = box.run("sh", "-c", script, image=image, volumes=("new:/srv",))
    assert done.lines == ["2770:33:33", "640:33:50", "/etc/shadow", "from the image"]
    mountpoint = box.engine.volume("new").mountpoint
    assert stat.S_ISFIFO((mountpoint / "fifo").stat().st_mode)
    assert (mountpoint / "link").is_symlink()


def test_a_volume_that_holds_something_is_not_filled(box: Box) -> None:
    box.run("touch", "/d/mine", volumes=("data:/d",))
    assert box.run("ls", "/etc", volumes=("data:/etc",)).lines[-1] != "passwd"
    assert not (box.engine.volume("data").mountpoint / "passwd").exists()


def test_nocopy_leaves_a_volume_empty(box: Box) -> None:
    box.run("true", volumes=("data:/var:nocopy",))
    assert os.listdir(box.engine.volume("data").mountpoint) == []


def test_a_directory_of_the_machine_is_never_filled(box: Box, tmp_path: Path) -> None:
    assert box.run("ls", "/var", volumes=(f"{tmp_path}:/var",)).out == ""
    assert list(tmp_path.iterdir()) == []


def test_an_anonymous_volume_goes_with_a_container_that_cleans_up(box: Box) -> None:
    container = box.create("true", volumes=("/data",), auto_remove=True)
    assert len(box.engine.volumes()) == 1
    box.foreground(container.id)
    box.engine.remove(container.id, volumes=True)
    assert box.engine.volumes() == []


def test_an_anonymous_volume_stays_unless_it_is_asked_to_go(box: Box) -> None:
    first = box.create("true", volumes=("/data",))
    second = box.create("true", volumes=("/data",))
    box.engine.remove(first.id)
    assert len(box.engine.volumes()) == 2
    box.engine.remove(second.id, volumes=True)
    assert len(box.engine.volumes()) == 1
    assert len(box.engine.volumes()[0].name) == 64


def test_removing_with_volumes_leaves_named_ones(box: Box) -> None:
    container = box.create("true", volumes=("data:/d", "/e"))
    box.engine.remove(container.id, volumes=True)
    assert [volume.name for volume in box.engine.volumes()] == ["data"]


def test_a_volume_of_the_image_is_an_anonymous_one(box: Box) -> None:
    image = box.image("mine", {"data/x": "from the image\n"}, ["VOLUME /data"])
    container = box.create("sh", "-c", "cat /data/x; echo y > /data/y", image=image)
    assert box.foreground(container.id).out == "from the image\n"
    assert not (container.directory / "upper" / "data" / "y").exists()
    assert len(box.engine.volumes()) == 1


def test_a_volume_asked_for_takes_the_place_of_the_images(box: Box) -> None:
    image = box.image("mine", {"data/x": ""}, ["VOLUME /data"])
    box.run("true", image=image, volumes=("named:/data",))
    assert [volume.name for volume in box.engine.volumes()] == ["named"]


def test_a_volume_in_use_cannot_be_removed(box: Box) -> None:
    container = box.create("true", volumes=("data:/d",))
    with pytest.raises(Conflict) as caught:
        box.engine.remove_volume("data")
    words = f"remove data: volume is in use - [{container.id}]"
    assert caught.value.message == words
    box.engine.remove(container.id)
    box.engine.remove_volume("data")
    assert box.engine.volumes() == []


def test_a_volume_that_is_not_there_is_an_error_unless_forced(box: Box) -> None:
    with pytest.raises(NotFound, match="get nosuch: no such volume"):
        box.engine.volume("nosuch")
    with pytest.raises(NotFound):
        box.engine.remove_volume("nosuch")
    box.engine.remove_volume("nosuch", force=True)


def test_making_a_volume_twice_is_making_it_once(box: Box) -> None:
    first = box.engine.create_volume("data", {"a": "1"})
    assert box.engine.create_volume("data") == first


@pytest.mark.parametrize("name", ["x", "../up", "a/b", ".hidden", "-x", "a b", "é"])
def test_a_name_that_is_no_name_is_refused(box: Box, name: str) -> None:
    with pytest.raises(InvalidArgument, match=r"invalid characters|too short"):
        box.engine.create_volume(name)
    with pytest.raises(NotFound):
        box.engine.volume(name)


def test_the_same_volume_can_be_seen_twice(box: Box) -> None:
    script = "echo x > /a/x; cat /b/x; touch /b/y"
    done = box.run("sh", "-c", script, volumes=("data:/a", "data:/b:ro"))
    assert done.out == "x\n"
    assert "Read-only" in done.err
