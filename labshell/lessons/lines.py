"""Lines of a lesson, run as if they had been typed.

    shown     `:::run` in the prose: printed after a prompt, then run before the
              student's eyes; a plain `lab …` line in this process, warm
    hidden    setup.lab and reference solutions: one bash script, whose output is
              kept for the error message only

In both, `lab` is this labshell on this engine, wherever it is installed.

The output of a hidden script goes to a file, not a pipe: a container that is started
in it lives on, and a pipe that it inherits would never end.

man: bash(1)
Try it: `bash -x lessons/commit/010.init-layer/setup.lab` (and then `:reset lesson`)
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from engine.engine import Engine

SECONDS = 120
_LAB = 'lab() { "$LAB_PYTHON" -P -S -m labshell "$@"; }; export -f lab\n'


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


def run_hidden(engine: Engine, script: str) -> Finished:
    """Run bash lines until one fails, and keep what they print."""
    with tempfile.TemporaryFile() as output:
        try:
            code = subprocess.run(
                ["bash", "-c", f"{_LAB}set -e -o pipefail\n{script}"],
                env=_environment(engine),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=SECONDS,
            ).returncode
        except subprocess.TimeoutExpired:
            code = 124  # as timeout(1) says it
        output.seek(0)
        return Finished(code=code, output=output.read(1 << 20).decode(errors="replace"))


def run_shown(engine: Engine, line: str) -> int:
    """Run one line with the terminal as it is."""
    sys.stdout.flush()
    from labshell.shell.lines import World, read

    read_line = read(line, ("lab",))
    if read_line.world is World.LAB:
        from labshell.cli import run_line

        return run_line(engine, read_line.words)
    return subprocess.run(
        ["bash", "-c", _LAB + line], env=_environment(engine)
    ).returncode


def expand(engine: Engine, text: str) -> str:
    """What bash makes of the words of an answer: `$(cat file)` is the file's text."""
    if "$" not in text and "`" not in text:
        return text
    from labshell.shell import repl

    if repl.current is not None:
        return repl.current.expand(text)
    return run_hidden(engine, f"printf %s {text}").output


def _environment(engine: Engine) -> dict[str, str]:
    return {
        **os.environ,
        "LAB_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "LABSHELL_ROOT": str(engine.root),
    }
