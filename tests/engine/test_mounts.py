"""What is mounted in a container: binds, volumes, tmpfs, and those of another one."""

import os
from pathlib import Path

import pytest

from engine.errors import EngineError, InvalidArgument, NotFound
from tests.engine.boxes import Box

pytestmark = pytest.mark.vm


def test_a_bind_needs_its_source_after_mount_and_makes_it_after_v(
    box: Box, tmp_path: Path
) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(InvalidArgument, match="bind source path does not exist"):
        box.create("true", mounts=(f"type=bind,source={missing},target=/x",))
    assert not missing.exists()
    box.create("true", volumes=(f"{missing}:/x",))
    assert missing.is_dir()


def test_a_file_can_be_bound(box: Box, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("of the machine\n")
    mount = f"type=bind,source={tmp_path}/file,target=/etc/new/file,readonly"
    done = box.run("sh", "-c", "cat /etc/new/file; echo x > $0", mounts=(mount,))
    assert done.out == "of the machine\n"
    assert box.run("cat", "/f", volumes=(f"{tmp_path}/file:/f",)).out == done.out


def test_a_file_over_a_directory_is_one_clear_error(box: Box, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineError, match="cannot mount on /etc") as caught:
        box.run("true", volumes=(f"{tmp_path}/file:/etc",))
    assert "vice-versa" in caught.value.hint
    with pytest.raises(EngineError, match="Not a directory"):
        box.run("true", volumes=(f"{tmp_path}:/etc/passwd",))


def test_a_read_only_mount_refuses_to_be_written_to(box: Box, tmp_path: Path) -> None:
    for mount in (f"type=bind,source={tmp_path},target=/x,ro", "target=/x,readonly"):
        done = box.run("touch", "/x/new", mounts=(mount,))
        assert done.code == 1
        assert "Read-only" in done.err
    assert os.listdir(tmp_path) == []


def test_a_tmpfs_has_its_size_and_mode(box: Box) -> None:
    mount = "type=tmpfs,target=/m,tmpfs-size=1m,tmpfs-mode=1710"
    script = "stat -c %a /m; head -c 2000000 /dev/zero > /m/x; stat -c %s /m/x"
    done = box.run("sh", "-c", script, mounts=(mount,))
    assert done.lines == ["1710", str(1 << 20)]


def test_programs_in_a_tmpfs_run_only_if_that_was_asked_for(box: Box) -> None:
    script = "cp /bin/busybox /t/; /t/busybox true"
    assert box.run("sh", "-c", script, tmpfs=("/t",)).code == 126
    assert box.run("sh", "-c", script, tmpfs=("/t:exec",)).code == 0


def test_inner_mounts_come_after_outer_ones(box: Box, tmp_path: Path) -> None:
    done = box.run(
        "sh",
        "-c",
        "touch /a/1 /a/b/2 /a/b/c/3",
        volumes=("inner:/a/b/c", f"{tmp_path}:/a"),
        tmpfs=("/a/b",),
    )
    assert done.code == 0
    assert sorted(os.listdir(tmp_path)) == ["1", "b"]
    assert os.listdir(tmp_path / "b") == []
    assert os.listdir(box.engine.volume("inner").mountpoint) == ["3"]


def test_what_is_mounted_below_a_bind_is_seen_unless_refused(
    box: Box, tmp_path: Path
) -> None:
    from engine.kernel import mounts

    (tmp_path / "below").mkdir()
    mounts.filesystem("tmpfs", "tmpfs", tmp_path / "below", 0, "", "below")
    try:
        (tmp_path / "below" / "seen").touch()
        bind = f"type=bind,source={tmp_path},target=/x"
        assert box.run("ls", "/x/below", mounts=(bind,)).lines == ["seen"]
        for more in ("", ",readonly"):
            alone = f"{bind},bind-recursive=disabled{more}"
            assert box.run("ls", "/x/below", mounts=(alone,)).lines == []
    finally:
        mounts.unmount(tmp_path / "below")


def test_a_mount_takes_the_place_of_what_every_container_has(box: Box) -> None:
    done = box.run("grep", "-c", " /dev/shm ", "/proc/mounts", tmpfs=("/dev/shm",))
    assert done.out == "1\n"
    volumes = ("names:/etc/hosts.d", "/etc/passwd:/etc/hosts:ro")
    assert "root" in box.run("cat", "/etc/hosts", volumes=volumes).out


def test_nothing_is_made_in_a_dev_of_the_machine(box: Box, tmp_path: Path) -> None:
    os.mknod(tmp_path / "null", 0o020666, os.makedev(1, 3))
    before = sorted(os.listdir(tmp_path))
    box.run("true", volumes=(f"{tmp_path}:/dev",))
    assert sorted(os.listdir(tmp_path)) == before


def test_another_containers_volumes_are_mounted_at_the_same_places(box: Box) -> None:
    source = box.create(
        "sh",
        "-c",
        "echo a > /anon/f; echo n > /named/f",
        volumes=("/anon", "data:/named", "/tmp:/machine:ro"),
        tmpfs=("/memory",),
    )
    box.foreground(source.id)
    done = box.run(
        "sh", "-c", "cat /anon/f /named/f; touch /machine/x", volumes_from=(source.id,)
    )
    assert done.lines == ["a", "n"]
    assert "Read-only" in done.err
    done = box.run("touch", "/anon/x", volumes_from=(f"{source.name}:ro",))
    assert "Read-only" in done.err


def test_what_was_asked_for_goes_before_what_comes_from_another(box: Box) -> None:
    source = box.create("true", volumes=("theirs:/d",))
    container = box.create("true", volumes=("mine:/d",), volumes_from=(source.id,))
    assert [path.volume for path in container.bound] == ["mine"]


def test_volumes_from_nobody_is_an_error(box: Box) -> None:
    with pytest.raises(NotFound, match="No such container: nosuch"):
        box.create("true", volumes_from=("nosuch",))
    assert box.engine.containers(all=True) == []


def test_inspect_tells_the_mounts_in_dockers_shape(box: Box, tmp_path: Path) -> None:
    container = box.create(
        "true",
        volumes=("data:/d:nocopy", f"{tmp_path}:/b:ro", "/anon"),
        mounts=(
            "type=tmpfs,target=/t,tmpfs-size=1m",
            "target=/v,volume-label=a=b,volume-nocopy",
        ),
        tmpfs=("/o:size=1m",),
    )
    data = box.engine.inspect(container.id)
    by_place = {mount["Destination"]: mount for mount in data["Mounts"]}
    assert sorted(by_place) == ["/anon", "/b", "/d", "/t", "/v"]
    assert by_place["/d"]["Name"] == "data"
    assert (by_place["/b"]["Type"], by_place["/b"]["RW"]) == ("bind", False)
    assert by_place["/t"]["Type"] == "tmpfs"
    config = data["HostConfig"]
    assert config["Binds"] == ["data:/d:nocopy", f"{tmp_path}:/b:ro"]
    assert config["Tmpfs"] == {"/o": "size=1m"}
    assert config["Mounts"] == [
        {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 1 << 20}},
        {
            "Type": "volume",
            "Target": "/v",
            "VolumeOptions": {"NoCopy": True, "Labels": {"a": "b"}},
        },
    ]


def test_a_first_write_copies_a_file_up_and_goes_past_the_layers_in_a_volume(
    box: Box,
) -> None:
    """The lesson's measure of volumes: the same write, with and without copy-up."""
    image = box.image("large", {"data/large": "x" * (1 << 20)})
    script = "echo y | dd of=/data/large bs=1 count=1 conv=notrunc 2> /dev/null"
    layered = box.create("sh", "-c", script, image=image)
    box.foreground(layered.id)
    copied = layered.directory / "upper" / "data" / "large"
    assert copied.stat().st_size == 1 << 20
    past = box.create("sh", "-c", script, image=image, volumes=("fast:/data",))
    box.foreground(past.id)
    assert not (past.directory / "upper" / "data" / "large").exists()
    written = box.engine.volume("fast").mountpoint / "large"
    assert written.read_bytes()[:1] == b"y"
