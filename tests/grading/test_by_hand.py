"""From an instructor's idea to marks, by the commands that are typed for it."""

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.shell.lines import Lab

pytestmark = pytest.mark.require("root", "overlay")

DOCKERFILE = """\
FROM busybox
ARG WORD
RUN mkdir /srv; echo $WORD > /srv/word
"""


@pytest.fixture
def lab(engine, tmp_path) -> Lab:
    """`lab` lines on the tests' engine."""
    return Lab(engine.root)


@pytest.fixture
def made(lab: Lab, tmp_path: Path) -> Path:
    """The skeleton of an assignment, as it was made."""
    folder = tmp_path / "course" / "layers-1"
    folder.parent.mkdir()
    assert lab("assignment", "new", str(folder)).code == 0
    return folder


def test_the_skeleton_is_sound_and_its_solution_earns_everything(
    lab: Lab, made: Path
) -> None:
    assert "10 points, 7 of them" in lab("assignment", "lint", str(made)).out
    tried = lab("assignment", "try", str(made))
    assert tried.err == ""
    assert (tried.code, tried.out.splitlines()[-1]) == (0, "graded: 10/10")
    assert (made.parent / "course.key").stat().st_mode & 0o77 == 0


def test_a_readme_that_is_about_other_items_is_told(lab: Lab, made: Path) -> None:
    about = "README.md, which students get, is about another assignment\n"
    assert about not in lab("assignment", "lint", str(made)).out
    asked = made / "assignment.yaml"
    asked.write_text(asked.read_text().replace("id: layers", "id: boxes"))
    assert lab("assignment", "lint", str(made)).out.endswith(about)
    (made / "README.md").write_text("Boxes")
    assert about not in lab("assignment", "lint", str(made)).out


def test_the_base_images_stay_what_they_were(
    made: Path, tmp_path: Path, fresh_root: Path
) -> None:
    lab = Lab(fresh_root)
    lab("assignment", "export", str(made), "-o", str(tmp_path / "before"))
    frozen = sorted((made / "bases").rglob("*"))
    lab("run", "--name", "scribbler", "busybox", "touch", "/new")
    lab("commit", "scribbler", "busybox")
    assert lab("assignment", "try", str(made)).code == 0
    lab("assignment", "export", str(made), "-o", str(tmp_path / "after"))
    assert sorted((made / "bases").rglob("*")) == frozen


def test_a_solution_that_does_not_earn_everything_is_told(lab: Lab, made: Path) -> None:
    recipe = made / "solution/Dockerfile"
    recipe.write_text(recipe.read_text() + "RUN echo TOKEN=x > /token\n")
    tried = lab("assignment", "try", str(made))
    assert (tried.code, tried.out.splitlines()[-1]) == (1, "graded: 7/10")


def test_a_solution_that_fails_is_told(lab: Lab, made: Path) -> None:
    (made / "solution/solve.sh").write_text("lab build -q nosuch\n")
    tried = lab("assignment", "try", str(made))
    assert tried.code == 1
    assert "layers-1/solution/solve.sh: " in tried.err


