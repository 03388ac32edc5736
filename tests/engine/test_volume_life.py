"""The life of a volume: made with options, used, pruned, told of, by many at once."""

import concurrent.futures
import os
from pathlib import Path

import pytest

from engine import events, files
from engine.engine import Engine
from engine.errors import Conflict, InvalidArgument, NotFound
from engine.storage import usage
from tests.engine.boxes import Box


def test_a_volume_can_be_a_directory_of_the_machine(box: Box, tmp_path: Path) -> None:
    options = {"type": "none", "o": "bind", "device": str(tmp_path)}
    box.engine.create_volume("pages", options=options)
    box.run("touch", "/d/x", volumes=("pages:/d",))
    assert os.listdir(tmp_path) == ["x"]
    assert box.engine.inspect("pages", "volume")["Options"] == options
    box.engine.remove_volume("pages")
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"foo": "bar"}, 'create v1: invalid option: "foo"'),
        ({"type": "none"}, 'missing required option: "device"'),
        ({"type": "tmpfs", "device": "tmpfs"}, "only directories of this machine"),
        ({"o": "bind", "device": "/nosuch"}, "/nosuch: no such directory"),
        ({"o": "bind", "device": "etc"}, "etc: no such directory"),
    ],
)
def test_options_that_the_driver_does_not_know_are_refused(
    box: Box, options: dict[str, str], words: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        box.engine.create_volume("v1", options=options)
    assert words in caught.value.message
    assert caught.value.hint
    assert box.engine.volumes() == []


def test_a_name_that_is_too_long_is_refused(box: Box) -> None:
    with pytest.raises(InvalidArgument, match="too long"):
        box.engine.create_volume("a" * 256)
    with pytest.raises(NotFound):
        box.engine.volume("a" * 5000)


def test_labels_of_a_mount_are_the_volumes(box: Box) -> None:
    box.create("true", mounts=("source=data,target=/d,volume-label=a=b",))
    assert box.engine.volume("data").labels == {"a": "b"}
    assert box.engine.inspect("data")["Labels"] == {"a": "b"}


def test_nobody_but_root_may_look_where_volumes_are(box: Box) -> None:
    """A setuid program in a volume is none for the users of the machine."""
    box.engine.create_volume("data")
    assert (box.engine.root / "volumes").stat().st_mode & 0o777 == 0o700


def test_a_volume_goes_with_its_last_container(box: Box) -> None:
    first = box.create("true", volumes=("/anon",))
    second = box.create("true", volumes_from=(first.id,))
    box.engine.remove(first.id, volumes=True)
    assert len(box.engine.volumes()) == 1
    box.engine.remove(second.id, volumes=True)
    assert box.engine.volumes() == []


def test_a_volume_that_was_named_by_its_number_stays(box: Box) -> None:
    first = box.create("true", volumes=("/anon",))
    (volume,) = box.engine.volumes()
    second = box.create("true", volumes=(f"{volume.name}:/d",))
    box.engine.remove(first.id, volumes=True)
    box.engine.remove(second.id, volumes=True)
    assert box.engine.volumes() == [volume]


def test_prune_takes_what_nobody_uses_and_nobody_has_named(box: Box) -> None:
    box.create("true", volumes=("used:/d", "/also-used"))
    box.engine.create_volume("named")
    unnamed = box.engine.create_volume()
    (unnamed.mountpoint / "file").write_bytes(b"x" * 100_000)
    names, freed = box.engine.prune_volumes()
    assert names == [unnamed.name]
    assert 100_000 <= freed <= 110_000
    assert box.engine.prune_volumes(all=True)[0] == ["named"]
    assert len(box.engine.volumes()) == 2


def test_prune_takes_what_a_killed_command_left_but_never_content(box: Box) -> None:
    volumes = box.engine.create_volume("whole").mountpoint.parents[1]
    for name in ("half-made", "without-record"):
        (volumes / name / "_data").mkdir(parents=True)
    (volumes / "without-record/_data/precious").write_text("x")
    box.engine.prune_volumes()
    assert {path.name for path in volumes.iterdir()} == {"whole", "without-record"}
    files.remove_tree(volumes / "without-record")


def test_prune_can_be_narrowed_down(box: Box) -> None:
    for name, labels in (("aa", {"k": "1"}), ("bb", {"k": "2"}), ("cc", {})):
        box.engine.create_volume(name, labels)
    pruned = box.engine.prune_volumes(True, lambda _, labels: labels.get("k") == "2")
    assert pruned[0] == ["bb"]
    assert [volume.name for volume in box.engine.volumes()] == ["aa", "cc"]


def test_a_volumes_size_is_what_it_takes_on_the_disk(box: Box, tmp_path: Path) -> None:
    place = box.engine.create_volume("data").mountpoint
    with (place / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    (place / "file").write_bytes(b"x" * 8192)
    os.link(place / "file", place / "again")
    (place / "out").symlink_to("/usr")
    assert 8192 <= usage.of(place).disk < 100_000


def test_a_size_can_be_told_however_deep_the_tree_is(box: Box) -> None:
    script = "cd /d; for i in $(seq 2000); do mkdir d; cd d; done; echo x > f"
    box.run("sh", "-c", script, volumes=("deep:/d",))
    assert usage.of(box.engine.volume("deep").content).disk >= 2000 * 4096


def test_what_happens_to_volumes_is_told(box: Box) -> None:
    before = events.path(box.engine.root).stat().st_size
    box.engine.create_volume("data")
    box.engine.create_volume("data")
    box.engine.remove_volume("data")
    told = events.path(box.engine.root).read_text()[before:].splitlines()
    assert ["create" in told[0], "destroy" in told[1], len(told)] == [True, True, 2]


def test_one_volume_made_removed_and_used_by_many_at_once(box: Box) -> None:
    """Whatever the order: a container that is made has its volume."""
    root = box.engine.root

    def make_or_remove(number: int) -> str:
        own = Box(Engine(root))
        try:
            if number % 3 == 0:
                own.engine.remove_volume("data", force=True)
            elif number % 3 == 1:
                own.engine.create_volume("data")
            else:
                return own.create("true", volumes=("data:/etc",)).id
        except Conflict:
            pass
        return ""

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        made = [one for one in pool.map(make_or_remove, range(30)) if one]
    assert len(made) == 10
    mountpoint = box.engine.volume("data").mountpoint
    assert "passwd" in os.listdir(mountpoint)
    assert sorted(box.engine.volume_users("data")) == sorted(made)


def test_containers_that_do_not_run_are_pruned(box: Box) -> None:
    running = box.begin(labels={"a": "b"})
    old = box.create("true", labels={"a": "b"})
    other = box.create("true")
    assert box.engine.prune_containers(lambda created, _: created < "2020") == ([], 0)
    assert box.engine.prune_containers(lambda _, has: "a" in has)[0] == [old.id]
    assert box.engine.prune_containers()[0] == [other.id]
    assert [c.id for c in box.engine.containers(all=True)] == [running.id]
