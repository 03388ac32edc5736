"""Progress is kept whole, whatever happens while it is written."""

import json
import os

import pytest

from engine.errors import EngineBroken, EngineError
from labshell.lessons import saving
from labshell.lessons.progress import DONE, Made, Progress, default_path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "some" / "where" / "progress.json"


def test_what_was_saved_is_read_again(path):
    progress = Progress(path)
    record = progress.of("commit/init-layer")
    record.step, record.before = "guess", Made(containers=["c1"])
    record.of("guess").status = DONE
    record.of("guess").earned = 1
    progress.current = "commit/init-layer"
    progress.save("commit/init-layer")
    again = Progress(path)
    assert again.to_json() == progress.to_json()
    assert again.of("commit/init-layer").of("guess").done


def test_reading_alone_writes_nothing(path):
    Progress(path)
    assert not path.parent.exists()


def test_two_shells_in_two_lessons_lose_nothing(path):
    one, other = Progress(path), Progress(path)
    one.of("a/a").of("x").earned = 1
    one.save("a/a")
    other.of("b/b").of("x").earned = 2
    other.save("b/b")
    saved = Progress(path)
    assert saved.of("a/a").of("x").earned == 1
    assert saved.of("b/b").of("x").earned == 2
    assert saved.seed == one.seed == other.seed


def test_a_new_attempt_has_other_values(path):
    progress = Progress(path)
    before = progress.seed_of("a/a")
    progress.forget("a/a")
    assert progress.seed_of("a/a") != before
    assert Progress(path).seed_of("a/a") == progress.seed_of("a/a")


def test_the_file_is_for_its_owner_only(path):
    Progress(path).save("a/a")
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_left_beside_the_file_but_the_lock(path):
    Progress(path).save("a/a")
    names = sorted(entry.name for entry in path.parent.iterdir())
    assert names == [".progress.json.lock", "progress.json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        '{"version": 2}',
        '{"version": 1, "seed": "x", "current": null, "lessons": {"a": 1}}',
        '{"version": 1, "seed": "x", "current": null, "lessons": {"a": {"step": 1}}}',
    ],
)
def test_a_damaged_file_is_refused_and_kept(path, text):
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(EngineBroken) as caught:
        Progress(path)
    assert str(path) in caught.value.message
    assert "Move it away" in caught.value.hint
    assert path.read_text() == text


def test_a_write_that_fails_leaves_the_old_file(path, monkeypatch):
    progress = Progress(path)
    progress.save("a/a")
    old = path.read_text()

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(os, "fsync", full_disk)
    progress.of("a/a").of("x").earned = 1
    with pytest.raises(EngineError, match="No space left"):
        progress.save("a/a")
    assert path.read_text() == old
    assert progress.of("a/a").of("x").earned == 1


def test_under_sudo_the_file_is_in_the_students_home(monkeypatch):
    monkeypatch.delenv("LABSHELL_PROGRESS", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", "nobody")
    import pwd

    home = pwd.getpwnam("nobody").pw_dir
    assert str(default_path()) == f"{home}/.local/share/labshell/progress.json"


@pytest.mark.require("root")
def test_under_sudo_the_file_belongs_to_the_student(path, tmp_path, monkeypatch):
    monkeypatch.setattr(saving, "home", lambda: tmp_path)
    monkeypatch.setenv("SUDO_UID", "4242")
    monkeypatch.setenv("SUDO_GID", "4243")
    Progress(path).save("a/a")
    for made in (path, path.parent, path.parent.parent):
        assert (made.stat().st_uid, made.stat().st_gid) == (4242, 4243)


def test_the_file_is_json_that_a_person_can_read(path):
    Progress(path).save("a/a")
    assert json.loads(path.read_text())["version"] == 1
    assert "\n  " in path.read_text()
