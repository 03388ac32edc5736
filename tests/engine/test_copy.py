"""Copying between a container and the machine, as Docker does it."""

import contextlib
import io
import json
import os
import signal
import stat
import tarfile
import threading
from pathlib import Path

import pytest

from engine import events
from engine.containers.copying.opened import opened
from engine.engine import Container
from engine.errors import EngineError
from engine.files import is_locked
from engine.kernel import mount_table
from tests import tars
from tests.engine.boxes import Box, content, in_memory, until

FILES = """
    mkdir -p /d/sub /empty /to; echo hi > /d/f; echo deep > /d/sub/deep; ln -s f /d/link
    ln -s /d /toward; ln -s /d/f /tofile; ln -s nowhere /dangling; mkfifo /d/fifo
"""


@pytest.fixture
def filled(box: Box) -> Container:
    """A container that has ended, and has left files."""
    container = box.create("sh", "-c", FILES, name="box")
    box.foreground(container.id)
    return container


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of the machine, with the same files, in which we stand."""
    monkeypatch.chdir(tmp_path)
    os.makedirs("d/sub")
    os.mkdir("empty")
    Path("d/f").write_text("hi\n")
    Path("d/sub/deep").write_text("deep\n")
    os.symlink("f", "d/link")
    os.symlink("d", "toward")
    os.symlink("d/f", "tofile")
    os.symlink("nowhere", "dangling")
    return tmp_path


def tree(directory: Path) -> set[str]:
    """Every path in a directory, without those that only one side has."""
    found = {str(path.relative_to(directory)) for path in directory.rglob("*")}
    return {path for path in found if not path.endswith("fifo")}


WHOLE = {"d", "d/f", "d/link", "d/sub", "d/sub/deep"}
CONTENT = {"f", "link", "sub", "sub/deep"}
# source, destination, what is then in an empty directory `to`
RULES = [
    ("d/f", "to", {"f"}),
    ("d/f", "to/", {"f"}),
    ("d/f", "to/new", {"new"}),
    ("d", "to", WHOLE),
    ("d/", "to", WHOLE),
    ("d/.", "to", CONTENT),
    ("d", "to/new", {"new", *(f"new/{path}" for path in CONTENT)}),
    ("d/.", "to/new", {"new", *(f"new/{path}" for path in CONTENT)}),
    ("d", "to/new/", {"new", *(f"new/{path}" for path in CONTENT)}),
    ("d/link", "to", {"link"}),
    ("toward", "to", {"toward"}),
    ("toward/", "to", {"toward", *(f"toward/{path}" for path in CONTENT)}),
    ("toward/.", "to", CONTENT),
    ("d/sub/../f", "to", {"f"}),
]
REFUSALS = [
    ("d/f", "to/new/", "no such directory"),
    ("d/f", "tofile/", "no such directory"),
    ("d", "tofile", "cannot copy directory"),
    ("empty", "d/f", "cannot copy directory"),
]


@pytest.mark.parametrize(("source", "destination", "expected"), RULES)
def test_out_of_a_container_goes_where_docker_puts_it(
    box: Box,
    filled: Container,
    here: Path,
    source: str,
    destination: str,
    expected: set[str],
) -> None:
    os.mkdir("to")
    box.engine.copy_out("box", source, destination)
    assert tree(here / "to") == expected


@pytest.mark.parametrize(("source", "destination", "expected"), RULES)
def test_into_a_container_goes_where_docker_puts_it(
    box: Box,
    here: Path,
    source: str,
    destination: str,
    expected: set[str],
) -> None:
    box.create("true", name="box", volumes=(f"{here}/mounted:/to",))
    box.engine.copy_in("box", source, destination)
    assert tree(here / "mounted") == expected


@pytest.mark.parametrize(("source", "destination", "words"), REFUSALS)
def test_what_makes_no_sense_is_refused_both_ways(
    box: Box, filled: Container, here: Path, source: str, destination: str, words: str
) -> None:
    os.mkdir("to")
    with pytest.raises(EngineError, match=words):
        box.engine.copy_out("box", source, destination)
    with pytest.raises(EngineError, match=words):
        box.engine.copy_in("box", source, destination)
    assert tree(here / "to") == set()


@pytest.mark.parametrize(
    ("source", "destination", "words"),
    [
        ("nosuch", ".", "Could not find the file /nosuch in container box"),
        ("/d/f/", ".", "Could not find the file /d/f/ in container box"),
        ("/d", "no/such", 'invalid output path: directory ".*/no" does not exist'),
        ("/d/f", "/dev/null", "must be a directory or a regular file: got a device"),
        ("", ".", "path cannot be empty"),
    ],
)
def test_a_source_or_a_place_that_is_not_there_is_named(
    box: Box, filled: Container, here: Path, source: str, destination: str, words: str
) -> None:
    with pytest.raises(EngineError, match=words):
        box.engine.copy_out("box", source, destination)


def test_missing_things_are_named_on_the_way_in(
    box: Box, filled: Container, here: Path
) -> None:
    with pytest.raises(EngineError, match=r"lstat /.*/nosuch: no such file"):
        box.engine.copy_in("box", "nosuch", "/")
    with pytest.raises(EngineError, match="Could not find the file /no in container"):
        box.engine.copy_in("box", "d/f", "/no/such")


def test_a_link_is_copied_as_a_link_unless_its_target_is_asked_for(
    box: Box, filled: Container, here: Path
) -> None:
    box.engine.copy_out("box", "/tofile", "as-link")
    assert os.readlink("as-link") == "/d/f"
    box.engine.copy_out("box", "/tofile", "as-file", follow=True)
    assert not Path("as-file").is_symlink()
    assert Path("as-file").read_text() == "hi\n"
    box.engine.copy_out("box", "/toward", "empty", follow=True)
    assert Path("empty/toward/sub/deep").read_text() == "deep\n"


@pytest.mark.vm
def test_a_copy_to_a_link_writes_its_target_inside_the_container(
    box: Box, filled: Container, here: Path
) -> None:
    Path("new").write_text("new\n")
    box.engine.copy_in("box", "new", "/dangling")
    box.engine.copy_in("box", "new", "/tofile")
    box.engine.copy_in("box", "new", "/toward")
    with in_memory() as out:
        box.engine.pack_files("box", "/", out)
        with tarfile.open(fileobj=io.BytesIO(content(out))) as packed:
            for name in ("/nowhere", "/d/f", "/d/new"):
                file = packed.extractfile(name)
                assert file and file.read() == b"new\n", name
            assert packed.getmember("/dangling").issym()


def test_modes_times_holes_and_hard_links_are_kept(box: Box, here: Path) -> None:
    Path("d/f").chmod(0o640)
    os.utime("d/f", ns=(1, 1_600_000_000_123_456_789))
    os.link("d/f", "d/sub/same")
    with open("d/holes", "wb") as file:
        file.truncate(1 << 30)
        file.seek(1 << 29)
        file.write(b"data")
    box.create("true", name="box")
    box.engine.copy_in("box", "d", "/copy")
    box.engine.copy_out("box", "/copy", "back")
    status = os.stat("back/f")
    assert stat.S_IMODE(status.st_mode) == 0o640
    assert status.st_mtime_ns == 1_600_000_000_123_456_789
    assert os.path.samefile("back/f", "back/sub/same")
    holes = os.stat("back/holes")
    assert holes.st_size == 1 << 30
    assert holes.st_blocks * 512 < 1 << 20
    assert Path("back/holes").read_bytes()[1 << 29 :][:5] == b"data\0"


def test_owners_go_in_as_numbers_and_out_only_when_asked(box: Box, here: Path) -> None:
    os.chown("d/f", 1234, 567)
    os.chmod("d/f", 0o6755)
    box.create("true", name="box")
    box.engine.copy_in("box", "d/f", "/f")
    box.engine.copy_out("box", "/f", "mine")
    status = os.stat("mine")
    assert (status.st_uid, status.st_gid) == (os.geteuid(), os.getegid())
    # nobody may become root here by a file of a container's
    assert stat.S_IMODE(status.st_mode) == 0o755
    box.engine.copy_out("box", "/f", "theirs", owners=True)
    status = os.stat("theirs")
    assert (status.st_uid, status.st_gid) == (1234, 567)
    assert stat.S_IMODE(status.st_mode) == 0o6755


def test_what_is_there_is_merged_replaced_or_stays(box: Box, here: Path) -> None:
    box.create("true", name="box")
    os.chmod("d", 0o700)
    box.engine.copy_in("box", "d/.", "/tmp")
    Path("d/f").write_text("again\n")
    os.unlink("d/sub/deep")
    box.engine.copy_in("box", "d/.", "/tmp")
    box.engine.copy_out("box", "/tmp", "back")
    assert Path("back/f").read_text() == "again\n"
    assert Path("back/sub/deep").read_text() == "deep\n"
    assert stat.S_IMODE(os.stat("back").st_mode) == 0o1777


def test_a_directory_and_a_file_do_not_replace_each_other(box: Box, here: Path) -> None:
    box.create("true", name="box")
    box.engine.copy_in("box", "d", "/")
    os.makedirs("other/f")
    Path("other/sub").write_text("")
    with pytest.raises(EngineError, match='overwrite non-directory "f" with directory'):
        box.engine.copy_in("box", "other/f", "/d")
    with pytest.raises(EngineError, match='directory "sub" with non-directory'):
        box.engine.copy_in("box", "other/sub", "/d")


@pytest.mark.vm
@pytest.mark.parametrize("condition", ["created", "running", "paused", "exited"])
def test_it_works_in_every_state(box: Box, here: Path, condition: str) -> None:
    container = box.create("sleep", "1000", name="box", volumes=("data:/data",))
    if condition != "created":
        box.engine.start("box")
    if condition == "paused":
        box.engine.pause("box")
    if condition == "exited":
        box.engine.kill("box")
    box.engine.copy_in("box", "d/f", "/data/f")
    box.engine.copy_in("box", "d/f", "/f")
    for path in ("/data/f", "/f", "/etc/hostname"):
        box.engine.copy_out("box", path, "out")
    assert Path("out").read_text().startswith(container.id[:12])
    assert (box.engine.volume("data").mountpoint / "f").read_text() == "hi\n"
    assert box.engine.container("box").state.status == condition
    if condition == "running":
        assert box.execute("box", "cat", "/data/f", "/f").out == "hi\nhi\n"


def test_tmpfs_and_proc_are_not_among_the_files(box: Box, here: Path) -> None:
    box.begin("sh", "-c", "touch /run/x; sleep 1000", name="box", tmpfs=("/run",))
    until(lambda: box.execute("box", "ls", "/run").out, "the file")
    for path in ("/run", "/proc", "/dev"):
        box.engine.copy_out("box", path, "empty")
    assert os.listdir("empty/run") == os.listdir("empty/proc") == []
    assert not Path("empty/dev/null").exists()


def test_nothing_is_written_to_what_is_read_only(box: Box, here: Path) -> None:
    box.create(
        "true", name="box", read_only=True, volumes=(f"{here}/empty:/ro:ro", "data:/rw")
    )
    with pytest.raises(EngineError, match="container rootfs is marked read-only"):
        box.engine.copy_in("box", "d/f", "/f")
    with pytest.raises(EngineError, match="mounted volume is marked read-only"):
        box.engine.copy_in("box", "d/f", "/ro")
    with pytest.raises(EngineError, match="mounted volume is marked read-only"):
        box.engine.copy_in("box", "d/f", "/ro/f")
    box.engine.copy_in("box", "d/f", "/rw")
    assert os.listdir("empty") == []


def test_what_is_mounted_in_a_container_is_not_replaced(box: Box, here: Path) -> None:
    box.begin(name="box")
    with pytest.raises(EngineError, match="hosts: Device or resource busy"):
        box.engine.copy_in("box", "d/f", "/etc/hosts")
    assert "localhost" in box.execute("box", "cat", "/etc/hosts").out


def test_a_copy_of_everything_into_a_volume_of_its_own_ends(
    box: Box, here: Path
) -> None:
    box.create("true", name="box", volumes=(f"{here}/empty:/mine",))
    Path("empty/kept").touch()
    box.engine.copy_out("box", "/", "empty/copy")
    assert Path("empty/copy/bin/busybox").exists()
    assert os.listdir("empty/copy/mine") == ["kept"]


def test_a_tar_goes_out_with_dockers_names(box: Box, filled: Container) -> None:
    def names(path: str, follow: bool = False) -> list[str]:
        with in_memory() as out:
            box.engine.pack_files("box", path, out, follow=follow)
            return sorted(tars.names(content(out)))

    inside = ["f", "fifo", "link", "sub", "sub/deep"]
    assert names("/d/f") == ["f"]
    assert names("/d") == ["d", *(f"d/{name}" for name in inside)]
    assert names("/d/.") == [".", *(f"./{name}" for name in inside)]
    assert names("/toward") == ["toward"]
    assert names("/toward/")[0] == "toward"
    assert names("/toward", follow=True)[0] == "d"


def test_a_tar_comes_in_with_its_owners(box: Box, here: Path) -> None:
    box.create("true", name="box")
    tar = tars.archive(
        tars.folder("a", uid=5, gid=6),
        tars.regular("a/f", b"text", uid=7, gid=8, mode=0o4750, mtime=1_500_000_000),
        tars.link("a/l", "f"),
        tars.hard_link("a/h", "a/f"),
        tars.regular("made/on/the/way", b""),
    )
    box.engine.unpack_files("box", "/tmp", io.BytesIO(tar))
    box.engine.copy_out("box", "/tmp/.", "empty", owners=True)
    status = os.stat("empty/a/f")
    assert (status.st_uid, status.st_gid) == (7, 8)
    assert stat.S_IMODE(status.st_mode) == 0o4750
    assert status.st_mtime == 1_500_000_000
    assert os.path.samefile("empty/a/f", "empty/a/h")
    assert os.readlink("empty/a/l") == "f"
    assert os.stat("empty/a").st_uid == 5
    assert Path("empty/made/on/the/way").exists()


def test_a_tar_needs_a_directory(box: Box, filled: Container) -> None:
    for path in ("/nosuch", "/d/f"):
        with pytest.raises(EngineError, match=f'"box:{path}" must be a directory'):
            box.engine.unpack_files("box", path, io.BytesIO(tars.archive()))


def test_a_tar_from_a_container_goes_into_the_same_one(
    box: Box, filled: Container
) -> None:
    with in_memory() as out:
        box.engine.pack_files("box", "/d", out)
        box.engine.unpack_files("box", "/empty", io.BytesIO(content(out)))
    box.engine.start("box")
    with in_memory() as out:
        box.engine.pack_files("box", "/empty/d/sub/deep", out)
        assert b"deep" in content(out)


def test_a_program_may_end_at_any_moment_of_a_copy(box: Box) -> None:
    ended = threading.Event()

    def begin_and_end() -> None:
        for _ in range(12):
            box.engine.start("box")
            box.engine.wait("box")
        ended.set()

    box.create("true", name="box")
    other = threading.Thread(target=begin_and_end)
    other.start()
    while not ended.is_set():
        with in_memory() as out:
            box.engine.pack_files("box", "/etc/passwd", out)
            assert b"root" in content(out)
    other.join()


@pytest.mark.vm
def test_a_container_may_be_started_and_stopped_during_a_copy(box: Box) -> None:
    container = box.create("sh", "-c", "echo new > /new; sleep 1000", name="box")
    house = box.engine._house
    with opened(house, container) as root:
        assert "new" not in os.listdir(root)
        box.engine.start("box")
        until(lambda: "new" in os.listdir(root), "what the program wrote")
        os.close(os.open("ours", os.O_CREAT | os.O_WRONLY, dir_fd=root))
        assert box.execute("box", "ls", "/ours").out == "/ours\n"
    assert box.execute("box", "ls", "/ours").out == "/ours\n"
    with opened(house, box.engine.container("box")) as root:
        box.engine.kill("box")
        assert "new" in os.listdir(root)
    assert box.engine.container("box").state.status == "exited"


def test_two_copies_from_one_container_do_not_wait_for_each_other(
    box: Box, filled: Container
) -> None:
    house = box.engine._house
    with opened(house, filled) as one, opened(house, filled) as other:
        assert os.listdir(one) == os.listdir(other)
        assert os.path.samestat(os.fstat(one), os.fstat(other))


def test_nothing_stays_mounted_after_a_copy(box: Box, filled: Container) -> None:
    house = box.engine._house
    place = filled.directory / "rootfs"
    with opened(house, filled):
        assert mount_table.is_mount_point(place)
    until(lambda: not mount_table.is_mount_point(place), "the end of the mount")
    box.engine.remove("box")
    assert not filled.directory.exists()


def test_a_copy_whose_shim_was_killed_is_repaired(box: Box, filled: Container) -> None:
    place = filled.directory / "rootfs"
    with opened(box.engine._house, filled) as root:
        os.kill(shim_of(filled), signal.SIGKILL)
        assert "d" in os.listdir(root)  # what is open stays
    until(lambda: not is_locked(filled.directory / "alive"), "the end of the shim")
    assert mount_table.is_mount_point(place)
    box.engine.container("box")
    assert not mount_table.is_mount_point(place)
    assert "cut short" in box.engine.notices.pop()


def shim_of(container: Container) -> int:
    """The shim of a container that does not run: it has the lock open."""
    lock = str(container.directory / "alive")
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(FileNotFoundError):  # others come and go meanwhile
            name = (descriptor.parents[1] / "comm").read_text()
            if name == "lab-shim\n" and os.readlink(descriptor) == lock:
                return int(descriptor.parents[1].name)
    raise AssertionError("it has no shim")


def test_copies_are_told_as_events(box: Box, filled: Container, here: Path) -> None:
    box.engine.copy_out("box", "/d/f", "out")
    box.engine.copy_in("box", "out", "/d/f")
    lines = events.path(box.engine.root).read_text().splitlines()[-2:]
    told = [json.loads(line) for line in lines]
    assert [event["Action"] for event in told] == ["archive-path", "extract-to-dir"]
    assert all(event["Actor"]["ID"] == filled.id for event in told)


def test_files_can_be_copied_while_the_container_ends(box: Box, tmp_path: Path) -> None:
    for turn in range(12):
        container = box.begin("sleep", f"{turn / 1000:.3f}")
        box.engine.copy_out(container.id, "/etc/passwd", str(tmp_path / f"{turn}"))
        assert (tmp_path / f"{turn}").read_text().startswith("root:")
        box.engine.remove(container.id, force=True)


def test_who_starts_it_after_a_copy_meets_no_shim_that_goes(
    box: Box, tmp_path: Path
) -> None:
    (tmp_path / "word").write_text("hello\n")
    container = box.create("cat", "/word")
    for _ in range(10):  # the shim of the copy is mostly on its way by then
        box.engine.copy_in(container.id, str(tmp_path / "word"), "/")
        assert box.foreground(container.id).out == "hello\n"
