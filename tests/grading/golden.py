"""The gold class: about forty files that were handed in, stored, and their marks.

python -m tests.grading.golden --marks      writes gold/marks.json anew
python -m tests.grading.golden --class      makes the files anew, and the marks

Stored, because what was handed in last year is graded by the code of this year. Each
file is there for one reason, which its student is called by. No message in the marks
may be Python's own: those differ from version to version.
"""

import argparse
import hashlib
import io
import os
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from labshell.grading import course as courses
from labshell.grading import reports
from labshell.grading.grading import Asked, grade_class
from labshell.grading.intake import files_of
from labshell.grading.reports.marks import Marks
from tests.grading.courses import Course, laid_out, packed
from tests.images_in_memory import Blobs
from tests.tars import archive, folder, hard_link, link, regular

GOLD = Path(__file__).parent / "gold"
CLASS, MARKS = GOLD / "class.tar.xz", GOLD / "marks.json"
Members = dict[str, bytes]
_KEY = hashlib.sha256(b"the gold class").hexdigest()  # of nobody's course


def unpack(place: Path) -> Path:
    """The stored course, below `place`; the folder of its assignment."""
    with tarfile.open(CLASS) as tar:
        for member in tar:
            content = tar.extractfile(member)
            assert content is not None  # it holds plain files only
            path = place / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.read())
            path.chmod(member.mode)
    return place / "course/layers-1"


def grade(assignment: Path, out: Path, jobs: int = 1) -> bytes:
    """The marks of the class beside an assignment, as they are written."""
    files = files_of([assignment.parent / "class"], None)
    # By name: a tar that is unpacked says nothing of which file came first.
    files.sort(key=lambda file: file.name)
    done = grade_class(Asked(files=files, folder=assignment, out=out, jobs=jobs), None)
    reports.write(Marks(assignment=done.assignment, rows=done.rows), out)
    return (out / "marks.json").read_bytes()


