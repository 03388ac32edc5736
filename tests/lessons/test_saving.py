"""A file is replaced by a whole one, or stays what it was."""

from pathlib import Path

import pytest

from labshell.lessons import saving


def test_a_file_is_replaced_when_all_of_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with saving.whole(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_half_way_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), saving.whole(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    with saving.whole(tmp_path / "file"):
        pass
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


@pytest.mark.require("root")
def test_under_sudo_it_belongs_to_the_student(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "home", lambda: tmp_path)
    monkeypatch.setenv("SUDO_UID", "4242")
    monkeypatch.setenv("SUDO_GID", "4243")
    with saving.whole(tmp_path / "mine.tar"):
        pass
    made = (tmp_path / "mine.tar").stat()
    assert (made.st_uid, made.st_gid) == (4242, 4243)
