"""A looker: somebody who has submissions run and inspected, one at a time.

    what must run   unpack ─▶ run ─┐      in a sandbox: runner.py
    everything      inspect ◀──────┘      by a process that is nobody: inspector.py

Here is one on this machine. A cluster has others (cluster.py): who asks need not know.

Try it: `lab grade class/ --assignment layers-1 -o OUT --jobs 2`
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from labshell.grading.assignment import Assignment
from labshell.grading.inspector import Inspected, Inspector
from labshell.grading.marking import NO_RUNS
from labshell.grading.ran import Runs
from labshell.grading.runner import Runner


class Looker(Protocol):
    """Somebody who looks at submissions. OSError where nobody can."""

    def unpack(self, file: Path, seconds: float) -> Inspected:
        """Have the work files taken out of a submission that are to be run."""

    def run(
        self, files: Mapping[str, bytes], values: Mapping[str, str], times: float = 1
    ) -> Runs:
        """Have the scripts among them run, with so many times the time."""

    def inspect(self, file: Path, seconds: float, runs: Runs = NO_RUNS) -> Inspected:
        """Have all of it looked at, with what came of the runs."""

    def close(self) -> None:
        """No more of them."""


class Here:
    """A looker on this machine."""

    def __init__(self, assignment: Assignment) -> None:
        self._runner = Runner(assignment)
        self._inspector = Inspector(assignment)
        self.unpack, self.inspect = self._inspector.unpack, self._inspector.inspect
        self.run = self._runner.run

    def close(self) -> None:
        """End the inspector, and remove the runner's engine."""
        try:
            self._inspector.close()
        finally:
            self._runner.close()
