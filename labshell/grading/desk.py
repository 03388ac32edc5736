"""A desk: where a worker of a Dask cluster looks at submissions.

    grader                                      worker
    ──────                                      ──────
    assignment, without key and roster  ─────▶  a Desk, once a worker: lookers wait
    submission, or scripts and values   ─────▶  one unpacks, runs or inspects
                                        ◀─────  what was found: a claim still

A desk is what Dask calls a plugin: it is given to every worker that there is, and to
those that join later. So a submission whose worker was lost needs nothing of it:
another one looks. What a worker has of the course are the checks, the hidden ones too.
The course key and the roster stay with the grader, who alone makes marks of what was
found.

Source: Dask.distributed, "Worker Plugins"
Try it: `lab grade class/ --assignment layers-1 -o OUT --scheduler tcp://127.0.0.1:8786`
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from distributed import get_worker
from distributed.diagnostics.plugin import WorkerPlugin
from distributed.worker import Worker

import engine
import labshell
from labshell.grading.assignment import FILE, Assignment, read_assignment
from labshell.grading.looker import Here
from labshell.grading.marking import BASES
from labshell.grading.ran import packed, unpacked
from labshell.grading.runner import FILES

_CHECKS = (FILE, "checks.py", "hidden.py")


def needed(assignment: Assignment) -> dict[str, bytes]:
    """What a worker needs of an assignment: its files, by their paths in its folder."""
    folder = assignment.folder
    paths = [folder / name for name in _CHECKS]
    paths += sorted((folder / BASES).rglob("*"))
    if assignment.scripts:
        paths += sorted((folder / FILES).rglob("*"))
    found = [path for path in paths if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def code() -> str:
    """A digest of all of labshell's own code: two with the same give the same marks."""
    digest = hashlib.sha256()
    for package in (engine, labshell):
        home = Path(package.__path__[0])
        for path in sorted(home.rglob("*.py")):
            digest.update(f"{path.relative_to(home)}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


class Desk(WorkerPlugin):
    """The lookers of one worker, one for each of its threads."""

    def __init__(self, name: str, files: Mapping[str, bytes]) -> None:
        """`files`: what is `needed` of an assignment."""
        self.name, self._files = name, files
        self._lookers: SimpleQueue[Here] | None = None
        self._place = ""
        self._threads = 0

    def setup(self, worker: Worker) -> None:
        """Unpack the assignment, and let lookers load its checks."""
        self._place = os.path.join(worker.local_directory, self.name)
        os.mkdir(self._place, 0o700)
        for name, content in self._files.items():
            path = Path(self._place) / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(content)
        asked = read_assignment(Path(self._place))
        self._lookers, self._threads = SimpleQueue(), worker.state.nthreads
        for _ in range(self._threads):
            self._lookers.put(Here(asked))

    def unpack(self, submission: bytes, seconds: float) -> dict[str, Any]:
        """The fields of an `Inspected`."""
        with self._looker() as looker, _file(submission) as path:
            return asdict(looker.unpack(path, seconds))

    def run(
        self, files: Mapping[str, bytes], values: Mapping[str, str], times: float
    ) -> bytes:
        """Runs, packed."""
        with self._looker() as looker:
            return packed(looker.run(files, values, times))

    def inspect(self, submission: bytes, seconds: float, runs: bytes) -> dict[str, Any]:
        """The fields of an `Inspected`; `runs` are packed."""
        with self._looker() as looker, _file(submission) as path:
            return asdict(looker.inspect(path, seconds, unpacked(runs)))

    @contextmanager
    def _looker(self) -> Iterator[Here]:
        assert self._lookers is not None  # it is set up
        looker = self._lookers.get()
        try:
            yield looker
        finally:
            self._lookers.put(looker)

    def teardown(self, worker: Worker) -> None:
        """End the lookers, and leave nothing of the assignment behind."""
        if self._lookers is not None:
            for _ in range(self._threads):
                self._lookers.get().close()
        shutil.rmtree(self._place, ignore_errors=True)

    def __reduce__(self) -> tuple[type["Desk"], tuple[str, Mapping[str, bytes]]]:
        """As it travels: no worker has anything of another's."""
        return Desk, (self.name, self._files)


@contextmanager
def _file(submission: bytes) -> Iterator[Path]:
    """A submission as a file, in memory."""
    with os.fdopen(os.memfd_create("submission"), "w+b") as file:
        file.write(submission)
        file.flush()
        yield Path(f"/proc/self/fd/{file.fileno()}")


def at_desk(name: str, verb: str, *words: object) -> Any:
    """Have a verb of the desk done, on the worker that this runs on."""
    desk = get_worker().plugins[name]
    assert isinstance(desk, Desk)  # the only plugin of this name
    verbs: Mapping[str, Callable[..., Any]] = {
        "unpack": desk.unpack,
        "run": desk.run,
        "inspect": desk.inspect,
    }
    return verbs[verb](*words)
