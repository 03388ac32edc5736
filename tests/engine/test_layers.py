"""Layers: image, init, read-write; and what of them a diff shows."""

import os
from pathlib import Path

import pytest

from engine import times
from engine.containers.house import House
from engine.engine import Container
from engine.oci.image import History
from tests.engine.boxes import Box


def diff(box: Box, container: Container) -> list[str]:
    """The changes as `lab diff` prints them."""
    return [f"{c.kind} {c.path}" for c in box.engine.changes(container.id)]


def changed_by(box: Box, script: str, **options: object) -> list[str]:
    container = box.create("sh", "-c", script, **options)
    done = box.foreground(container.id)
    assert done.code == 0, done.err
    return diff(box, container)


def test_a_container_that_changed_nothing_has_no_diff(box: Box) -> None:
    container = box.create("true")
    assert diff(box, container) == []
    box.foreground(container.id)
    assert diff(box, container) == []


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("touch /new", ["A /new"]),
        ("mkdir -p /a/b; touch /a/b/c", ["A /a", "A /a/b", "A /a/b/c"]),
        ("rm /etc/group", ["C /etc", "D /etc/group"]),
        ("echo >> /etc/passwd", ["C /etc", "C /etc/passwd"]),
        ("chmod 700 /home", ["C /home"]),
        ("touch /tmp/x; rm /tmp/x", []),
        ("rm -r /var/www", ["C /var", "D /var/www"]),
        (
            "rm -r /var/spool; mkdir /var/spool; touch /var/spool/n",
            ["C /var", "C /var/spool", "D /var/spool/mail", "A /var/spool/n"],
        ),
        ("ln -s /etc /link", ["A /link"]),
        ("mkfifo /fifo", ["A /fifo"]),
        ("rm /etc/group; mkdir /etc/group", ["C /etc", "C /etc/group"]),
        ("mv /etc/group /etc/g", ["C /etc", "A /etc/g", "D /etc/group"]),
    ],
)
def test_a_change_is_added_changed_or_deleted(
    box: Box, script: str, expected: list[str]
) -> None:
    found = changed_by(box, script)
    assert sorted(found, key=lambda line: line[2:]) == found
    assert set(found) == set(expected)


def test_what_is_mounted_is_in_no_diff(box: Box, tmp_path: Path) -> None:
    script = "echo x >> /etc/hosts; touch /dev/shm/x /b/x /v/x /t/x /dev/x"
    found = changed_by(*(box, script), volumes=(f"{tmp_path}:/b", "/v"), tmpfs=("/t",))
    assert found == ["A /b", "A /t", "A /v"]  # their mount points


def test_the_init_layer_is_empty_mount_points_and_in_no_diff(box: Box) -> None:
    container = box.create("true")
    init = container.directory / "init"
    files = {
        str(path.relative_to(init)): path.lstat().st_size
        for path in init.rglob("*")
        if not path.is_dir()
    }
    names = {
        ".dockerenv",
        "dev/console",
        "etc/hosts",
        "etc/hostname",
        "etc/resolv.conf",
    }
    assert files.keys() == {*names, "etc/mtab"}
    assert {files[name] for name in names} == {0}
    assert os.readlink(init / "etc" / "mtab") == "/proc/mounts"
    assert box.run("ls", "/.dockerenv").code == 0


def test_the_init_layer_leaves_directories_of_the_image_as_they_are(box: Box) -> None:
    def fill(upper: Path) -> None:
        (upper / "etc").mkdir()
        os.chown(upper / "etc", 33, 50)
        (upper / "etc").chmod(0o711)

    image = box.image_with("mine", fill)
    assert box.run("stat", "-c", "%a:%u:%g", "/etc", image=image).out == "711:33:50\n"


def test_layers_are_seen_bottom_first_each_with_what_it_changes(box: Box) -> None:
    image = box.image("mine", {"srv/x": "hello"})
    container = box.create("rm", "/srv/x", image=image)
    box.foreground(container.id)
    views = box.engine.layers(container.id)
    assert [view.kind for view in views] == ["image", "image", "init", "read-write"]
    assert [(c.kind, c.path) for c in views[1].changes()] == [
        ("A", "/srv"),
        ("A", "/srv/x"),
    ]
    assert [(c.kind, c.path) for c in views[3].changes()] == [
        ("C", "/srv"),
        ("D", "/srv/x"),
    ]
    assert views[1].size == 5
    assert len({view.id for view in views[:2]}) == 2


def test_layers_of_an_image_are_those_of_its_containers(box: Box) -> None:
    image = box.image("mine", {"x": ""})
    container = box.create("true", image=image)
    of_image = box.engine.layers(image)
    of_container = box.engine.layers(container.id)
    assert [v.id for v in of_image] == [v.id for v in of_container[:2]]


def test_containers_of_one_image_share_its_layers_and_not_their_own(box: Box) -> None:
    first, second = box.create("true"), box.create("true")
    mine, yours = box.engine.layers(first.id), box.engine.layers(second.id)
    assert mine[0].directory == yours[0].directory
    assert mine[-1].directory != yours[-1].directory


def test_an_image_of_125_layers_runs(box: Box, tmp_path: Path) -> None:
    image = image_with_layers(box, tmp_path, 125)
    done = box.run("sh", "-c", "ls / | grep -c layer-; rm /layer-5", image=image)
    assert (done.out, done.code) == ("124\n", 0)
    assert len(box.engine.layers(image)) == 125
    container = box.create("rm", "/layer-5", image=image)
    box.foreground(container.id)
    assert diff(box, container) == ["D /layer-5"]


def image_with_layers(box: Box, place: Path, count: int) -> str:
    """An image of busybox's layer and others above it, of one file each."""
    store = House(box.engine.root).images
    base = store.find("busybox")
    layers, diff_ids = list(base.manifest.layers), list(base.config.diff_ids)
    history = list(base.config.history)
    with store.writing():
        for number in range(1, count):
            directory = place / str(number)
            directory.mkdir()
            (directory / f"layer-{number}").touch()
            layer = store.add_layer(directory)
            layers.append(layer.descriptor)
            diff_ids.append(layer.diff_id)
            history.append(History(created=times.now(), created_by=f"layer {number}"))
        config = base.config._replace(diff_ids=tuple(diff_ids), history=tuple(history))
        store.add(config, layers, "deep")
    return "deep"