def make() -> None:
    """Make the class, and store it."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        course = Course(Path(place) / "course")
        (course.place / courses.KEY).write_text(f"{_KEY}\n")
        files = dict(_files(course))
        students = [name for name in files if name != "twice-2"] + ["missing", "paper"]
        students[students.index("twice-1")] = "twice"
        lines = [f"The student of {name},{name}" for name in students]
        text = "\n".join(["student,pseudonym", *lines]) + "\n"
        (course.place / courses.ROSTER).write_text(text)
        for name, data in files.items():
            path = course.place / "class" / f"{name}.tar"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        for name, sheet in _SHEETS.items():
            (course.place / name).write_text(sheet)
        with tarfile.open(CLASS, "w:xz", preset=9) as tar:
            for path in sorted(course.place.rglob("*")):
                if path.is_file():
                    _store(tar, path, path.relative_to(place))


def _store(tar: tarfile.TarFile, path: Path, name: Path) -> None:
    member, data = tarfile.TarInfo(str(name)), path.read_bytes()
    member.mode, member.size = (0o600 if path.suffix == ".key" else 0o644), len(data)
    tar.addfile(member, io.BytesIO(data))


_SHEETS = {
    "class/received.csv": (
        "file,received\n"
        "late.tar,2026-12-02T11:00+01:00\nlater.tar,2026-12-03T11:00+01:00\n"
        "too-late.tar,2027-01-01T00:00+00:00\n"
        "extended.tar,2026-12-02T11:00+01:00\n"
        "twice-1.tar,2026-11-02T10:00+00:00\ntwice-2.tar,2026-11-01T10:00+00:00\n"
    ),
    "layers-1/overrides.csv": (
        "student,item,points,reason,by\n"
        "overridden,clean,5,seen in class,ada\npaper,recipe,2,on paper,ada\n"
    ),
    "layers-1/accommodations.csv": ("student,extension,time_factor\nextended,2d,2\n"),
}


def _files(course: Course) -> Iterator[tuple[str, bytes]]:
    """What each has handed in: a student is called by what is odd about it."""
    for name in ("solved", "solved-too", "late", "later", "too-late", "extended"):
        yield name, packed(course.solved(name))
    yield "overridden", packed(course.claimed("overridden"))
    for name, change in _CHANGES.items():
        yield name, packed({**course.solved(name), **change(course, name)})
    for name, layers in _LAYERS.items():
        blobs = Blobs()
        image = blobs.image(*(archive(*x) for x in layers(course.word(name).encode())))
        images = laid_out(blobs, {"docker.io/library/mine:clean": image})
        yield name, packed({**course.claimed(name), **images})
    yield "twice-1", packed(course.solved("twice"))
    yield "twice-2", packed(course.claimed("twice"))
    stolen = course.claimed("token-of-another", token=course.token("solved"))
    yield "token-of-another", packed({**course.solved("solved"), **stolen})
    yield (
        "work-of-another",
        packed({**course.solved("solved"), **course.claimed("work-of-another")}),
    )


def _without(prefix: str) -> Any:
    """A change that leaves nothing readable of what begins so."""
    return lambda course, name: {
        member: b"gone" for member in course.solved(name) if member.startswith(prefix)
    }


def _claiming(**fields: Any) -> Any:
    return lambda course, name: course.claimed(name, **fields)


_CHANGES: Mapping[str, Any] = {
    "nothing-else": lambda course, name: {"files/Dockerfile": b""},
    "wrong-answer": _claiming(answers={"word": "deadbeef"}),
    "no-answer": _claiming(),
    "wide-answer": _claiming(answers={"word": "ｗｏｒｄ 词"}),
    "damaged-blobs": _without("blobs/"),
    "no-such-image": lambda course, name: {"index.json": b'{"manifests": []}'},
    "index-a-list": lambda course, name: {"index.json": b"[]"},
    "newer": _claiming(schema="labshell.submission/2"),
    "other-assignment": _claiming(assignment="layers-2"),
    "no-token": _claiming(token=""),
    "guessed-token": _claiming(token="0" * 64),
    "answers-a-list": _claiming(answers=["x"]),
    "endless-answer": _claiming(answers={"word": "x" * 5000}),
    "hidden-name": lambda course, name: {"files/.x": b"x"},
    "absolute": lambda course, name: {"/etc/passwd": b"x"},
    "upwards": lambda course, name: {"files/../../x": b"x"},
    "own-marks": lambda course, name: {"marks.json": b'{"earned": 99}'},
    "large-file": lambda course, name: {"files/large": bytes(5 << 20)},
}
_LAYERS: Mapping[str, Any] = {
    "plain": lambda w: [[regular("srv/word", w)]],
    "two-layers": lambda w: [[regular("a", b"1")], [regular("srv/word", w)]],
    "overwritten": lambda w: [[regular("srv/word", b"0")], [regular("srv/word", w)]],
    "wrong-word": lambda w: [[regular("srv/word", b"somebody else's")]],
    "leaky": lambda w: [[regular("srv/word", w), regular("env", b"TOKEN=1")]],
    "hidden-leak": lambda w: [
        [regular("srv/word", w), regular("env", b"TOKEN=1")],
        [regular(".wh.env")],
    ],
    "whited-out": lambda w: [[regular("srv/word", w)], [regular("srv/.wh.word")]],
    "opaque": lambda w: [
        [regular("srv/word", w)],
        [folder("srv/"), regular("srv/.wh..wh..opq")],
    ],
    "a-link": lambda w: [[regular("word", w), link("srv/word", "/word")]],
    "second-name": lambda w: [[regular("w", w), hard_link("srv/word", "w")]],
    "bomb": lambda w: [[regular("srv/word", bytes(64 << 20))]],
    "steps-out": lambda w: [[regular("../../etc/passwd", w)]],
    "through-links": lambda w: [[link("srv", "srv"), regular("srv/word", w)]],
}


def main() -> None:
    """Write anew what was asked for; or grade, for a test that is somebody else."""
    parser = argparse.ArgumentParser(prog="python -m tests.grading.golden")
    parser.add_argument("--class", dest="files", action="store_true")
    parser.add_argument("--marks", action="store_true")
    parser.add_argument("--grade", nargs=2, type=Path)
    asked = parser.parse_args()
    if asked.grade:
        sys.stdout.buffer.write(grade(*asked.grade))
        return
    if asked.files:
        make()
    if asked.files or asked.marks:
        with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
            assignment = unpack(Path(place))
            MARKS.write_bytes(
                grade(assignment, Path(place) / "out", os.cpu_count() or 1)
            )


if __name__ == "__main__":
    main()
