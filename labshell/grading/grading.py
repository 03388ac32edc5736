"""One grading of a class: from the files that were handed in to a folder of marks.

    assignment, roster, overrides … ─ read first: what is wrong with them is told now
    FILE… ──▶ rounds ──▶ looks ──▶ classroom ──▶ rows ──▶ OUT/marks.json, marks.csv …
                                    OLD/marks.json ──┘ comparing: what has changed

Try it: `lab grade class/ --assignment layers-1 -o OUT`
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InvalidArgument
from labshell.grading import (
    comparing,
    honesty,
    intake,
    journal,
    kit,
    pins,
    rounds,
    tracer,
)
from labshell.grading.assignment import Assignment
from labshell.grading.classroom import Classroom
from labshell.grading.comparing import Change
from labshell.grading.former import Former
from labshell.grading.journal import Look
from labshell.grading.kept import Kept, read_kept
from labshell.grading.part import Part
from labshell.grading.rounds import Watcher
from labshell.grading.rows import PARTIAL, UNGRADED, Row
from labshell.lessons import saving


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be graded, and how: the options of `lab grade`.

    `old`: marks to compare with; `lower`: may they become less? `scheduler`: whose
    workers look, `tls_…`: how we show them who we are, see cluster.py. `part`: there
    may be more files than these, so nobody is missing. `folders`: those that were
    looked through for them.
    """

    files: Sequence[Path]
    folder: Path
    out: Path
    jobs: int = 1
    resume: bool = False
    part: bool = False
    folders: Sequence[Path] = ()
    old: Path | None = None
    lower: bool = False
    scheduler: str | None = None
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """What came of it. `values` by student; `changes` is None if none were compared.

    `looks` are all that count, `new` those that were made now, or are this grading's by
    the journal. `others`: files of before, each with its state. `told`: what staff
    should know of it, each a line.
    """

    assignment: Assignment
    rows: Sequence[Row]
    values: Mapping[str, Mapping[str, str]]
    looks: Sequence[Look]
    new: Sequence[Look]
    changes: Sequence[Change] | None
    others: Mapping[Path, str]
    told: Sequence[str]

    @property
    def strays(self) -> list[Look]:
        """Files that are nobody's."""
        return [look for look in self.new if not look.student]

    @property
    def whole(self) -> bool:
        """Could every file be looked at, by every check?"""
        return not {UNGRADED, PARTIAL} & {look.row.status for look in self.new}


def grade_class(asked: Asked, watcher: Watcher | None = None) -> Graded:
    """Grade, and keep in `out` what reports are not made of.

    What is made of the rows, the caller writes: see reports/.
    """
    assignment = kit.lint(asked.folder)
    old = None if asked.old is None else _former(asked.old, assignment)
    classroom = Classroom(assignment)
    part = Part(asked.out, asked.files) if asked.part else None
    former = Former(asked.out)
    if not part:
        former.refuse_loss(assignment.name, asked.files, asked.folders)
    asked.out.mkdir(mode=0o700, parents=True, exist_ok=True)
    others = part.files if part else {}
    # A line of it that is wrong is told before a class is looked at for hours.
    received = intake.received_of([*asked.files, *others])
    new = _looks(asked, classroom, part, watcher)
    looks = part.beside(new) if part else new
    rows, changes = classroom.rows(looks, received), None
    told = intake.without_file(asked.files)
    looked = part.whose(new) if part else {row.student for row in rows}
    if old is not None:
        rows, changes = _compared(old, rows, looked, asked)
    if part:
        told += part.told([row.student for row in rows], looked)
        rows = part.rows(rows, looked)
    else:
        told += former.told(rows)
    told += _of_tokens(new, looks, rows)
    _keep(changes, asked.out / comparing.FILE)
    return Graded(
        assignment=assignment,
        rows=rows,
        values=classroom.values(),
        looks=looks,
        new=new,
        changes=changes,
        others=others,
        told=told,
    )


def _of_tokens(
    new: Sequence[Look], looks: Sequence[Look], rows: Sequence[Row]
) -> list[str]:
    """A line for each file with somebody else's token, and for who has several."""
    files = {look.file for look in new}
    return [
        *(f"{look.file}: {look.staff}" for look in new if look.staff),
        *(
            f"{one['student']}: {', '.join(one['files'])}: {one['counts']} counts"
            for one in honesty.several(looks, rows)
            if files & {*one["files"]}
        ),
    ]


def _compared(
    old: Kept, rows: Sequence[Row], looked: set[str], asked: Asked
) -> tuple[list[Row], list[Change]]:
    """The rows, and what changes of those who were looked at."""
    of_them = [row for row in rows if row.student in looked]
    before = old.rows
    if asked.part:
        before = {one: row for one, row in before.items() if one in looked}
    count, changes = comparing.compare(before, of_them, lower=asked.lower)
    counting = {row.student: row for row in count}
    return [counting.get(row.student, row) for row in rows], changes


def _looks(
    asked: Asked, classroom: Classroom, part: Part | None, watcher: Watcher | None
) -> list[Look]:
    """A look for each file; the journal keeps those of the others, of a part."""
    mark = pins.fingerprint(classroom.assignment)
    kept = journal.Journal(
        asked.out / journal.FILE,
        mark,
        resume=asked.resume or part is not None,
        anew=part.names if part and not asked.resume else (),
    )
    with closing(kept), _lookers(asked, classroom.assignment) as (jobs, hire):
        return rounds.grade(classroom, asked.files, kept, jobs, watcher, hire)


def trace(asked: Asked, graded: Graded) -> int:
    """Note in `out` what people may want to know; how many things to look at there are.

    That is after the marks, which it can neither change nor hinder.
    """
    marked = {row.file for row in graded.rows if row.items}
    files = [file for file in asked.files if file.name in marked]
    traces = dict(tracer.trace(graded.assignment, files, asked.jobs))
    if asked.part:
        names = {path.name for path in graded.others} & marked
        traces |= {name: had for name, had in tracer.read(asked.out) if name in names}
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
