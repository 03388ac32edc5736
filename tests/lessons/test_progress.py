"""Progress is kept whole, whatever happens while it is written."""

import contextlib
import json
import multiprocessing
import os
import subprocess

import pytest

from engine.errors import EngineBroken, EngineError
from labshell.lessons import saving
from labshell.lessons.progress import Progress, default_path
from labshell.lessons.record import DONE, LessonRecord, Made, StepRecord


def lesson_json(field: str) -> str:
    """A progress file with one lesson that is right but for one field."""
    record = (
        '"attempt": 1, "root": "", "world": "", "step": "", "finished": false, '
        f'"before": null, "began": null, "made": {{}}, {field}'
    )
    lessons = f'{{"a": {{{record}}}}}'
    return f'{{"version": 1, "seed": "x", "current": null, "lessons": {lessons}}}'


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


def test_two_shells_in_one_lesson_lose_nothing(path):
    one = Progress(path)
    one.of("a/a").step = "x"
    one.save("a/a")
    other = Progress(path)
    one.of("a/a").of("x").earned = 1
    one.of("a/a").made.containers.append("c1")
    one.of("a/a").made.servers.append("unix:///run/labd.sock")
    one.save("a/a")
    other.of("a/a").of("y").earned = 2
    other.of("a/a").made.containers.append("c2")
    other.save("a/a")
    for progress in (Progress(path), other):
        record = progress.of("a/a")
        assert (record.of("x").earned, record.of("y").earned) == (1, 2)
        assert sorted(record.made.containers) == ["c1", "c2"]
        assert record.made.servers == ["unix:///run/labd.sock"]


def test_of_everything_that_is_forgotten_no_lesson_stays_the_current_one(path):
    Progress(path).save("a/a")
    elsewhere = Progress(path.with_name("elsewhere.json"))
    elsewhere.current = "b/b"
    elsewhere.save("b/b")
    here = Progress(path.with_name("new.json"))
    here.take_in(elsewhere)
    assert Progress(here.path).current == "b/b"
    here.forget()
    assert here.current is None
    assert Progress(here.path).current is None


def test_a_step_that_is_reset_here_stays_reset(path):
    one = Progress(path)
    one.of("a/a").of("x").earned = 1
    one.save("a/a")
    other = Progress(path)
    other.of("a/a").of("y").earned = 2
    other.save("a/a")
    one.of("a/a").steps["x"] = StepRecord()
    one.of("a/a").made = Made()
    one.save("a/a")
    assert Progress(path).of("a/a").of("x").earned == 0
    assert Progress(path).of("a/a").of("y").earned == 2


def test_what_another_shell_put_away_stays_away(path):
    one = Progress(path)
    one.of("a/a").before, one.of("a/a").world = Made(), "here"
    one.of("a/a").made = Made(containers=["c1"], references={"mine:1": "i1"})
    one.save("a/a")
    other = Progress(path)
    one.of("a/a").before, one.of("a/a").world = None, ""
    one.of("a/a").made = Made()
    one.save("a/a")
    other.of("a/a").of("y").earned = 1
    other.save("a/a")
    record = Progress(path).of("a/a")
    assert (record.before, record.world, record.made) == (None, "", Made())
    assert record.of("y").earned == 1


def test_what_both_have_done_counts_once_and_the_better(path):
    one, other = Progress(path), Progress(path)
    one.of("a/a").of("x").earned = 3
    other.of("a/a").of("x").earned = 2
    one.save("a/a")
    other.save("a/a")
    assert Progress(path).of("a/a").of("x").earned == 3


def test_a_lesson_that_another_shell_took_back_does_not_come_again(path):
    one = Progress(path)
    one.of("a/a").of("x").earned = 1
    one.save("a/a")
    other = Progress(path)
    one.forget("a/a")
    other.of("a/a").of("y").earned = 1
    other.save("a/a")
    assert Progress(path).of("a/a") == LessonRecord(attempt=2)
    assert other.of("a/a").step == ""


def write_many(path, lesson):
    progress = Progress(path)
    for number in range(20):
        progress.of(lesson).of(f"{os.getpid()}-{number}").earned = 1
        progress.save(lesson)


def test_many_shells_at_once_lose_nothing(path):
    Progress(path).save("a/a")
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=write_many, args=(path, lesson))
        for lesson in ("a/a", "a/a", "b/b")
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert Progress(path).earned == 60


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
        '{"version": 1, "seed": "x", "current": null, "lessons": {}, "cards": [1]}',
        lesson_json('"steps": {"x": {"earned": "3"}}'),
        lesson_json('"steps": {"x": {"earned": -3}}'),
        lesson_json('"steps": {"x": {"status": "best"}}'),
        lesson_json('"steps": {"x": {"answer": 7}}'),
        lesson_json('"steps": {"x": {"points": 7}}'),
        lesson_json('"steps": []'),
        lesson_json('"steps": {}, "attempt": "2"'),
        lesson_json('"steps": {}, "attempt": 0'),
        lesson_json('"steps": {}, "step": 1'),
        lesson_json('"steps": {}, "root": null'),
        lesson_json('"steps": {}, "finished": "no"'),
        lesson_json('"steps": {}, "made": []'),
        lesson_json('"steps": {}, "made": {"containers": "c1"}'),
        lesson_json('"steps": {}, "before": {"images": [1]}'),
        lesson_json('"steps": {}, "began": {"references": ["a"]}'),
        lesson_json('"steps": {}, "began": {"references": {"a": null}}'),
        lesson_json('"steps": {"x": {"message": 7}}'),
        '{"version": 1, "seed": "x", "current": ["a/a"], "lessons": {}}',
        '{"version": 1, "seed": 7, "current": null, "lessons": {}}',
        '{"version": 1, "seed": "x", "current": null, "lessons": {}, '
        '"cards": {"a/b/c": [1, "soon"]}}',
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


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KB, and a function that fills it."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], check=True
    )
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def fill_up(place) -> None:
    with contextlib.suppress(OSError), (place / "filler").open("wb") as file:
        while True:
            file.write(b"x" * 4096)
            file.flush()


@pytest.mark.require("root")
def test_on_a_full_disk_nothing_is_lost(small_disk):
    path = small_disk / "progress.json"
    progress = Progress(path)
    progress.save("a/a")
    old = path.read_text()
    fill_up(small_disk)
    progress.of("a/a").of("x").earned = 1
    progress.keep("a/a")
    assert "No space left" in progress.trouble.message
    assert path.read_text() == old
    assert {entry.name for entry in small_disk.iterdir()} == {
        "progress.json", ".progress.json.lock", "filler"
    }  # fmt: skip
    (small_disk / "filler").unlink()
    progress.keep("a/a")
    assert progress.trouble is None
    assert Progress(path).of("a/a").of("x").earned == 1


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
