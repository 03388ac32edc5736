"""The engine's place on a machine: what was there before stays as it was."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import files
from engine.engine import Engine
from engine.errors import EngineBroken
from engine.kernel import mount_table
from tests import workshop
from tests.engine.boxes import Box


@pytest.fixture
def disk(run_directory: Path) -> Iterator[Path]:
    """A file system of its own, whose mounts travel, as those of systemd's do."""
    place = run_directory / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "disk", place], check=True)
    subprocess.run(["mount", "--make-shared", place], check=True)
    yield place
    subprocess.run(["umount", "-R", place], check=True)
    place.rmdir()


def test_a_disk_mounted_at_the_root_stays_mounted(disk: Path) -> None:
    engine = Engine(disk)
    assert Box(engine).run("echo", "hi").out == "hi\n"
    workshop.let_go(engine)
    assert [m.kind for m in mount_table.table() if m.target == str(disk)] == ["tmpfs"]
    assert (disk / "format.json").exists()


def test_mounts_of_containers_stay_in_the_root_even_so(disk: Path) -> None:
    engine = Engine(disk)
    name = Box(engine).begin().id
    mine = [m for m in mount_table.table() if m.target.startswith(f"{disk}/")]
    assert len(mine) == 1
    assert all(mount.private for mount in mine)
    engine.remove(name, force=True)
    workshop.let_go(engine)


def test_a_directory_that_holds_something_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    (tmp_path / "mine").touch()
    engine = Engine(tmp_path)
    engine.images()
    workshop.let_go(engine)
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777


def test_a_root_of_another_format_is_refused_by_every_verb(tmp_path: Path) -> None:
    files.write_json(tmp_path / "format.json", {"version": 2, "whiteouts": "overlay"})
    verbs = ("containers", "images", "volumes", "mounts", "processes")
    for verb in verbs:
        with pytest.raises(EngineBroken, match="another version of the engine"):
            getattr(Engine(tmp_path), verb)()


def test_what_the_caller_is_like_does_not_reach_a_container(fresh_root: Path) -> None:
    engine = Engine(fresh_root)
    before = Path("/proc/self/oom_score_adj").read_text()
    Path("/proc/self/oom_score_adj").write_text("300")
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    try:
        seen = Box(engine).run("cat", "/proc/self/oom_score_adj", "/proc/self/sched")
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        Path("/proc/self/oom_score_adj").write_text(before)
        workshop.close(engine)
    policy = next(line for line in seen.lines if line.startswith("policy"))
    assert (seen.lines[0], policy.split()[-1]) == ("0", "0")
