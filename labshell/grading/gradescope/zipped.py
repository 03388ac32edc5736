"""The zip of an autograder: all that Gradescope needs, and nothing it must not have.

    setup.sh, run_autograder, requirements.txt
    labshell/       engine/, labshell/ as they are installed here
    course/layers-1 assignment.yaml, checks.py, hidden.py, bases/; no solution
    owners.json     {SHA-256 of a token: {"student": "s001",
                                          "known_as": [HMAC of name, of e-mail …]}}

The course key stays at home. A token is only in the hands of its student, so from
owners.json nobody can make one; names are under an HMAC whose key is that token, so
nobody can try a list of names. The same assignment gives the same zip, byte for byte.

Source: https://gradescope-autograders.readthedocs.io/en/latest/specs/
Try it: `lab assignment gradescope layers-1 -o autograder.zip; unzip -l autograder.zip`
"""

import hashlib
import hmac
import json
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import engine
import labshell
import lessons
from engine.engine import Engine
from engine.errors import InvalidArgument
from labshell.grading import course, kit
from labshell.grading.assignment import ANSWER, FILE, IMAGE, WORK_FILE, Assignment
from labshell.grading.marking import BASES
from labshell.grading.reports.people import Person, read_people
from labshell.lessons import saving

OWNERS, COURSE, SOURCE = "owners.json", "course", "labshell"
SCRIPTS = ("setup.sh", "run_autograder")
_AS_BYTES = (IMAGE, WORK_FILE, ANSWER)
_NEEDED = ("PyYAML", "backports.zstd")  # all that grading imports beside ourselves
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of zip


def write(theirs: Engine, folder: Path, out: Path, roster: Path | None = None) -> int:
    """Write the autograder of an assignment; how many students it knows.

    `roster` may say more of them than the course's own: see reports/people.py.
    """
    assignment = kit.lint(folder)
    if live := [item.id for item in assignment.items if item.kind not in _AS_BYTES]:
        raise InvalidArgument(
            f"items.{live[0]}: something would be run for it, and a container without "
            "privileges can only look at what is handed in",
            "Grade it yourself: `lab grade FILE… --assignment DIR -o OUT`.",
        )
    kit.freeze(theirs, assignment)
    people = read_people(roster or folder.parent / course.ROSTER)
    key = course.read_key(folder.parent / course.KEY)
    owners = owners_of(assignment, key, people)
    with (
        saving.whole(out) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name, data in _members(assignment, owners):
            member = zipfile.ZipInfo(name, _FIRST_DAY)
            mode = 0o755 if name in SCRIPTS else 0o644
            member.external_attr = (0o100000 | mode) << 16  # a plain file
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data)
    return len(people)


def owners_of(
    assignment: Assignment, key: bytes, people: Mapping[str, Person]
) -> dict[str, Any]:
    """Whose each token is, without any token and any name."""
    found = {}
    for student, person in people.items():
        token = course.token(key, student, assignment.name)
        names = sorted(named(token, name) for name in person.known_as)
        found[fingerprint(token)] = {"student": student, "known_as": names}
    return found


def fingerprint(token: str) -> str:
    """What tells a token, and is none."""
    return hashlib.sha256(token.encode()).hexdigest()


def named(token: str, name: str) -> str:
    """What tells a name to whoever has the token."""
    text = name.strip().casefold().encode()
    return hmac.new(token.encode(), text, hashlib.sha256).hexdigest()


def _members(
    assignment: Assignment, owners: Mapping[str, Any]
) -> Iterator[tuple[str, bytes]]:
    here, folder = Path(__file__).parent, assignment.folder
    for name in SCRIPTS:
        yield name, (here / name).read_bytes()
    yield "requirements.txt", "".join(_requirements()).encode()
    yield OWNERS, json.dumps(owners, indent=1, sort_keys=True).encode()
    place = f"{COURSE}/{assignment.name}"
    for name in (FILE, "checks.py", "hidden.py"):
        if (folder / name).exists():
            yield f"{place}/{name}", (folder / name).read_bytes()
    for path in _files(folder / BASES):
        yield f"{place}/{path.relative_to(folder)}", path.read_bytes()
    for package in (engine, labshell):
        top = Path(str(package.__file__)).parent
        for path in _files(top):
            yield f"{SOURCE}/{path.relative_to(top.parent)}", path.read_bytes()
    top = Path(str(lessons.__file__)).parent
    for name in ("__init__.py", "concepts.txt"):
        yield f"{SOURCE}/lessons/{name}", (top / name).read_bytes()


def _files(top: Path) -> list[Path]:
    """The files below a folder, but for what Python leaves there."""
    return sorted(
        path
        for path in top.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def _requirements() -> Iterator[str]:
    for name in _NEEDED:
        try:
            marker = "; python_version < '3.14'" if "zstd" in name else ""
            yield f"{name}=={version(name)}{marker}\n"
        except PackageNotFoundError:  # a Python that has its own
            yield f"{name}; python_version < '3.14'\n"
