"""Mutants: each fault shows, is where it is said to be, and can be mended."""

import os
import subprocess
import sys

import pytest

from engine.engine import Engine
from labshell.cli import run_line
from labshell.lessons import mutants
from labshell.lessons.fields import LessonError
from labshell.lessons.mutants import Copy, Planted, plant
from labshell.lessons.progress import Progress

pytestmark = pytest.mark.require("root", "overlay")


@pytest.fixture
def copy(request, tmp_path):
    made = Copy(mutants.find(request.param), tmp_path / "copy")
    made.make()
    yield made
    made.remove()


@pytest.mark.parametrize("copy", mutants.names(), indirect=True)
def test_the_fault_shows_until_it_is_mended(copy):
    faulty = copy.judge()
    assert faulty.code == 1, faulty.output
    for planted in copy.mutant.planted:
        plant(copy.place, Planted(planted.file, planted.new, planted.old))
    mended = copy.judge()
    assert mended.code == 0, mended.output


@pytest.mark.parametrize("name", mutants.names())
def test_a_mutant_is_complete_in_every_language(name):
    english, chinese = mutants.find(name), mutants.find(name, "zh")
    assert english.concepts
    assert english.title != chinese.title
    assert english.report != chinese.report
    assert english.proof == chinese.proof


def test_the_function_may_be_named_short_or_whole():
    mutant = mutants.find("ghosts")
    assert mutant.is_in("other")
    assert mutant.is_in("engine.storage.pack:_Packing.other")
    assert not mutant.is_in("to_overlay")
    assert not mutant.is_in("")


def test_the_copy_is_left_as_the_student_made_it(tmp_path):
    copy = Copy(mutants.find("ghosts"), tmp_path / "copy")
    copy.make()
    file = copy.place / "engine/errors.py"
    file.write_text("# mine\n")
    copy.make()
    assert file.read_text() == "# mine\n"


def test_what_cannot_be_planted_is_a_fault_of_the_mutant(tmp_path):
    (tmp_path / "file").write_text("twice twice")
    with pytest.raises(LessonError, match="file has not once: twice"):
        plant(tmp_path, Planted("file", "twice", "once"))


def test_what_was_compiled_a_moment_ago_is_not_run_for_what_is_there_now(tmp_path):
    file = tmp_path / "wall.py"
    file.write_text("print('high')\n")
    then = os.stat(file)
    command = [sys.executable, "-P", "-c", "import wall"]
    variables = {"PYTHONPATH": str(tmp_path)}
    subprocess.run(command, env=variables, check=True)
    plant(tmp_path, Planted("wall.py", "high", "torn"))
    os.utime(file, ns=(then.st_atime_ns, then.st_mtime_ns))  # the same second
    assert subprocess.check_output(command, env=variables) == b"torn\n"


def test_by_hand(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LABSHELL_PROGRESS", str(tmp_path / "progress.json"))
    lab = Engine(tmp_path / "root")

    def said(*words: str) -> str:
        run_line(lab, ["mutant", *words])
        return "".join(capsys.readouterr())

    assert "ghosts" in said()
    assert "There is no copy of ghosts yet" in said("ghosts", "--check")
    assert f"{tmp_path}/mutants/ghosts/engine" in said("ghosts")
    assert "It is not there" in said("ghosts", "--function", "to_tar")
    assert "It is there" in said("ghosts", "--function", "other")
    assert "/etc/group is back" in said("ghosts", "--check")
    assert Progress().mended == set()
    copy = Copy(mutants.find("ghosts"))
    for planted in copy.mutant.planted:
        plant(copy.place, Planted(planted.file, planted.new, planted.old))
    assert "Mended" in said("ghosts", "--check")
    assert Progress().mended == {"ghosts"}
    said("ghosts", "--remove")
    assert not copy.place.exists()
    assert "No such mutant: ghost" in said("ghost")
