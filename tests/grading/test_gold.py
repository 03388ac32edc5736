"""The gold class is worth the same today, byte for byte, whoever grades it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.grading import golden
from tests.house.sources import HOME

NOBODY = 65534
# What a plain container has: nobody's rights, no capability, namespaces of its own.
PLAIN = [
    *("unshare", "--net", "--ipc", "--uts"),
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *("--no-new-privs", "--bounding-set=-all"),
]


@pytest.mark.parametrize("jobs", [1, 3])
def test_its_marks_are_what_they_were(tmp_path: Path, jobs: int) -> None:
    folder = golden.unpack(tmp_path)
    assert golden.grade(folder, tmp_path / "marks", jobs) == golden.MARKS.read_bytes()


@pytest.fixture
def theirs() -> Iterator[Path]:
    """A directory that belongs to nobody, with the class and the code in it.

    The code is a copy, because nobody else may be let to where it lies.
    """
    place = Path(tempfile.mkdtemp(prefix="labshell-gold-", dir="/var/tmp"))
    try:
        golden.unpack(place)
        left_out = shutil.ignore_patterns("__pycache__")
        for name in ("engine", "labshell", "lessons", "tests"):
            shutil.copytree(HOME / name, place / name, ignore=left_out)
        for path in (place, *place.rglob("*")):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        yield place
    finally:
        shutil.rmtree(place)


@pytest.mark.require("root")
def test_an_ordinary_user_in_a_plain_container_gives_the_same(theirs: Path) -> None:
    if subprocess.run([*PLAIN, sys.executable, "-c", ""]).returncode != 0:
        pytest.skip("only root may run the Python that runs the tests")
    packages = [path for path in sys.path if path.endswith("-packages")]
    done = subprocess.run(
        [
            *(*PLAIN, sys.executable, "-P", "-m", "tests.grading.golden", "--grade"),
            *(theirs / "course/layers-1", theirs / "marks"),
        ],
        cwd=theirs,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": ":".join([str(theirs), *packages]),
        },
        capture_output=True,
        timeout=120,
    )
    assert done.stderr == b""
    assert done.stdout == golden.MARKS.read_bytes()
    assert (theirs / "marks/marks.json").stat().st_uid == NOBODY
