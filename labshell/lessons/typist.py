"""A student of straw: types a lesson's solution into a real shell on a real terminal.

    spawn `labshell learn LESSON` on a new pty
    for each step: type its lines, wait until the progress file says that it is done
    type `:next`, wait until the progress file says that the step is another
    type `:reset lesson` and `:quit`

What the shell has understood is read from the progress file, not from the screen:
that is what counts for the student too. The screen is read all the time, because a
terminal that nobody reads stops the program that writes to it, and is kept to be
shown if something goes wrong.

For the proof it types as fast as the shell takes it; for a demonstration (playing.py)
key by key, with a pause to read what came.

man: pty(7)
Try it: `lab lesson test commit/init-layer`, `lab learn --play commit/init-layer`
"""

import contextlib
import os
import random
import re
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from engine.errors import EngineError
from labshell import messages
from labshell.lessons import library
from labshell.lessons.lesson import Lesson
from labshell.lessons.progress import Progress
from labshell.lessons.record import LessonRecord
from labshell.lessons.values import derive, fill

_SECONDS = 60.0  # for one line to have its effect
_A_MOMENT = 5.0  # seconds for it, without being asked
_QUIET = 0.5  # of silence: a program waits for input, and no prompt will come
# By these the prompt asks the terminal to tell pasting from typing, and not any more.
_PROMPT_BEGINS, _PROMPT_ENDS = "\x1b[?2004h", "\x1b[?2004l"
_ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[()].|.)")


class NotUnderstood(EngineError):
    """Something typed did not have its effect."""


class Pace(NamedTuple):
    """How somebody types, in seconds: between two keys, and before a new line."""

    key: float = 0
    line: float = 0


class Terminal(NamedTuple):
    """The terminal that is typed on: lines and columns, and who watches it."""

    lines: int = 50
    columns: int = 100
    watch: Callable[[str], object] | None = None
    variables: Mapping[str, str] | None = None


AT_ONCE, UNWATCHED = Pace(), Terminal()


class Typist:
    """One shell on a pty, and somebody who types into it."""

    def __init__(
        self,
        lesson: Lesson,
        root: Path,
        progress: Path,
        *,
        pace: Pace = AT_ONCE,
        terminal: Terminal = UNWATCHED,
    ) -> None:
        import pexpect

        self.lesson, self._progress = lesson, progress
        self._pace, self._watch = pace, terminal.watch
        self.screen, self._typed_at = "", 0
        self._child = pexpect.spawn(
            sys.executable,
            ["-P", "-S", "-m", "labshell", "learn", lesson.name],
            env={
                **_environment(root, progress),
                library.CHOSEN: str(lesson.folder.parents[1]),
                **(terminal.variables or {}),
            },
            dimensions=(terminal.lines, terminal.columns),
            encoding="utf-8",
            codec_errors="replace",
        )
        self._child.delaybeforesend = None

    @property
    def pid(self) -> int:
        """The process of the shell."""
        pid = self._child.pid
        assert pid is not None  # spawned when this was made
        return pid

    def walk(self) -> None:
        """Take the whole lesson, by the reference solution."""
        for step in self.lesson.steps:
            self.wait(partial(self._is_at, step.id), f"going to {step.id}")
            self._settle()
            for line in step.solve:
                self.type(line)
            self._await_solved(step.id)
            self._settle()
            self.type(":next")
        self.wait(lambda: self._record().finished, "the end")

    def _await_solved(self, step: str) -> None:
        """A program in the background may take a moment: then one asks for a look."""
        reached, what = partial(self._is_done, step), f"solving {step}"
        with contextlib.suppress(NotUnderstood):
            return self.wait(reached, what, _A_MOMENT)
        self.type(":check")
        return self.wait(reached, what)

    def _is_at(self, step: str) -> bool:
        return self._record().step == step

    def _is_done(self, step: str) -> bool:
        return self._record().of(step).done

    def reset(self) -> None:
        """Take everything back."""
        attempt = self._record().attempt
        self._settle()
        self.type(":reset lesson")
        self.wait(lambda: self._record().attempt == attempt + 1, ":reset lesson")

    def close(self) -> None:
        """Leave the shell; if it does not end by itself, end it."""
        with contextlib.suppress(NotUnderstood):  # it has ended already
            self.type(":quit")
        self._child.close(force=True)

    def type(self, line: str) -> None:
        """Type one line, and wait until the shell has had its say."""
        text = fill(line, self.values())
        self._wait_a_while(self._pace.line)
        for key in text if self._pace.key else [text]:
            self._child.send(key)
            self._wait_a_while(random.uniform(0.5, 1.5) * self._pace.key)
        self.press("\r")

    def press(self, keys: str) -> None:
        """Press keys that end a line, and wait until the shell has had its say."""
        self._typed_at = len(self.screen)
        self._child.send(keys)
        self._settle()

    def _wait_a_while(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)

    def values(self) -> dict[str, str]:
        """The values of the student for whom it types."""
        seed = Progress(self._progress).seed_of(self.lesson.name)
        return derive(seed, self.lesson.name, self.lesson.rules)

    def _record(self) -> LessonRecord:
        return Progress(self._progress).of(self.lesson.name)

    def _read(self, seconds: float) -> bool:
        """Read what is on the screen; False if there was nothing for so long."""
        import pexpect

        try:
            came = self._child.read_nonblocking(1 << 16, timeout=seconds)
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            raise NotUnderstood(f"the shell has ended:\n{self.tail()}") from None
        self.screen += came
        if self._watch is not None:
            self._watch(came)
        return True

    def _settle(self) -> None:
        """Wait until the shell asks for the next line, or is silent."""
        while not self._is_asked() and self._read(_QUIET):
            pass

    def _is_asked(self) -> bool:
        """Has a prompt come since the last line was typed, and is it there still?"""
        began = self.screen.rfind(_PROMPT_BEGINS, self._typed_at)
        return began > self.screen.rfind(_PROMPT_ENDS, self._typed_at)

    def wait(
        self, reached: Callable[[], bool], what: str, seconds: float = _SECONDS
    ) -> None:
        """Read the screen until `reached`; NotUnderstood if that takes too long."""
        end = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > end:
                raise NotUnderstood(f"{what}: nothing came of it:\n{self.tail()}")
            self._read(0.05)

    def tail(self) -> str:
        """The last lines of the screen, without the colours."""
        plain = _ESCAPES.sub("", self.screen).replace("\r", "")
        return "\n".join(line for line in plain.split("\n")[-25:] if line.strip())


def _environment(root: Path, progress: Path) -> dict[str, str]:
    return {
        **os.environ,
        "LABSHELL_ROOT": str(root),
        "LABSHELL_PROGRESS": str(progress),
        "XDG_STATE_HOME": str(progress.parent),  # these lines are in nobody's history
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        messages.CHOSEN: messages.ENGLISH,
        "PROMPT_TOOLKIT_NO_CPR": "1",  # nobody here answers where the cursor is
    }
