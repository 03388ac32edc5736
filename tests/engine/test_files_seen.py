"""Files of the image, of the machine, and of nobody: what can be read and written."""

import subprocess
from pathlib import Path

import pytest

from engine.errors import EngineError, InvalidArgument
from tests.engine.boxes import Box


def test_what_is_written_goes_into_the_containers_own_layer(box: Box) -> None:
    container = box.create("sh", "-c", "echo new > /new; echo more >> /etc/passwd")
    box.foreground(container.id)
    upper = container.directory / "upper"
    assert (upper / "new").read_text() == "new\n"
    assert (upper / "etc" / "passwd").read_text().endswith("more\n")
    assert "more" not in box.run("cat", "/etc/passwd").out


def test_files_are_kept_from_one_start_to_the_next(box: Box) -> None:
    container = box.create("sh", "-c", "echo x >> /log; cat /log | wc -l")
    assert [box.foreground(container.id).out for _ in range(3)] == ["1\n", "2\n", "3\n"]


def test_a_read_only_root_cannot_be_written(box: Box) -> None:
    done = box.run("sh", "-c", "touch /x /etc/x /tmp/x; rm /etc/group", read_only=True)
    assert done.err.count("Read-only file system") == 4


def test_in_a_read_only_root_volumes_and_memory_can_be_written(box: Box) -> None:
    script = "touch /dev/shm/x /run/x /data/x /etc/hosts && echo ok"
    done = box.run(
        *("sh", "-c", script), read_only=True, tmpfs=("/run",), volumes=("d1:/data",)
    )
    assert (done.out, done.err) == ("ok\n", "")


def test_a_tmpfs_is_empty_memory_that_goes_with_the_container(box: Box) -> None:
    container = box.create("sh", "-c", "ls /etc; echo x > /etc/x", tmpfs=("/etc",))
    assert box.foreground(container.id).out.split() == [
        "hostname",
        "hosts",
        "resolv.conf",
    ]
    assert "x\n" not in box.foreground(container.id).out


def test_a_tmpfs_has_the_options_asked_for(box: Box) -> None:
    done = box.run("grep", " /t ", "/proc/mounts", tmpfs=("/t:size=1m,mode=700,ro",))
    options = done.out.split()[3].split(",")
    assert {"ro", "size=1024k", "mode=700", "nosuid", "nodev", "noexec"} <= {*options}
    done = box.run("grep", " /t ", "/proc/mounts", tmpfs=("/t:exec",))
    assert "noexec" not in done.out


def test_a_tmpfs_is_made_where_the_image_has_nothing(box: Box) -> None:
    assert box.run("stat", "-c", "%a", "/a/b/c", tmpfs=("/a/b/c",)).out == "1777\n"


@pytest.mark.parametrize("text", ["relative", "", ":size=1m"])
def test_a_tmpfs_needs_an_absolute_path(box: Box, text: str) -> None:
    with pytest.raises(InvalidArgument, match="must be absolute"):
        box.create("true", tmpfs=(text,))


@pytest.mark.parametrize("option", ["size=many", "nosuch", "size=1m,size"])
def test_a_tmpfs_with_options_that_make_no_sense_is_one_clear_error(
    box: Box, option: str
) -> None:
    with pytest.raises(EngineError) as caught:
        box.run("true", tmpfs=(f"/t:{option}",))
    assert caught.value.exit_code == 125
    assert "/t" in caught.value.message
    assert caught.value.hint


def test_the_three_files_of_the_network_can_be_written_and_are_the_containers(
    box: Box,
) -> None:
    before = Path("/etc/hosts").read_bytes()
    container = box.create("sh", "-c", "echo mine >> /etc/hosts; tail -n 1 /etc/hosts")
    assert box.foreground(container.id).out == "mine\n"
    assert (container.directory / "hosts").read_text().endswith("mine\n")
    assert Path("/etc/hosts").read_bytes() == before


def test_a_file_of_the_machine_is_seen_as_it_is(box: Box, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("of the machine\n")
    done = box.run("cat", "/seen", volumes=(f"{tmp_path}/file:/seen:ro",))
    assert done.out == "of the machine\n"


def test_a_read_only_bind_cannot_be_written_or_made_writable(
    box: Box, tmp_path: Path
) -> None:
    script = "echo x > /b/x; mount -o remount,rw,bind /b; umount /b"
    done = box.run("sh", "-c", script, volumes=(f"{tmp_path}:/b:ro",))
    assert "Read-only file system" in done.err
    assert done.code != 0
    assert list(tmp_path.iterdir()) == []


def test_a_writable_bind_is_written_through(box: Box, tmp_path: Path) -> None:
    box.run("sh", "-c", "echo x > /b/x", volumes=(f"{tmp_path}:/b",))
    assert (tmp_path / "x").read_text() == "x\n"


def test_a_bind_from_where_nothing_is_makes_a_directory(
    box: Box, tmp_path: Path
) -> None:
    box.run("touch", "/b/x", volumes=(f"{tmp_path}/new/deep:/b",))
    assert (tmp_path / "new" / "deep" / "x").exists()


def test_a_bind_keeps_the_flags_that_its_source_has(box: Box, tmp_path: Path) -> None:
    """A read-only bind that forgot "nosuid" or "nodev" would open a hole."""
    flags = "nosuid,nodev,noexec"
    mount = ["mount", "-t", "tmpfs", "-o", flags, "none", str(tmp_path)]
    subprocess.run(mount, check=True)
    try:
        done = box.run("grep", " /b ", "/proc/mounts", volumes=(f"{tmp_path}:/b:ro",))
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    options = done.out.split()[3].split(",")
    assert {"ro", "nosuid", "nodev", "noexec"} <= {*options}


def test_nested_mounts_are_made_outermost_first(box: Box, tmp_path: Path) -> None:
    for name in ("outer", "inner"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "name").write_text(f"{name}\n")
    volumes = (f"{tmp_path}/inner:/a/b/c", f"{tmp_path}/outer:/a")
    done = box.run("cat", "/a/name", "/a/b/c/name", volumes=volumes)
    assert done.lines == ["outer", "inner"]


def test_a_mount_over_a_file_of_the_engines_wins(box: Box, tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("my own\n")
    done = box.run("cat", "/etc/hosts", volumes=(f"{tmp_path}/hosts:/etc/hosts",))
    assert done.out == "my own\n"


def test_a_bind_of_a_directory_over_a_file_is_one_clear_error(
    box: Box, tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match="/etc/passwd"):
        box.run("true", volumes=(f"{tmp_path}:/etc/passwd",))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "a:b",
        "/a:b",
        "x:/",
        "/:/",
        "a:/b:c:d",
        "a:/b:nosuch",
        "a/b:/c",
        "-x:/c",
    ],
)
def test_a_volume_that_makes_no_sense_is_refused_and_nothing_is_left(
    box: Box, text: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        box.create("true", volumes=("/anonymous", text))
    assert caught.value.hint
    assert box.engine.volumes() == []
    assert box.engine.containers(all=True) == []