def test_a_kit_holds_nothing_that_is_hidden(
    lab: Lab, made: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert lab("assignment", "export", str(made), "-o", str(out)).code == 0
    kit = out / "kit/layers-1"
    assert {path.name for path in kit.iterdir()} == {
        *("assignment.yaml", "checks.py", "README.md", "files", "bases")
    }
    texts = [path.read_text() for path in kit.glob("*.*")]
    secrets = ("hidden", "keeps_no_token", "A layer still holds")
    assert [word for word in secrets for text in texts if word in text] == []
    key = (made.parent / "course.key").read_text().strip()
    assert subprocess.run(["grep", "-r", key, out]).returncode == 1
    tokens = {path.read_text() for path in (out / "tokens").iterdir()}
    assert len(tokens) == 2
    assert (out / "tokens/s001").stat().st_mode & 0o77 == 0


def test_what_a_student_hands_in_is_graded(
    lab: Lab, made: Path, tmp_path: Path
) -> None:
    out, file = tmp_path / "out", tmp_path / "class/mine.tar"
    file.parent.mkdir()
    lab("assignment", "export", str(made), "-o", str(out))
    kit = out / "kit/layers-1"
    (kit / "token").write_text((out / "tokens/s001").read_text())
    before = lab("submit", "-o", str(file), str(kit))
    assert "Visible 0/7; 3 more points are hidden." in before.out
    assert "not there    Dockerfile" in before.out
    words = before.out.splitlines()[0].split()
    image, word = words[words.index("image") + 1], words[words.index("with") + 1]
    (kit / "Dockerfile").write_text(DOCKERFILE)
    lab("build", "-q", "-t", image, "--build-arg", f"WORD={word}", str(kit))
    layers = json.loads(lab("inspect", image).out)[0]["RootFS"]["Layers"]
    (kit / "answers.yaml").write_text(f"layers: {len(layers)}\n")
    after = lab("submit", "-o", str(file), str(kit))
    assert "Visible 7/7; 3 more points are hidden." in after.out
    graded = lab(
        "grade", str(file.parent), "--assignment", str(made), "-o", str(tmp_path / "m")
    )
    assert graded.code == 0
    rows = [line.split() for line in graded.out.splitlines()[1:]]
    assert rows == [["s001", "graded", "10/10"], ["s002", "missing", "0/10"]]


def test_only_what_is_asked_for_goes_in(lab: Lab, made: Path, tmp_path: Path) -> None:
    out, file = tmp_path / "out", tmp_path / "mine.tar"
    lab("assignment", "export", str(made), "-o", str(out))
    kit = out / "kit/layers-1"
    (kit / "token").write_text((out / "tokens/s001").read_text())
    (kit / "Dockerfile").write_text("FROM busybox\n")
    (kit / "diary").write_text("mine\n")
    assert lab("submit", "-o", str(file), str(kit)).code == 0
    with tarfile.open(file) as tar:
        assert tar.getnames() == ["submission.json", "files/Dockerfile"]
        assert {(m.uid, m.uname, m.mtime) for m in tar} == {(0, "", 0)}


@pytest.mark.parametrize(
    ("token", "says"), [("", "a pseudonym and a token"), ("s001", "a pseudonym and a")]
)
def test_a_token_that_is_none_is_told(
    lab: Lab, made: Path, tmp_path: Path, token: str, says: str
) -> None:
    (made / "token").write_text(token)
    done = lab("submit", "-o", str(tmp_path / "mine.tar"), str(made))
    assert done.code != 0
    assert says in done.err
    assert not (tmp_path / "mine.tar").exists()


@pytest.mark.parametrize(
    ("name", "text", "says", "hint"),
    [
        ("token", None, "layers-1/token: No such file", "Your teacher gave you"),
        ("answers.yaml", "layer: 3", "layer: no question", "as in `layers: 3`"),
        ("answers.yaml", "layers: [", "line 1", "as in `layers: 3`"),
        ("assignment.yaml", None, "there is no assignment in it", "or go there"),
    ],
    ids=["no-token", "other-question", "no-yaml", "no-assignment"],
)
def test_a_student_is_told_what_to_do(
    lab: Lab,
    made: Path,
    tmp_path: Path,
    name: str,
    text: str | None,
    says: str,
    hint: str,
) -> None:
    (made / "token").write_text("s001 x\n")
    if text is None:
        (made / name).unlink()
    else:
        (made / name).write_text(text)
    done = lab("submit", "-o", str(tmp_path / "mine.tar"), str(made))
    assert says in done.error
    assert hint in done.err
    assert "lab lesson" not in done.err


def test_where_nothing_can_be_written_a_student_is_told(lab: Lab, made: Path) -> None:
    (made / "token").write_text("s001 x\n")
    done = lab("submit", "-o", "/nowhere/mine.tar", str(made))
    assert done.error == "/nowhere: no such directory"
    assert done.hint


def test_a_trial_without_a_solution_is_told(lab: Lab, made: Path) -> None:
    shutil.rmtree(made / "solution")
    done = lab("assignment", "try", str(made))
    assert done.error == "layers-1/solution: there is no such folder"
    assert "solve.sh" in done.hint


def test_without_an_assignment_nothing_is_graded(lab: Lab, tmp_path: Path) -> None:
    done = lab("grade", str(tmp_path))
    assert done.code == 1
    assert "--assignment" in done.err


def test_two_files_of_one_name_are_told(lab: Lab, made: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.tar").write_bytes(b"")
    places = (str(tmp_path / "a"), str(tmp_path / "b"))
    given = ("--assignment", str(made), "-o", str(tmp_path / "m"))
    assert "two files are called x.tar" in lab("grade", *places, *given).error


def test_there_is_no_second_assignment_of_a_name(lab: Lab, made: Path) -> None:
    assert "Choose another name" in lab("assignment", "new", str(made)).err


def test_marks_that_cannot_be_written_are_told(
    lab: Lab, made: Path, tmp_path: Path
) -> None:
    out = tmp_path / "file"
    out.write_text("")
    (tmp_path / "class").mkdir()
    (tmp_path / "class/x.tar").write_bytes(b"")
    given = (str(tmp_path / "class"), "--assignment", str(made), "-o", str(out))
    done = lab("grade", *given)
    assert done.code != 0
    assert str(out) in done.err
    assert os.listdir(tmp_path / "class") == ["x.tar"]
