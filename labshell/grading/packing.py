"""Packing: what a student hands in, gathered from their folder and their engine.

    layers-1/               the kit that they got, and work in
        assignment.yaml     checks.py  bases/  README.md
        token               s001 and their token
        answers.yaml        digest: sha256:…
        Dockerfile …        the work files that the items name

    lab submit ──▶ images saved, less the layers of bases/ ─┐
                   work files, answers, token ──────────────┴──▶ one tar

Only what the assignment asks for goes in. What is not there is left out: the checks say
so. The visible checks look at the finished tar, as the grader will (visible.py).

Try it: `lab submit -o mine.tar`, in the folder of an assignment
"""

import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engine.engine import Engine
from engine.errors import NotFound
from labshell.grading import layout, submission
from labshell.grading.assignment import ANSWER, IMAGE, RUN, WORK_FILE, Assignment
from labshell.grading.course import is_pseudonym
from labshell.grading.marking import (
    BASES,
    values_of,
)
from labshell.grading.submission import Claim, SubmissionError
from labshell.lessons import saving
from labshell.lessons.fields import Fields, LessonError, read_text, yaml_data
from labshell.lessons.values import fill

TOKEN, ANSWERS = "token", "answers.yaml"
_GET_TOKEN = f"Your teacher gave you a file for you alone: put it there as `{TOKEN}`."
_ANSWER_SO = f"Write {ANSWERS} as in `layers: 3`, then `lab submit` again."
_LARGEST_FILE = 4 << 20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What went into a submission: each name and its size in bytes."""

    student: str
    members: Mapping[str, int]
    left_out: tuple[str, ...]


def read_token(folder: Path) -> tuple[str, str]:
    """Pseudonym and token, as they stand in the student's folder."""
    shown = f"{folder.name}/{TOKEN}"
    try:
        text = read_text(folder / TOKEN, shown).split()
    except LessonError as error:
        raise SubmissionError(error.message, _GET_TOKEN) from error
    if len(text) != 2 or not is_pseudonym(text[0]):
        what = f"{shown}: a line with a pseudonym and a token is needed"
        raise SubmissionError(what, _GET_TOKEN)
    return text[0], text[1]


def pack(
    engine: Engine, assignment: Assignment, student: str, token: str, out: Path
) -> Packed:
    """Gather what the assignment asks for, and write it to `out` as one tar."""
    values = values_of(assignment, token)
    answers = _answers(assignment)
    claim = Claim(
        assignment=assignment.name, student=student, token=token, answers=answers
    )
    text = json.dumps(claim.to_json(), indent=2, sort_keys=True).encode()
    members, left_out = {submission.MANIFEST: len(text)}, []
    with saving.whole(out) as file, tarfile.open(fileobj=file, mode="w") as tar:
        _add(tar, submission.MANIFEST, text)
        for item in assignment.items:
            if item.kind == ANSWER and item.id not in answers:
                left_out.append(f"the answer to {item.id}")
        for source, data in _work_files(assignment).items():
            if data is None:
                left_out.append(source)
            else:
                name = f"{submission.FILES}{source}"
                members[name] = len(data)
                _add(tar, name, data)
        sources = [fill(i.source, values) for i in assignment.items if i.kind == IMAGE]
        names = [name for name in dict.fromkeys(sources) if _is_there(engine, name)]
        left_out += [name for name in dict.fromkeys(sources) if name not in names]
        if names:
            bases = assignment.folder / BASES
            members |= _add_images(engine, names, bases, tar, out.parent)
    return Packed(student=student, members=members, left_out=tuple(left_out))


def _answers(assignment: Assignment) -> dict[str, str]:
    path = assignment.folder / ANSWERS
    if not path.exists():
        return {}
    shown = f"{assignment.name}/{ANSWERS}"
    wanted = {item.id for item in assignment.items if item.kind == ANSWER}
    try:
        data = yaml_data(read_text(path, shown), shown)
        fields = Fields({} if data is None else data, shown)
        for name in fields.names():
            if name not in wanted:
                raise fields.problem(name, "no question has this name")
        return {name: fields.text(name) for name in fields.names()}
    except LessonError as error:
        raise SubmissionError(error.message, _ANSWER_SO) from error


def _work_files(assignment: Assignment) -> dict[str, bytes | None]:
    """The work files that are asked for, scripts among them; each once."""
    named = [i.source for i in assignment.items if i.kind in (WORK_FILE, RUN)]
    return {name: _work_file(assignment.folder / name) for name in named}


def _work_file(path: Path) -> bytes | None:
    """A file of the student's; None if there is none."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        return None
    if len(data) > _LARGEST_FILE:
        raise SubmissionError(
            f"{path.name} is larger than {_LARGEST_FILE >> 20} MB",
            "Hand in what was asked for, and not what came of it.",
        )
    return data


def _is_there(engine: Engine, name: str) -> bool:
    try:
        engine.image(name)
    except NotFound:
        return False
    return True


def _add_images(
    engine: Engine, names: list[str], bases: Path, tar: tarfile.TarFile, scratch: Path
) -> dict[str, int]:
    """The images' layout, but for the blobs of the bases; name -> size of what went."""
    members = {}
    for name, size, content in layout.files_of(engine, names, scratch):
        wanted = name in (submission.INDEX, submission.LAYOUT)
        is_blob = name.startswith(submission.BLOBS)
        if wanted or (is_blob and not (bases / name).exists()):
            _add_stream(tar, name, size, content)
            members[name] = size
    return members


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    _add_stream(tar, name, len(data), io.BytesIO(data))


def _add_stream(tar: tarfile.TarFile, name: str, size: int, content: IO[bytes]) -> None:
    """A member that says nothing of this machine: no owner, no time."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o644
    tar.addfile(member, content)
