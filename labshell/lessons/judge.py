"""One check, run with a time limit, and believed only if it makes sense.

A check has three outcomes, and the third is what keeps the other two honest:

    passed           what was asked for is there
    failed           it is not (yet)
    could not run    the check raised, hung, printed, or returned nonsense: this says
                     something about the check or the machine, nothing about the
                     student, and is never shown as zero points

The limit is SIGALRM: it interrupts the check where it is, be that Python or a system
call that waits, and leaves nothing running behind. Signals reach the main thread
only; elsewhere (a test runner, say) a check runs without a limit.

man: setitimer(2), signal(7)
Try it: put `while True: pass` into a check, then `:check`.
"""

import contextlib
import importlib.util
import io
import reprlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import TypeVar

from engine.errors import EngineError
from labshell.lessons.checks import Lab
from labshell.lessons.fields import LessonError
from labshell.lessons.lesson import Lesson, Step
from labshell.lessons.outcomes import FAILED, PASSED, Judging, NotThereYet, Outcome

SECONDS = 60.0  # authors promise ten; an emulated machine may make more of them
_LONGEST = 2000  # characters of what a check says

Given = TypeVar("Given", bound=Judging)
Check = Callable[[Lab], Outcome]


class _TooLong(BaseException):
    """Not an Exception: a check that catches those must not catch this."""


def judge(
    check: Callable[[Given], Outcome], lab: Given, seconds: float = SECONDS
) -> Outcome:
    """Run one check. Always returns an outcome, whatever the check does."""
    printed = io.StringIO()
    try:
        with _limit(seconds), _listening(printed):
            outcome = check(lab)
    except NotThereYet as error:
        return Outcome(
            verdict=FAILED,
            earned=0,
            maximum=lab.maximum,
            message=error.message,
            subject=error.subject,
            lost=error.lost,
        )
    except _TooLong:
        return lab.broken(f"it took longer than {seconds:g} s")
    except EngineError as error:
        return lab.broken(error.message)
    except (Exception, SystemExit) as error:
        return lab.broken(_named(error))
    if printed.getvalue():
        return lab.broken(f"it printed {printed.getvalue()[:40]!r}")
    return _believed(outcome, lab)


def _believed(outcome: object, lab: Judging) -> Outcome:
    if not isinstance(outcome, Outcome):
        return lab.broken(f"it returned {reprlib.repr(outcome):.40}")
    texts = (outcome.message, outcome.subject)
    if (
        outcome.verdict not in (PASSED, FAILED)
        or type(outcome.earned) is not int
        or not all(isinstance(text, str) and len(text) < _LONGEST for text in texts)
    ):
        return lab.broken(f"it returned {outcome!r:.60}")
    whole = outcome.earned == lab.maximum
    if not 0 <= outcome.earned <= lab.maximum or whole != outcome.passed:
        return lab.broken(
            f"{outcome.verdict} with {outcome.earned} of {lab.maximum} points"
        )
    return outcome


def _named(error: BaseException) -> str:
    """An error of a check's in one line; what it says of itself may raise, too."""
    try:
        said = str(error)
    except Exception as another:
        said = f"(and saying so: {type(another).__name__})"
    lines = said.splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]:.200}"


@contextlib.contextmanager
def _listening(printed: io.StringIO) -> Iterator[None]:
    """Keep from the screen what is printed, to either stream."""
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        yield


@contextlib.contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """Raise _TooLong in the body after so many seconds."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def load_check(lesson: Lesson, step: Step) -> Check:
    """The function that `check: checks:name` of a step stands for."""
    file, _, name = step.check.partition(":")
    if file != "checks" or not name.isidentifier():
        raise LessonError(
            f"{lesson.shown}: steps.{step.id}.check: `checks:name` is needed, "
            f"not `{step.check}`",
            "The function stands in checks.py beside lesson.md.",
        )
    shown = lesson.shown.replace("lesson.md", "checks.py")
    how = "`lab lesson lint` shows it until it is mended."
    found = getattr(load(lesson.folder / "checks.py", shown, how), name, None)
    if not callable(found):
        raise LessonError(
            f"{lesson.shown}: steps.{step.id}.check: checks.py has no `{name}`",
            "The function stands in checks.py beside lesson.md.",
        )
    check: Check = found
    return check


def load(path: Path, shown: str, how: str) -> ModuleType:
    """A file of checks, loaded afresh: an author edits it between two runs.

    LessonError, in which the file is `shown` and the advice is `how`.
    """
    spec = importlib.util.spec_from_file_location("checks_that_were_loaded", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    keep, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        with _limit(SECONDS), _listening(io.StringIO()):
            spec.loader.exec_module(module)
    except _TooLong as error:
        raise LessonError(f"{shown}: longer than {SECONDS:g} s to load", how) from error
    except (Exception, SystemExit) as error:
        line = getattr(error, "lineno", None)
        where = f" line {line}:" if line else ""
        raise LessonError(f"{shown}:{where} {_named(error)}", how) from error
    finally:
        sys.dont_write_bytecode = keep
    return module
