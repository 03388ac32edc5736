"""What is counted in a tree, and how often."""

import os
from pathlib import Path

from engine import files
from engine.storage import usage


def test_files_and_links_count_and_directories_do_not(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "file").write_bytes(b"x" * 1000)
    (tmp_path / "to-file").symlink_to("d/file")
    (tmp_path / "to-directory").symlink_to("d")
    assert usage.of(tmp_path).content == 1000 + len("d/file") + len("d")


def test_a_file_with_two_names_counts_once(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"x" * 1000)
    os.link(tmp_path / "one", tmp_path / "two")
    assert usage.of(tmp_path).content == 1000


def test_a_hole_is_content_and_takes_no_disk(tmp_path: Path) -> None:
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(1 << 30)
    found = usage.of(tmp_path)
    assert found.content == 1 << 30
    assert found.disk < 1 << 20


def test_what_is_not_there_takes_nothing(tmp_path: Path) -> None:
    assert usage.of(tmp_path / "nosuch") == usage.Usage()


def test_a_tree_without_end_has_an_end(tmp_path: Path) -> None:
    place = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(1200):
            os.mkdir("d", dir_fd=place)
            inner = os.open("d", os.O_RDONLY, dir_fd=place)
            os.close(place)
            place = inner
    finally:
        os.close(place)
    assert usage.of(tmp_path).content == 0
    files.remove_tree(tmp_path / "d")
