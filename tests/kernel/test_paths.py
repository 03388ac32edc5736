"""Paths from outside, opened inside a root: whatever they say."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import SyscallError
from engine.kernel import paths

pytestmark = pytest.mark.vm


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A root with a few files, and a secret beside it."""
    (tmp_path / "secret").write_text("outside")
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "passwd").write_text("inside")
    (root / "secret").write_text("inside")
    return root


@pytest.fixture
def root(place: Path) -> Iterator[int]:
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def read(root: int, path: str) -> str | None:
    data = paths.read_inside(root, path)
    return None if data is None else data.decode()


@pytest.mark.parametrize(
    "path",
    [
        "secret",
        "/secret",
        "../secret",
        "../../../secret",
        "etc/../../secret",
        "./secret",
    ],
)
def test_dots_and_slashes_stop_at_the_root(root: int, path: str) -> None:
    assert read(root, path) == "inside"


@pytest.mark.parametrize("target", ["/", "..", "../..", "/..", "."])
def test_a_link_to_anywhere_is_followed_inside(
    place: Path, root: int, target: str
) -> None:
    (place / "link").symlink_to(target)
    assert read(root, "link/secret") == "inside"


def test_a_link_to_an_absolute_path_means_a_path_of_the_root(
    place: Path, root: int
) -> None:
    (place / "link").symlink_to("/etc/passwd")
    assert read(root, "link") == "inside"
    (place / "far").symlink_to(str(place.parent / "secret"))
    assert read(root, "far") is None


def test_links_of_proc_lead_nowhere(place: Path, root: int) -> None:
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    try:
        for path in ("self/root/etc/passwd", "self/cwd", f"self/fd/{root}", "1/root"):
            with pytest.raises(SyscallError):
                paths.open_inside(proc, path)
    finally:
        os.close(proc)


def test_a_link_to_itself_is_an_error_and_no_endless_loop(
    place: Path, root: int
) -> None:
    (place / "loop").symlink_to("loop")
    with pytest.raises(SyscallError) as caught:
        paths.open_inside(root, "loop")
    assert caught.value.name == "ELOOP"


def test_only_regular_files_are_read(place: Path, root: int) -> None:
    os.mkfifo(place / "fifo")
    (place / "directory").mkdir()
    assert [read(root, name) for name in ("fifo", "directory", "nosuch")] == [None] * 3


def test_no_more_is_read_than_allowed(root: int) -> None:
    assert paths.read_inside(root, "secret", limit=3) == b"ins"


def test_directories_are_made_where_they_are_missing(place: Path, root: int) -> None:
    os.close(paths.make_directory(root, "/a/b/c"))
    assert (place / "a" / "b" / "c").is_dir()
    assert (place / "a").stat().st_mode & 0o777 == 0o755


def test_they_are_made_through_links_inside(place: Path, root: int) -> None:
    (place / "link").symlink_to("/etc")
    os.close(paths.make_directory(root, "/link/new"))
    assert (place / "etc" / "new").is_dir()
    assert not Path("/etc/new").exists()


@pytest.mark.parametrize("target", ["nosuch", "/nosuch", "../nosuch"])
def test_a_link_to_nothing_is_not_written_through(
    place: Path, root: int, target: str
) -> None:
    (place / "link").symlink_to(target)
    for make in (paths.make_directory, paths.make_file):
        with pytest.raises(SyscallError):
            make(root, "/link")
    assert not (place.parent / "nosuch").exists()
    assert not (place / "nosuch").exists()


def test_a_file_is_made_empty_with_the_directories_above(
    place: Path, root: int
) -> None:
    os.close(paths.make_file(root, "/x/y/z"))
    assert (place / "x" / "y" / "z").read_text() == ""


def test_a_file_that_is_there_stays_as_it_is(place: Path, root: int) -> None:
    os.close(paths.make_file(root, "/etc/passwd"))
    assert (place / "etc" / "passwd").read_text() == "inside"


def test_descriptors_are_closed_by_execve(root: int) -> None:
    descriptor = paths.open_inside(root, "secret")
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


def test_no_descriptor_is_left_by_an_error(root: int) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for path in ("nosuch", "etc/passwd/x", "nosuch/deep"):
        with pytest.raises(SyscallError):
            paths.open_inside(root, path)
    with pytest.raises(SyscallError):
        paths.make_directory(root, "/etc/passwd/x")
    assert len(os.listdir("/proc/self/fd")) == before
