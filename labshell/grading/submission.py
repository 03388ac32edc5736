"""A submission: one tar that holds evidence, and is an OCI image layout as well.

    submission.json        who, what for, and which answers
    files/Dockerfile       work files, as they are
    oci-layout index.json  images by their names, for skopeo as for us …
    blobs/sha256/…         … but for the layers of the base images: the grader has them

`submission.json`:

    {"schema": "labshell.submission/1",
     "assignment": "layers-1", "student": "s001", "token": "…",
     "answers": {"digest": "sha256:…"}}

Nothing in it is an opinion: no points, no results of checks, no times, no keystrokes.
It may come from anybody, so it is read and never unpacked: a member is a place in the
file. Names, kinds, numbers and sizes are checked before a byte of any is looked at.

Source: opencontainers/image-spec, image-layout.md
Try it: `lab submit -o mine.tar; tar tf mine.tar; skopeo inspect oci-archive:mine.tar`
"""

import io
import json
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from engine.errors import EngineError

SCHEMA, MANIFEST = "labshell.submission/1", "submission.json"
FILES, BLOBS, INDEX, LAYOUT = "files/", "blobs/sha256/", "index.json", "oci-layout"
_MEMBER = re.compile(
    r"submission\.json|index\.json|oci-layout"
    r"|files/[A-Za-z0-9][A-Za-z0-9._-]{0,63}|blobs/sha256/[0-9a-f]{64}"
)
_MOST_MEMBERS, _LARGEST_TEXT, _LARGEST_FILE = 2000, 1 << 20, 4 << 20
_LONGEST_ANSWER = 2000  # characters
_END = bytes(2 * tarfile.BLOCKSIZE)
_HOW = "Make it anew with `lab submit`."


class SubmissionError(EngineError):
    """What was handed in is no submission, or not a whole one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a submission says of itself; nothing of it is believed unchecked."""

    assignment: str
    student: str
    token: str
    answers: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """As it is in submission.json."""
        return {
            "schema": SCHEMA,
            "assignment": self.assignment,
            "student": self.student,
            "token": self.token,
            "answers": dict(self.answers),
        }

    @staticmethod
    def from_json(data: object) -> "Claim":
        """What submission.json says. SubmissionError if it is malformed, or newer."""
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            found = data.get("schema") if isinstance(data, dict) else data
            raise SubmissionError(
                f"{MANIFEST}: {SCHEMA} is needed, not {str(found)[:60]!r}",
                "It was made by another version of labshell.",
            )
        answers = data.get("answers")
        texts = [data.get(name) for name in ("assignment", "student", "token")]
        if not isinstance(answers, dict) or not all(
            isinstance(one, str) and len(one) <= _LONGEST_ANSWER and _is_whole(one)
            for one in (*texts, *answers, *answers.values())
        ):
            raise SubmissionError(f"{MANIFEST}: a field is missing or no text", _HOW)
        assignment, student, token = map(str, texts)
        return Claim(
            assignment=assignment, student=student, token=token, answers=answers
        )


def _is_whole(text: str) -> bool:
    r"""Not if it has half of a character, as JSON can: "\ud800" is in no alphabet."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Part(io.RawIOBase):
    """A member of the tar: a part of the file, read in place."""

    def __init__(self, file: BinaryIO, offset: int, size: int) -> None:
        self._file, self._at, self._left = file, offset, size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes; the file may be read elsewhere in between."""
        size = self._left if size < 0 else min(size, self._left)
        self._file.seek(self._at)
        data = self._file.read(size)
        self._at, self._left = self._at + len(data), self._left - len(data)
        return data


class Submission:
    """One submission, open. SubmissionError if it is not one."""

    def __init__(self, file: BinaryIO, largest: int) -> None:
        """`file` can be sought in, and stays open; `largest`: that many bytes."""
        self._file = file
        if (size := file.seek(0, io.SEEK_END)) > largest:
            raise SubmissionError(
                f"{size >> 20} MB were handed in, at most {largest >> 20} are read",
                "Leave out what nobody asked for.",
            )
        self._members = _members(file, size)
        self.claim = Claim.from_json(self._json(MANIFEST))

    def _json(self, name: str) -> Any:
        try:
            return json.loads(self._read(name, _LARGEST_TEXT))
        except (ValueError, RecursionError) as error:
            raise SubmissionError(f"{name} is not JSON: {error}", _HOW) from error

    def _read(self, name: str, largest: int) -> bytes:
        place = self._members.get(name)
        if place is None:
            raise SubmissionError(f"there is no {name} in it", _HOW)
        if place[1] > largest:
            raise SubmissionError(f"{name} is larger than {largest >> 20} MB", _HOW)
        return Part(self._file, *place).read()

    def file(self, name: str) -> bytes | None:
        """A work file; None if it was not handed in."""
        name = f"{FILES}{name}"
        return self._read(name, _LARGEST_FILE) if name in self._members else None

    def blob(self, digest: str) -> Part | None:
        """A blob; None if it is not in here. It may not be what its name says."""
        place = self._members.get(BLOBS + digest.removeprefix("sha256:"))
        return Part(self._file, *place) if place else None

    def images(self) -> dict[str, str]:
        """Name -> digest of its manifest, as index.json says."""
        if INDEX not in self._members:
            return {}
        found, data = {}, self._json(INDEX)
        entries = data.get("manifests") if isinstance(data, dict) else None
        for entry in entries if isinstance(entries, list) else []:
            notes = entry.get("annotations") if isinstance(entry, dict) else None
            name = notes.get(NAME) if isinstance(notes, dict) else None
            digest = entry.get("digest") if isinstance(entry, dict) else None
            if isinstance(name, str) and isinstance(digest, str):
                found[name] = digest
        return found


NAME = "io.containerd.image.name"  # the whole name of an image, in index.json


def _members(file: BinaryIO, size: int) -> dict[str, tuple[int, int]]:
    """Name -> place and size, of a tar that holds nothing but plain files of ours."""
    found: dict[str, tuple[int, int]] = {}
    file.seek(0)
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            while member := tar.next():
                _examine(member, found, size)
                found[member.name] = member.offset_data, member.size
            end = tar.offset
    except (tarfile.TarError, ValueError, OverflowError, RecursionError) as error:
        raise SubmissionError(f"it is no tar: {error}", _HOW) from error
    file.seek(end)
    # Without its end, nobody knows how much is missing: tarfile takes it as whole.
    if file.read(len(_END)) != _END:
        raise SubmissionError("it was cut off", _HOW)
    return found


def _examine(member: tarfile.TarInfo, found: Mapping[str, object], size: int) -> None:
    """SubmissionError for a member that no submission of ours holds."""
    name = repr(member.name[:80])
    if len(found) >= _MOST_MEMBERS:
        raise SubmissionError(f"more than {_MOST_MEMBERS} members", _HOW)
    if not member.isreg() or member.issparse():
        raise SubmissionError(f"{name} is no plain file", _HOW)
    if not _MEMBER.fullmatch(member.name):
        raise SubmissionError(f"{name} is no name of ours", _HOW)
    if member.name in found:
        raise SubmissionError(f"{name} is there twice", _HOW)
    if member.offset_data + member.size > size:
        raise SubmissionError("it was cut off", _HOW)
