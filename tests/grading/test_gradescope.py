"""An autograder is set up and run as Gradescope does it: setup.sh, then submissions."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.grading.courses import Course
from tests.shell.lines import Lab

if TYPE_CHECKING:
    from engine.engine import Engine

pytestmark = pytest.mark.require("root")
ROSTER = """student,pseudonym,email
Konrad Zuse,s001,zuse@example.org
Alan Turing,s002,alan@example.org
Grace Hopper,s003,grace@example.org
"""
ZUSE = {"id": 1, "email": "Zuse@Example.org", "name": "K. Zuse"}


IN_TIME = "2026-11-30T12:00:00.000000+01:00"
PYTHON = Path(sys.executable).resolve()


class Autograder:
    """What Gradescope has at /autograder, at another place."""

    def __init__(self, root: Path, zipped: Path) -> None:
        self.root, self.source = root, root / "source"
        self.results = root / "results/results.json"
        with zipfile.ZipFile(zipped) as archive:
            for member in archive.infolist():
                path = Path(archive.extract(member, self.source))
                path.chmod(member.external_attr >> 16)
        (root / "results").mkdir()

    def set_up(self, wheels: Path) -> None:
        """What happens once; packages come from `wheels`, not from the network."""
        path = f"{PYTHON.parent}:/usr/sbin:/usr/bin:/sbin:/bin"
        pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
        env = {**os.environ, **pip, "PATH": path}
        subprocess.run([self.source / "setup.sh"], env=env, check=True)
        shutil.copy(self.source / "run_autograder", self.root)

    def run(
        self,
        *files: Path,
        users: Any = (ZUSE,),
        created: str = IN_TIME,
        **assignment: Any,
    ) -> dict[str, Any] | None:
        """What it says of a submission; None if it failed itself."""
        self.receive(*files, users=users, created=created, assignment=assignment)
        done = subprocess.run(
            [self.root / "run_autograder"], cwd=self.root, capture_output=True
        )
        assert (done.returncode == 0) == self.results.exists(), done
        return self.said()

    def receive(self, *files: Path, users: Any, created: str, assignment: Any) -> None:
        """What Gradescope lays down before it runs anything."""
        place = self.root / "submission"
        shutil.rmtree(place, ignore_errors=True)
        self.results.unlink(missing_ok=True)
        place.mkdir()
        for file in files:
            shutil.copy(file, place)
        told = {"id": 7, "created_at": created, "users": users}
        told |= {"assignment": assignment, "submission_method": "upload"}
        path = self.root / "submission_metadata.json"
        path.write_text(json.dumps(told))

    def said(self) -> dict[str, Any] | None:
        """What is in results.json; None if there is none."""
        text = self.results.read_text() if self.results.exists() else "null"
        result: dict[str, Any] | None = json.loads(text)
        return result


def as_wheel(name: str, folder: Path) -> None:
    """A package of this environment as the wheel that it was installed from."""
    package = distribution(name)
    told = package.read_text("WHEEL") or ""
    tags = [line[5:] for line in told.splitlines() if line.startswith("Tag: ")]
    plain = package.metadata["Name"].replace("-", "_").replace(".", "_")
    path = folder / f"{plain}-{package.version}-{tags[0]}.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        lines = []
        for file in package.files or ():
            found = Path(str(file.locate()))
            if ".." in file.parts or "__pycache__" in file.parts or not found.exists():
                continue
            if file.name in ("RECORD", "INSTALLER", "REQUESTED"):
                continue
            data = found.read_bytes()
            wheel.writestr(str(file), data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
            lines.append(f"{file},sha256={digest.decode().rstrip('=')},{len(data)}")
        record = next(f for f in package.files or () if f.name == "RECORD")
        wheel.writestr(str(record), "\n".join([*lines, f"{record},,", ""]))


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course whose roster knows e-mail addresses."""
    course = Course(tmp_path_factory.mktemp("gradescope") / "course")
    (course.folder / "solution").mkdir()
    (course.folder / "solution/Dockerfile").write_text("FROM scratch\n")
    (course.place / "roster.csv").write_text(ROSTER)
    return course


@pytest.fixture(scope="module")
def zipped(course: Course) -> Path:
    """The autograder as it is uploaded."""
    out = course.place / "autograder.zip"
    lab = Lab(course.place / "root")
    done = lab("assignment", "gradescope", str(course.folder), "-o", str(out))
    assert (done.code, done.out) == (0, f"{out} (3 students)\n")
    return out


@pytest.fixture(scope="module")
def autograder(course: Course, zipped: Path) -> Autograder:
    """It, set up."""
    wheels = course.place / "wheels"
    wheels.mkdir()
    for line in zipfile.ZipFile(zipped).read("requirements.txt").decode().splitlines():
        as_wheel(line.partition(";")[0].partition("==")[0].strip(), wheels)
    made = Autograder(course.place / "autograder", zipped)
    made.set_up(wheels)
    return made


