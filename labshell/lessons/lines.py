"""Lines of a lesson, run as if they had been typed.

    shown     `:::run` and `:::look` in the prose: printed after a prompt, then run
              before the student's eyes, in the student's own shell
    hidden    setup.lab and reference solutions: one bash script, whose output is
              kept for the error message only

The student's own shell is whoever made the runner: it runs a line, and expands the
words of an answer, as it would for the student. Where there is none (a test, the
proof), a bash of our own does. In both, `lab` is this labshell on this engine, and
`labshell-runc` its runtime.

The output of a hidden script goes to a file, not a pipe: a container that is started
in it lives on, and a pipe that it inherits would never end.

man: bash(1)
Try it: `:again` at a step that runs something
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Protocol

from engine.engine import Engine
from labshell import messages
from labshell.lessons.warm import Warm

SECONDS = 120
_LAB = 'lab() { "$LAB_PYTHON" -P -S -m labshell "$@"; }; export -f lab\n'
_RUNC = (
    'labshell-runc() { "$LAB_PYTHON" -P -S -c '
    "'import sys; from engine.runtime.command.main import main; sys.exit(main())' "
    '"$@"; }; export -f labshell-runc\n'
)
_WARM_LAB = 'lab() { "$LAB_PYTHON" -I -S "$LAB_CLIENT" "$@"; }; export -f lab\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a script ended, and all it printed."""

    code: int
    output: str

    @property
    def last_words(self) -> str:
        """The line that says best why it failed."""
        lines = [line for line in self.output.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("Error")]
        return (errors or lines or [f"it ended with status {self.code}"])[-1]


def run_hidden(
    engine: Engine, script: str, prelude: str = "", warm: Warm | None = None
) -> Finished:
    """Run bash lines until one fails, and keep what they print.

    `prelude` are lines that come before and may fail. `warm` answers their `lab`;
    without it each is a process of its own.
    """
    # In English, because last_words looks for "Error".
    variables, lab = environment(engine) | {messages.CHOSEN: messages.ENGLISH}, _LAB
    if warm is not None:
        variables, lab = variables | warm.variables(variables), _WARM_LAB
    with tempfile.TemporaryFile() as output:
        try:
            code = subprocess.run(
                ["bash", "-c", f"{lab}{_RUNC}{prelude}set -e -o pipefail\n{script}"],
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=SECONDS,
            ).returncode
        except subprocess.TimeoutExpired:
            code = 124  # as timeout(1) says it
        output.seek(0)
        return Finished(code=code, output=output.read(1 << 20).decode(errors="replace"))


class StudentsShell(Protocol):
    """What the runner needs of the shell that it stands in."""

    def run(self, line: str) -> int:
        """Run one line as if it had been typed; its exit status."""

    def expand(self, text: str) -> str:
        """What bash makes of words: `$(cat file)` is the file's text."""

    def prepare(self, lines: str) -> None:
        """Run lines that nobody need see, and that all later ones build on."""


class OwnBash:
    """A bash for one line, where no shell is open."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._prelude = engine, ""

    def run(self, line: str) -> int:
        """Run one line with the terminal as it is; its exit status."""
        sys.stdout.flush()
        return subprocess.run(
            ["bash", "-c", _LAB + _RUNC + self._prelude + line],
            env=environment(self._engine),
        ).returncode

    def expand(self, text: str) -> str:
        """What bash makes of words: `$(cat file)` is the file's text."""
        script = f'set -- {text}\nprintf %s "$*"'
        return run_hidden(self._engine, script, self._prelude).output

    def prepare(self, lines: str) -> None:
        """Run lines that nobody need see, and that all later ones build on."""
        self._prelude += lines


def environment(engine: Engine) -> dict[str, str]:
    """The variables in which `python -m labshell` is this labshell on this engine."""
    return {
        **os.environ,
        "LAB_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "LABSHELL_ROOT": str(engine.root),
    }
