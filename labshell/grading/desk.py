"""A desk: where a worker of a Dask cluster looks at submissions.

    grader                                      worker
    ──────                                      ──────
    assignment, without key and roster  ─────▶  a Desk, once a worker: inspectors wait
    submission, seconds                 ─────▶  look_at: an inspector looks, as at home
                                        ◀─────  what it found: a claim still

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
from collections.abc import Mapping
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
from labshell.grading.inspector import Inspector
from labshell.grading.marking import BASES
from labshell.grading.ran import unpacked

_CHECKS = (FILE, "checks.py", "hidden.py")


def needed(assignment: Assignment) -> dict[str, bytes]:
    """What a worker needs of an assignment: its files, by their paths in its folder."""
    folder = assignment.folder
    paths = [folder / name for name in _CHECKS]
    paths += sorted((folder / BASES).rglob("*"))
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
    """The inspectors of one worker, one for each of its threads."""

    def __init__(self, name: str, files: Mapping[str, bytes]) -> None:
        """`files`: what is `needed` of an assignment."""
        self.name, self._files = name, files
        self._inspectors: SimpleQueue[Inspector] | None = None
        self._place = ""
        self._threads = 0

    def setup(self, worker: Worker) -> None:
        """Unpack the assignment, and let inspectors load its checks."""
        self._place = os.path.join(worker.local_directory, self.name)
        os.mkdir(self._place, 0o700)
        for name, content in self._files.items():
            path = Path(self._place) / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(content)
        asked = read_assignment(Path(self._place))
        self._inspectors, self._threads = SimpleQueue(), worker.state.nthreads
        for _ in range(self._threads):
            self._inspectors.put(Inspector(asked))

    def look(
        self, submission: bytes, seconds: float, runs: bytes | None
    ) -> dict[str, Any]:
        """What an inspector found: the fields of an `Inspected`.

        `runs` None: what is to be run is taken out, where course key and sandbox are.
        """
        assert self._inspectors is not None  # it is set up
        inspector = self._inspectors.get()
        try:
            with os.fdopen(os.memfd_create("submission"), "w+b") as file:
                file.write(submission)
                file.flush()
                path = Path(f"/proc/self/fd/{file.fileno()}")
                if runs is None:
                    return asdict(inspector.unpack(path, seconds))
                return asdict(inspector.inspect(path, seconds, unpacked(runs)))
        finally:
            self._inspectors.put(inspector)

    def teardown(self, worker: Worker) -> None:
        """End the inspectors, and leave nothing of the assignment behind."""
        if self._inspectors is not None:
            for _ in range(self._threads):
                self._inspectors.get().close()
        shutil.rmtree(self._place, ignore_errors=True)

    def __getstate__(self) -> dict[str, Any]:
        """As it travels: no worker has anything of another's."""
        return {"name": self.name, "files": self._files}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # nobody has derived from it


def look_at(
    desk: str, submission: bytes, seconds: float, runs: bytes | None
) -> dict[str, Any]:
    """At the desk of the worker that this runs on."""
    found = get_worker().plugins[desk]
    assert isinstance(found, Desk)  # the only plugin of this name
    return found.look(submission, seconds, runs)
