"""Lines of a lesson, run as if they had been typed.

    shown     `:::run` and `:::look` in the prose: printed after a prompt, then run
              before the student's eyes, in the student's own shell
    hidden    setup.lab and reference solutions: bash scripts, whose output is kept
              for the error message only (plain.py: what of them needs no bash)

The student's own shell is whoever made the runner: it runs a line, and expands the
words of an answer, as it would for the student. Where there is none (a test, the
proof), a bash of our own does. In both, `lab` is this labshell on this engine, and
`labshell-runc` its runtime.

The output of a hidden script goes to a file, not a pipe: a container that is started
in it lives on, and a pipe that it inherits would never end.

man: bash(1)
Try it: `:again` at a step that runs something
"""

import contextlib
import os
import select
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Protocol

from engine.engine import Engine
from labshell import messages
from labshell.lessons.plain import split
from labshell.lessons.warm import Warm

SECONDS = 600  # for one script: in an emulated machine a setup takes minutes
_TOO_LONG = -1  # in place of an exit status, and none that a script could have
# `|| return`: what fails is the line that says `lab`, and not one inside it.
_LAB = 'lab() { "$LAB_PYTHON" -P -S -m labshell "$@" || return; }; export -f lab\n'
_RUNC = (
    'labshell-runc() { "$LAB_PYTHON" -P -S -c '
    "'import sys; from engine.runtime.command.main import main; sys.exit(main())' "
    '"$@" || return; }; export -f labshell-runc\n'
)
_WARM_LAB = (
    'lab() { "$LAB_PYTHON" -I -S "$LAB_CLIENT" "$@" || return; }; export -f lab\n'
)
_BELOW = 6  # lines that an error has below it at most
_MARK = "\x1e"  # behind what was printed, and before what says which line has failed
_CAREFUL = f"set -e -o pipefail; trap 'printf {_MARK}%s $LINENO' ERR\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a script ended, all it printed, and which line failed if that is known."""

    code: int
    output: str
    line: str = ""

    @property
    def last_words(self) -> str:
        """Why it failed, in a line: the one that did, and what was said at the end.

        An error that is not at the end is of a line that was to fail (`|| true`).
        """
        if self.code == _TOO_LONG:
            return f"it took longer than {SECONDS:g} s"
        last = self._error or f"it ended with status {self.code}"
        said = [line for line in self.output.splitlines() if line.strip()]
        if not self._error and said:
            last += f"; the last that was printed: {said[-1]}"
        return f"`{self.line}`: {last}" if self.line else last

    @property
    def _error(self) -> str:
        """The error that stands at the end: an excerpt and its hint may follow it."""
        said = [line for line in self.output.splitlines() if line.strip()]
        starts = [n for n, line in enumerate(said) if line.startswith("Error")]
        rest = said[starts[-1] + 1 :] if starts else []
        ends = not rest or rest[-1].startswith("Hint")
        return said[starts[-1]] if starts and ends and len(rest) <= _BELOW else ""


def run_hidden(
    engine: Engine, script: str, prelude: str = "", warm: Warm | None = None
) -> Finished:
    """Run bash lines until one fails, and keep what they print.

    `prelude` are lines that come before and may fail. `warm` answers their `lab`;
    without it each is a process of its own.
    """
    # In English, because last_words looks for "Error".
    variables = environment(engine) | {messages.CHOSEN: messages.ENGLISH}
    with tempfile.TemporaryFile() as output:
        code, before = 0, ""
        if warm is not None and not prelude:
            code, script = _run_plain(script, variables, output.fileno(), warm)
        if code == 0 and script:
            lab = _LAB if warm is None else _WARM_LAB
            served = {} if warm is None else warm.variables(variables)
            before = f"{lab}{_RUNC}{prelude}{_CAREFUL}"
            bash = subprocess.Popen(
                ["bash", "-c", before + script],
                env=variables | served,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            code = _ended(bash)
        output.seek(0)
        printed = output.read(1 << 20).decode(errors="replace")
        return _finished(code, printed, before.count("\n"), script)


def _finished(code: int, printed: str, above: int, script: str) -> Finished:
    """How a script ended that began so many lines below the first."""
    output, marked, told = printed.rpartition(_MARK)
    if code == 0 or not marked:
        return Finished(code=code, output=printed)
    line, lines = told, script.splitlines()
    if told.isdecimal():  # by bash; a `lab` that is warm says the line itself
        number = int(told) - above
        line = lines[number - 1] if 0 < number <= len(lines) else ""
    return Finished(code=code, output=output, line=line.strip())


def _run_plain(
    script: str, variables: dict[str, str], output: int, warm: Warm
) -> tuple[int, str]:
    """Run the lines that need no bash; their exit code, and what is left to do."""
    lines, rest = split(script)
    if not lines:
        return 0, script
    with open(os.devnull, "rb") as nothing:
        try:
            files = (nothing.fileno(), output, output)
            return warm.run(lines, variables, files, SECONDS, _MARK), rest
        except TimeoutError:
            return _TOO_LONG, ""
        except OSError:  # the server has ended: bash starts a `lab` for each line
            return 0, script


def _ended(bash: "subprocess.Popen[bytes]") -> int:
    """Wait until a bash has ended, but not for ever; its exit status.

    `Popen.wait` with a time limit would look now and then, and be late each time.
    """
    with contextlib.ExitStack() as end:
        end.callback(bash.wait)
        end.callback(bash.kill)  # if it has ended, nothing is sent
        pidfd, waiting = os.pidfd_open(bash.pid), select.poll()
        end.callback(os.close, pidfd)
        waiting.register(pidfd, select.POLLIN)
        return bash.wait() if waiting.poll(SECONDS * 1000) else _TOO_LONG


def expanding(text: str) -> str:
    """A script that prints what bash makes of the words of `text`."""
    return f'set -- {text}\nprintf %s "$*"'


class StudentsShell(Protocol):
    """What the runner needs of the shell that it stands in."""

    def run(self, line: str) -> int:
        """Run one line as if it had been typed; its exit status."""

    def expand(self, text: str) -> str:
        """What bash makes of words: `$(cat file)` is the file's text."""

    def prepare(self, lines: str) -> None:
        """Run lines that nobody need see, and that all later ones build on."""

    def overlook(self) -> None:
        """Do not tell what has changed by now: it was not the student's doing."""


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
        return run_hidden(self._engine, expanding(text), self._prelude).output

    def prepare(self, lines: str) -> None:
        """Run lines that nobody need see, and that all later ones build on."""
        self._prelude += lines

    def overlook(self) -> None:
        """Nothing is told anyway."""


def environment(engine: Engine) -> dict[str, str]:
    """The variables in which `python -m labshell` is this labshell on this engine."""
    return {
        **os.environ,
        "LAB_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "LABSHELL_ROOT": str(engine.root),
    }
