"""`pip install .` gives the same `lab` and `labshell` as `./lab`, lessons included."""

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.house.sources import HOME, PACKAGES, tracked_files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a wheel, built from what belongs to it."""
    copy = tmp_path_factory.mktemp("source")
    for path in tracked_files():
        target = copy / path.relative_to(HOME)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    out = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-index", "--no-deps"]
    subprocess.run(
        [*pip, "--no-build-isolation", "-w", str(out), str(copy)], check=True
    )
    return next(out.glob("*.whl"))


def test_everything_that_runs_is_in_the_wheel(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        str(path.relative_to(HOME))
        for path in tracked_files()
        if path.relative_to(HOME).parts[0] in (*PACKAGES, "lessons")
    }
    assert wanted - packed == set()


def test_nothing_else_is_in_the_wheel(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "engine",
        "labshell",
        "lessons",
    }


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment in which the wheel is installed."""
    place = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    # The dependencies are those of the tests: no network is needed.
    packages = next(place.glob("lib/python*/site-packages"))
    (packages / "tests.pth").write_text(sysconfig.get_path("purelib"))
    pip = [place / "bin/python", "-m", "pip", "install", "-q", "--no-index"]
    subprocess.run([*pip, "--no-deps", wheel], check=True)
    return place / "bin"


@pytest.mark.parametrize("name", ["lab", "labshell", "labd", "labshell-runc"])
def test_the_commands_are_there(installed: Path, name: str) -> None:
    done = subprocess.run(
        [installed / name, "--version"], capture_output=True, text=True, cwd="/"
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = {"labshell 0.1.0", "labd 0.1.0", "labshell-runc version 0.1.0"}
    assert done.stdout.splitlines()[0] in lines


def test_the_lessons_are_found(installed: Path) -> None:
    done = subprocess.run(
        [installed / "lab", "lesson", "list", "--json"],
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    lessons = [path.parent.name for path in (HOME / "lessons").rglob("lesson.md")]
    assert [name for name in lessons if name.partition(".")[2] not in done.stdout] == []
