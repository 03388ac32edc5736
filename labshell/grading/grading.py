"""One grading of a class: from the files that were handed in to a folder of marks.

    assignment, roster, overrides … ─ read first: what is wrong with them is told now
    FILE… ──▶ rounds ──▶ looks ──▶ classroom ──▶ rows ──▶ OUT/marks.json, marks.csv …
                                    OLD/marks.json ──┘ comparing: what has changed

Try it: `lab grade class/ --assignment layers-1 -o OUT`
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.errors import InvalidArgument, NotFound
from labshell.grading import comparing, honesty, journal, kit, rounds, tracer
from labshell.grading.assignment import Assignment
from labshell.grading.classroom import RECEIVED, Classroom, read_received
from labshell.grading.comparing import Change
from labshell.grading.journal import Look
from labshell.grading.kept import Kept, read_kept
from labshell.grading.rounds import Watcher
from labshell.grading.rows import PARTIAL, UNGRADED, Row
from labshell.lessons import saving


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be graded, and how: the options of `lab grade`.

    `old`: marks to compare with; `lower`: may they become less? `scheduler`: whose
    workers look, `tls_…`: how we show them who we are, see cluster.py.
    """

    files: Sequence[Path]
    folder: Path
    out: Path
    jobs: int = 1
    resume: bool = False
    old: Path | None = None
    lower: bool = False
    scheduler: str | None = None
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """What came of it. `values` by student; `changes` is None if none were compared."""

    assignment: Assignment
    rows: Sequence[Row]
    values: Mapping[str, Mapping[str, str]]
    looks: Sequence[Look]
    changes: Sequence[Change] | None

    @property
    def strays(self) -> list[Look]:
        """Files that are nobody's."""
        return [look for look in self.looks if not look.student]

    @property
    def whole(self) -> bool:
        """Could every file be looked at, by every check?"""
        return not {UNGRADED, PARTIAL} & {look.row.status for look in self.looks}


def grade_class(asked: Asked, watcher: Watcher | None = None) -> Graded:
    """Grade, and keep in `out` what reports are not made of.

    What is made of the rows, the caller writes: see reports/.
    """
    assignment = kit.lint(asked.folder)
    old = None if asked.old is None else _former(asked.old, assignment)
    received: dict[str, datetime] = {}
    for place in {file.parent for file in asked.files}:
        received |= read_received(place / RECEIVED)
    classroom = Classroom(assignment)
    asked.out.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark = journal.fingerprint(assignment)
    kept = journal.Journal(asked.out / journal.FILE, mark, resume=asked.resume)
    with closing(kept), _lookers(asked, assignment) as (jobs, hire):
        looks = rounds.grade(classroom, asked.files, kept, jobs, watcher, hire)
    rows, changes = classroom.rows(looks, received), None
    if old is not None:
        rows, changes = comparing.compare(old.rows, rows, lower=asked.lower)
    _keep(changes, asked.out / comparing.FILE)
    return Graded(
        assignment=assignment,
        rows=rows,
        values=classroom.values(),
        looks=looks,
        changes=changes,
    )


def trace(asked: Asked, graded: Graded) -> int:
    """Note in `out` what people may want to know; how many things to look at there are.

    That is after the marks, which it can neither change nor hinder.
    """
    marked = {row.file for row in graded.rows if row.items}
    files = [file for file in asked.files if file.name in marked]
    traces = tracer.trace(graded.assignment, files, asked.jobs)
    tracer.write(asked.out, traces)
    found = honesty.findings(graded.looks, graded.rows, traces, graded.values)
    saving.write(asked.out / honesty.FILE, found)
    return honesty.how_many(found)


@contextmanager
def _lookers(
    asked: Asked, assignment: Assignment
) -> Iterator[tuple[int, rounds.Hire | None]]:
    """How many look at once, and who, if it is not this machine."""
    if asked.scheduler is None:
        yield asked.jobs, None
        return
    try:
        from labshell.grading import cluster
    except ImportError as missing:
        raise InvalidArgument(
            f"--scheduler needs Dask, and it is not installed: {missing}",
            "`pip install 'labshell[cluster]'`, or `.venv/bin/pip install distributed`",
        ) from missing
    who = cluster.certificates(asked.tls_ca, asked.tls_cert, asked.tls_key)
    with closing(cluster.Cluster(asked.scheduler, assignment, who)) as workers:
        yield workers.jobs, workers.looker


def _keep(changes: Sequence[Change] | None, path: Path) -> None:
    """Write what has changed; without that, no list of an earlier time stays."""
    if changes is None:
        path.unlink(missing_ok=True)
    else:
        saving.write(path, comparing.as_json(changes))


def _former(path: Path, assignment: Assignment) -> Kept:
    marks = read_kept(path)
    if marks.assignment != assignment.name:
        raise InvalidArgument(
            f"{path}: marks of {marks.assignment[:60]!r}, not of {assignment.name}",
            "Compare with marks of the same assignment.",
        )
    return marks


def files_of(given: Sequence[Path], student: str | None) -> list[Path]:
    """Every file that is meant, by its name; those of a folder are its *.tar.

    What is in a folder and cannot be opened is one of them: its row will say so.
    """
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            found += sorted(path.glob("*.tar"), key=_age)
        elif path.is_file():
            found.append(path)
        else:
            raise NotFound(f"No such file: {path}", "A file, or a folder of *.tar.")
    names = [one.name for one in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InvalidArgument(
            f"two files are called {min(twice)}", "Give each a name of its own."
        )
    for path in found:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise InvalidArgument(f"{path} is no file", "Take it away.")
    if student is None:
        return found
    theirs = [one for one in found if one.stem == student]
    if not theirs:
        raise NotFound(f"No file is called {student}", "`--student` goes by its name.")
    return theirs


def _age(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # a link to nowhere: whoever opens it says so
        return 0