def output(result: Mapping[str, Any] | None) -> str:
    assert result is not None
    return str(result["output"])


def test_the_zip_has_its_two_scripts_at_its_root(zipped: Path) -> None:
    members = {m.filename: m for m in zipfile.ZipFile(zipped).infolist()}
    for name in ("setup.sh", "run_autograder"):
        assert members[name].external_attr >> 16 & 0o777 == 0o755
    assert "course/layers-1/hidden.py" in members


def test_the_zip_holds_no_key_no_token_no_name_and_no_solution(
    course: Course, zipped: Path
) -> None:
    archive = zipfile.ZipFile(zipped)
    texts = [archive.read(name) for name in archive.namelist()]
    key = (course.place / "course.key").read_text().strip()
    secrets = [key, course.token("s001"), "Konrad Zuse", "zuse@example.org"]
    found = [one for one in secrets for text in texts if one.encode() in text]
    assert found == []
    assert not [name for name in archive.namelist() if "solution" in name]
    assert not [name for name in archive.namelist() if name.endswith(".pyc")]


def test_the_same_assignment_gives_the_same_zip(course: Course, zipped: Path) -> None:
    again = course.place / "again.zip"
    lab = Lab(course.place / "root")
    lab("assignment", "gradescope", str(course.folder), "-o", str(again))
    assert again.read_bytes() == zipped.read_bytes()


def test_who_has_solved_it_gets_everything(
    course: Course, autograder: Autograder
) -> None:
    result = autograder.run(course.hand_in("mine", course.solved("s001")))
    assert result is not None
    assert result["score"] == 10
    assert [test["score"] for test in result["tests"]] == [4, 3, 2, 1]
    assert result["tests"][1]["visibility"] == "after_published"


def test_who_hands_in_a_friends_file_gets_nothing(
    course: Course, autograder: Autograder
) -> None:
    result = autograder.run(course.hand_in("mine", course.solved("s002")))
    assert result is not None
    assert (result["score"], result["tests"]) == (0, [])
    assert "token of another student" in result["output"]


def test_one_of_a_group_is_enough(course: Course, autograder: Autograder) -> None:
    users = [{"id": 2, "email": "x@example.org", "name": "X"}, ZUSE]
    result = autograder.run(course.hand_in("mine", course.solved("s001")), users=users)
    assert result is not None
    assert result["score"] == 10


def test_who_is_late_by_gradescopes_clock_gets_less(
    course: Course, autograder: Autograder
) -> None:
    file = course.hand_in("mine", course.solved("s001"))
    late = "2026-12-01T12:00:01.000000+01:00"
    result = autograder.run(file, created=late)
    assert result is not None
    assert (result["score"], result["extra_data"]["status"]) == (9, "late")
    more = "2026-12-09T12:00:00.000000+01:00"
    result = autograder.run(file, created=late, due_date=more)
    assert result is not None
    assert result["score"] == 10


def test_what_is_no_submission_earns_nothing_and_says_why(
    course: Course, autograder: Autograder
) -> None:
    empty = course.place / "mine.txt"
    empty.write_text("please")
    assert "lab submit" in output(autograder.run())
    assert "lab submit" in output(autograder.run(empty))
    bad = course.hand_in("bad", {})
    assert "there is no submission.json" in output(autograder.run(bad))
    two = [course.hand_in(name, course.solved("s001")) for name in ("a", "b")]
    assert "one file" in output(autograder.run(*two))


def test_where_the_grader_itself_fails_there_is_no_zero(
    course: Course, autograder: Autograder
) -> None:
    file = course.hand_in("mine", course.solved("s001"))
    assert autograder.run(file, users="nobody") is None
    assert autograder.run(file, created="yesterday") is None


@pytest.mark.require("overlay")
def test_it_runs_in_a_container_without_privileges(
    course: Course, autograder: Autograder, engine: "Engine", busybox: str
) -> None:
    if not PYTHON.is_relative_to("/usr"):
        pytest.skip(f"{PYTHON} is not Debian's: a container would lack more of it")
    file = course.hand_in("mine", course.solved("s001"))
    autograder.receive(file, users=[ZUSE], created=IN_TIME, assignment={})
    ours = [f"{place}:{place}:ro" for place in ("/usr", "/bin", "/lib", "/lib64")]
    mounts = [f"-v={one}" for one in (*ours, f"{autograder.root}:{autograder.root}")]
    program = str(autograder.root / "run_autograder")
    done = Lab(engine.root)("run", "--rm", *mounts, busybox, program)
    assert (done.code, done.err) == (0, "")
    result = autograder.said()
    assert result is not None
    assert result["score"] == 10
