"""A course for tests: one assignment, its students, and what they hand in.

    course.assignment                what there is to do: an image, a file, an answer
    course.hand_in("s001", …)        a submission of this student's, as a file
    course.grade(files)              a row for each student, by pseudonym

The images are made in memory: none of this needs an engine, nor root.
"""

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from labshell.grading import course as courses
from labshell.grading import journal, pins, rounds
from labshell.grading.assignment import Assignment, read_assignment
from labshell.grading.classroom import Classroom
from labshell.grading.journal import Journal, Look
from labshell.grading.rows import Row
from labshell.grading.submission import NAME, Claim
from tests.images_in_memory import Blobs
from tests.tars import archive, regular

ASSIGNMENT = """
schema: labshell.assignment/1
name: layers-1
title: Small and clean
due: "2026-12-01T12:00+01:00"
late: {percent: 10, days: 2}
limits: {seconds: 20, memory: 512, unpacked: 16, upload: 4}
values:
  word: {hex: 8}
items:
  - id: clean
    kind: image
    title: "An image mine:clean with {{word}} in /srv/word"
    image: mine:clean
    check: checks:shows_the_word
    points: 4
    hidden:
      - {check: hidden:keeps_no_token, points: 3}
  - id: recipe
    kind: file
    title: The Dockerfile
    file: Dockerfile
    check: checks:has_a_recipe
    points: 2
  - id: word
    kind: answer
    title: Which word?
    check: checks:says_the_word
    points: 1
"""
CHECKS = """
def shows_the_word(work):
    content = work.image("mine:clean").content("/srv/word")
    if content == work.values["word"].encode():
        return work.passed("It shows the word.")
    return work.failed("It does not show the word.", earned=1)

def has_a_recipe(work):
    work.file("Dockerfile")
    return work.passed("There is one.")

def says_the_word(work):
    return work.compare_answer(work.values["word"])
"""
HIDDEN = """
def keeps_no_token(work):
    if work.image("mine:clean").paths_with("TOKEN="):
        return work.failed("A layer holds the token.")
    return work.passed("No layer holds the token.")
"""
STUDENTS = ("s001", "s002", "s003")
DAY = datetime.fromisoformat


class Course:
    """A course below `place`, with one assignment."""

    def __init__(self, place: Path) -> None:
        self.place, self.folder = place, place / "layers-1"
        self.folder.mkdir(parents=True)
        (self.folder / "assignment.yaml").write_text(ASSIGNMENT)
        (self.folder / "checks.py").write_text(CHECKS)
        (self.folder / "hidden.py").write_text(HIDDEN)
        courses.make_key(place / courses.KEY)
        lines = [f"Student {one},{one}" for one in STUDENTS]
        text = "\n".join(["student,pseudonym", *lines]) + "\n"
        (place / courses.ROSTER).write_text(text)

    @property
    def assignment(self) -> Assignment:
        """As its files say now."""
        return read_assignment(self.folder)

    def replace(self, old: str, new: str, file: str = "assignment.yaml") -> None:
        """Change one text of one of its files."""
        text = (self.folder / file).read_text()
        assert old in text
        (self.folder / file).write_text(text.replace(old, new))

    def token(self, student: str) -> str:
        """What this student was given."""
        key = courses.read_key(self.place / courses.KEY)
        return courses.token(key, student, "layers-1")

    def word(self, student: str) -> str:
        """This student's value."""
        from labshell.grading.marking import values_of

        return values_of(self.assignment, self.token(student))["word"]

    def solved(self, student: str) -> dict[str, bytes]:
        """The members of a submission that earns everything."""
        blobs, word = Blobs(), self.word(student)
        manifest = blobs.image(archive(regular("srv/word", word.encode())))
        return {
            **self.claimed(student, answers={"word": word}),
            "files/Dockerfile": b"FROM scratch\n",
            **laid_out(blobs, {"docker.io/library/mine:clean": manifest}),
        }

    def claimed(self, student: str, /, **changed: Any) -> dict[str, bytes]:
        """What a submission says of itself; `changed` are fields of the claim."""
        claim = Claim(
            assignment="layers-1",
            student=student,
            token=self.token(student),
            answers={},
        )
        said = {**claim.to_json(), **changed}
        return {"submission.json": json.dumps(said).encode()}

    def hand_in(self, name: str, members: Mapping[str, bytes]) -> Path:
        """A file of the class with these members."""
        path = self.place / "class" / f"{name}.tar"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(packed(members))
        return path

    def grade(self, *files: Path, jobs: int = 1, **received: Any) -> dict[str, Row]:
        """One row for each student, by pseudonym."""
        classroom = Classroom(self.assignment)
        rows = classroom.rows(self.looks(*files, jobs=jobs), received)
        return {row.student: row for row in rows}

    def looks(
        self, *files: Path, jobs: int = 1, resume: bool = False
    ) -> Sequence[Look]:
        """What came of each file."""
        mark = pins.fingerprint(self.assignment)
        kept = Journal(self.place / journal.FILE, mark, resume=resume)
        try:
            return rounds.grade(Classroom(self.assignment), files, kept, jobs)
        finally:
            kept.close()


def laid_out(blobs: Blobs, images: Mapping[str, str]) -> dict[str, bytes]:
    """Blobs and names as the members of an OCI image layout."""
    manifests = [
        {"digest": digest, "annotations": {NAME: name}}
        for name, digest in images.items()
    ]
    return {
        "index.json": json.dumps({"manifests": manifests}).encode(),
        **{f"blobs/sha256/{d[7:]}": data for d, data in blobs.found.items()},
    }


def packed(
    members: Mapping[str, bytes], *more: tarfile.TarInfo, form: int = tarfile.PAX_FORMAT
) -> bytes:
    """A tar of these members, and then of `more` that have no data."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for member in more:
            tar.addfile(member)
    return buffer.getvalue()
