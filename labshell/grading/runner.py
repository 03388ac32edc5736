"""A runner: all that one submission has to be run, in a sandbox each, one at a time.

    work files of a submission ──┐
    files/ of the assignment ────┼──▶ sandbox ──▶ Ran      the run itself is no success
    values of its student ───────┘         └────▶ NotRun   the machine, or the grader

A grader has one runner for each job, and a runner one scratch engine, made when there
is something to run. If something in it fails that should not, all of it is thrown
away, and the run is tried once more in a new one.

Try it: `lab grade class/ --assignment layers-1 -o OUT`
"""

import functools
from collections.abc import Mapping
from pathlib import Path

from engine.errors import EngineError
from labshell.grading import sandbox
from labshell.grading.assignment import Assignment
from labshell.grading.ran import NotRun, Ran, Runs
from labshell.grading.runs import Script
from labshell.grading.scratch import SandboxError, Scratch

FILES = "files"  # of the assignment: what every student got
_MOST_BYTES = 16 << 20
_ATTEMPTS = 2


class Runner:
    """Runs what an assignment asks for; nothing is made before."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._scratch: Scratch | None = None

    @functools.cached_property
    def _given(self) -> dict[str, bytes]:
        """What every student got; read when there is something to run."""
        return _read_all(self._assignment.folder / FILES)

    def run(
        self, files: Mapping[str, bytes], values: Mapping[str, str], times: float = 1
    ) -> Runs:
        """What came of each script that is among the work files of a submission."""
        return {
            script.name: self._run(script, files, values, times)
            for script in self._assignment.scripts
            if script.name in files
        }

    def _run(
        self,
        script: Script,
        files: Mapping[str, bytes],
        values: Mapping[str, str],
        times: float,
    ) -> Ran | NotRun:
        why = ""
        for _ in range(_ATTEMPTS):
            try:
                limits = self._assignment.limits.run
                engine = self._opened().engine
                every = {**self._given, **files}
                return sandbox.run(engine, script, limits, every, values, times)
            except SandboxError as error:
                return NotRun(why=error.message)
            except (EngineError, OSError) as error:
                why = str(error)
                self.close()
        return NotRun(why=why)

    def _opened(self) -> Scratch:
        if self._scratch is None:
            self._scratch = Scratch(self._assignment)
        return self._scratch

    def close(self) -> None:
        """Remove its engine."""
        if self._scratch is not None:
            scratch, self._scratch = self._scratch, None
            scratch.close()


def _read_all(folder: Path) -> dict[str, bytes]:
    """The plain files below a folder of the instructor's, as "files/name"."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found[str(path.relative_to(folder.parent))] = path.read_bytes()
    if sum(map(len, found.values())) > _MOST_BYTES:
        raise SandboxError(
            f"{folder}: more than {_MOST_BYTES >> 20} MB",
            "What is run needs its files small: put the rest into a base image.",
        )
    return found
