"""A line of `lab`, typed into a process of its own as bash would run it.

Try it: see tests/shell/test_cli_run.py
"""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).parents[2]
START = "import sys; sys.path += sys.argv.pop(1).split(':');" + (
    "from labshell.cli import main; main()"
)
SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a line printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines on stdout."""
        return self.out.splitlines()

    @property
    def error(self) -> str:
        """The line on stderr that says what is wrong."""
        lines = self.err.splitlines()
        return next((x[7:] for x in lines if x.startswith("Error: ")), "")

    @property
    def hint(self) -> str:
        """The line on stderr that says what to do."""
        lines = self.err.splitlines()
        return next((x[7:] for x in lines if x.startswith("Hint:  ")), "")


class Lab:
    """`lab` on one engine root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def command(self, *words: str) -> list[str]:
        """The line as a command for the kernel."""
        path = ":".join([str(HOME), *(p for p in sys.path if p.endswith("-packages"))])
        start = [sys.executable, "-I", "-S", "-c", START, path]
        return [*start, "--root", str(self.root), *words]

    def __call__(
        self, *words: str, stdin: bytes = b"", env: dict[str, str] | None = None
    ) -> Done:
        """Run a line to its end."""
        done = subprocess.run(
            self.command(*words),
            input=stdin,
            capture_output=True,
            timeout=SECONDS,
            env={**os.environ, **(env or {})},
            preexec_fn=_default_signals,
        )
        return Done(
            code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode()
        )

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a line that somebody else will end."""
        return subprocess.Popen(
            self.command(*words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_default_signals,
        )


def _default_signals() -> None:
    """A shell starts programs with SIGINT and SIGPIPE as they are by default."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
