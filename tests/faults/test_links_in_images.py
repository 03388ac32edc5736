"""Links in an image at the places where the engine makes and mounts things.

Each would, if it were followed as the machine sees it, make the engine write to the
machine, or show the machine to the container. Inside its root a link may lead anywhere.
"""

import os
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.errors import EngineError
from tests.engine.boxes import Box

PLACES = (
    "etc/hosts",
    "etc/hostname",
    "etc/resolv.conf",
    "etc/mtab",
    "etc",
    "dev",
    "dev/console",
    "dev/shm",
    "dev/pts",
    "dev/null",
    "proc",
    "proc/sys",
    "sys",
    "sys/fs/cgroup",
    ".dockerenv",
    "data",
    "tmp",
)
TARGETS = ("/", "/etc/shadow", "..", "../../../..", "/proc/1/root", "loop", "/nosuch/x")


def fingerprint(directory: Path) -> dict[str, tuple[int, int, int]]:
    """Inode, size and time of change of all that is in a directory."""
    found = {}
    for entry in os.scandir(directory):
        status = entry.stat(follow_symlinks=False)
        if not entry.name.startswith(("mtab", ".pwd")):
            found[entry.name] = (status.st_ino, status.st_size, status.st_ctime_ns)
    return found


def targets(box: Box, bait: Path) -> set[str]:
    """Where something of this engine, or on the bait, is mounted."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    found = {line.split()[4] for line in lines}
    return {t for t in found if t.startswith((str(box.engine.root), str(bait)))}


@pytest.mark.parametrize("place", PLACES)
def test_a_link_at_a_mount_point_leads_nowhere_outside(
    box: Box, place: str, tmp_path: Path
) -> None:
    bait = tmp_path / "bait"
    bait.mkdir()
    (bait / "x").write_text("of the machine\n")
    before = {name: fingerprint(Path(name)) for name in ("/etc", str(bait))}
    box.run("true")  # the first of all mounts the engine's root
    mounts = targets(box, bait)
    for number, target in enumerate((*TARGETS, str(bait), f"{bait}/x")):
        image = box.image(f"links-{number}", {place: target.encode()})
        try:
            box.run(
                *("sh", "-c", "cat /etc/hosts; echo x > /data/new"),
                image=image,
                volumes=("v1:/data",),
                tmpfs=("/tmp",),
                working_directory="/tmp/work",
            )
        except EngineError as error:
            assert error.message
    assert {name: fingerprint(Path(name)) for name in before} == before
    assert targets(box, bait) == mounts


def test_every_place_a_link_to_the_machines_root_at_once(box: Box) -> None:
    tree = {place: b"/" for place in PLACES if "/" not in place}
    image = box.image("links", tree)
    before = fingerprint(Path("/"))
    try:
        done = box.run("sh", "-c", "ls -d /.dockerenv; touch /data/x", image=image)
        assert done.out == "/.dockerenv\n"
    except EngineError as error:
        assert error.message
    after = fingerprint(Path("/"))
    assert after.keys() == before.keys()


def test_a_volume_through_a_link_lands_where_the_link_leads_inside(box: Box) -> None:
    image = box.image("links", {"var/real/x": "", "data": b"/var/real"})
    script = "touch /data/new; ls /var/real"
    done = box.run("sh", "-c", script, image=image, volumes=("v1:/data:nocopy",))
    assert done.out == "new\n"
    assert (box.engine.volume("v1").mountpoint / "new").exists()


def test_a_volume_is_filled_through_a_link_from_inside_only(
    box: Box, tmp_path: Path
) -> None:
    (tmp_path / "of-the-machine").touch()
    image = box.image("links", {"data": str(tmp_path).encode()})
    try:
        box.run("true", image=image, volumes=("v1:/data",))
    except EngineError as error:
        assert error.message
    assert os.listdir(box.engine.volume("v1").mountpoint) == []


def test_a_commit_follows_no_link_out_of_the_layer(box: Box, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the machine\n")
    container = box.create("ln", "-s", str(tmp_path), "/link")
    box.foreground(container.id)
    box.engine.commit(container.id, "mine")
    assert box.run("cat", "/link/secret", image="mine").code != 0


def test_a_diff_follows_no_link_out_of_the_layer(box: Box, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    image = box.image("links", {"a": str(tmp_path).encode()})
    container = box.create("sh", "-c", "rm /a; mkdir -p /a/below", image=image)
    box.foreground(container.id)
    found = [(c.kind, c.path) for c in box.engine.changes(container.id)]
    assert found == [("C", "/a"), ("A", "/a/below")]


def test_removing_a_container_follows_no_link(box: Box, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    container = box.create("ln", "-s", str(tmp_path), "/link")
    box.foreground(container.id)
    box.engine.remove(container.id)
    assert (tmp_path / "kept").exists()


def test_removing_a_volume_follows_no_link(box: Box, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    box.run("ln", "-s", str(tmp_path), "/v/link", volumes=("v1:/v",))
    box.engine.remove_volume("v1")
    assert (tmp_path / "kept").exists()


def test_a_root_reached_through_a_link_is_the_same_root(
    box: Box, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(box.engine.root)
    container = box.begin(name="seen")
    assert Engine(tmp_path / "link").container("seen").id == container.id
