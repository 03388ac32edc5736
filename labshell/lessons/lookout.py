"""A lookout: notices that the work of a step was done, wherever it was done.

    the shell                          the lookout, a process of its own
    ─────────                          ─────────────────────────────────
    what is to be done   ── a pipe ──▶ looks: at each event of the engine, and now and
    (lesson, step …)                   then without one
    looks for itself,    ◀── a pipe ── "it is not as you know it any more"
    and says it

The shell looks after each line that is typed in it. What the student does in another
terminal, or what a program in the background reaches at last, the lookout sees. It is
a process of its own because a check may take long, print, or hang (judge.py), and
nothing of that may come between a key and its echo.

Not everything is an event: a container writes a file, and nobody tells. So it looks
without one, too, but takes no more than a fiftieth of a processor for that: after a
check that took 10 ms of its time, half a second is enough, and one of a second comes
once a minute.

It ends when the pipe does, however the shell has ended.

man: inotify(7), pipe(7)
Try it: a lesson in one terminal, `lab commit …` in another.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.engine import Engine
from engine.errors import EngineBroken, EngineError
from labshell.lessons.attempt import Attempt
from labshell.lessons.format import read_lesson
from labshell.lessons.lesson import Lesson
from labshell.lessons.lines import environment
from labshell.lessons.outcomes import COULD_NOT_RUN, Outcome
from labshell.lessons.progress import Progress
from labshell.messages import translate

if TYPE_CHECKING:
    from engine.engine import Event, Follower

_SOON = 0.6  # seconds between two looks when nothing is told
_REST, _REST_TOLD = 50, 5  # times as long as a look took; the latter if it was told
_MOST = 1 << 16  # bytes of what is read at once


class Lookout:
    """The lookout as the shell has it; the process begins when it is needed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Both ends stay open here: that it has ended must not look like news.
        self.descriptor, self._told = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._process: subprocess.Popen[bytes] | None = None
        self._task, self._lost = "null", False

    def watch(self, attempt: Attempt | None) -> None:
        """Look for the work of the step that the student is at, if it has any.

        EngineError, once, if the process has ended though nobody asked it to.
        """
        if self._process and self._process.poll() is not None and not self._lost:
            self._lost = True
            raise EngineBroken(
                translate(
                    "What you do in another terminal is not noticed any more: the "
                    "process that looked for it has ended"
                ),
                translate(
                    "Each line that you type here is looked at; `:check` looks, too."
                ),
            )
        task = json.dumps(attempt and _task(attempt))
        if task == self._task or self._lost:
            return
        self._task = task
        self._send(task.encode() + b"\n")

    def _send(self, line: bytes) -> None:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-S", "-m", "labshell.lessons.lookout"],
                env=environment(self._engine),
                stdin=subprocess.PIPE,
                stdout=self._told,
                stderr=subprocess.DEVNULL,  # the terminal is the student's
                start_new_session=True,  # so is Ctrl-C
            )
        assert self._process.stdin is not None  # a pipe, as was asked for
        with contextlib.suppress(BrokenPipeError):  # it has ended: told at the next
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def heard(self) -> bool:
        """Take in what it has told; is it time to look?"""
        try:
            lines = os.read(self.descriptor, _MOST).splitlines()
        except BlockingIOError:
            return False
        for line in lines:
            self._engine.notices.extend(json.loads(line))
        return bool(lines)

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.communicate()
        os.close(self.descriptor)
        os.close(self._told)


def _task(attempt: Attempt) -> dict[str, Any] | None:
    """What there is to notice; None if nothing is."""
    if not attempt.is_open or attempt.step.kind != "do" or attempt.here.done:
        return None
    return {
        "folder": str(attempt.lesson.folder),
        "lesson": attempt.lesson.name,
        "step": attempt.step.id,
        "progress": str(attempt.progress.path),
        "known": attempt.outcome and asdict(attempt.outcome),
    }


# The process.


class _Watch:
    """What is looked for, and what is known of it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._task: dict[str, Any] | None = None
        self._lesson: Lesson | None = None
        self._known: Outcome | None = None

    @property
    def busy(self) -> bool:
        """Is there something to look for?"""
        return self._task is not None

    def begin(self, line: bytes) -> None:
        """Look for something else from now on."""
        self._task, self._lesson = json.loads(line), None
        known = self._task and self._task["known"]
        self._known = Outcome(**known) if known else None

    def is_news(self) -> bool:
        """Look; is it not as it was?"""
        if self._task is None:
            return False
        if self._lesson is None:
            self._lesson = read_lesson(Path(self._task["folder"]), self._task["lesson"])
        progress = Progress(Path(self._task["progress"]))
        attempt = Attempt(self._engine, progress, self._lesson)
        if attempt.record.step != self._task["step"]:  # it could not be saved
            return False
        outcome = attempt.look()
        if outcome.verdict == COULD_NOT_RUN or outcome == self._known:
            return False
        self._known = outcome
        return True


def _keep_watch(engine: Engine, events: "Follower[Event]") -> None:
    """Look again and again, until nobody listens any more."""
    watch, told, unread = _Watch(engine), False, b""
    looked, took = time.monotonic(), 0.0
    while True:
        rest = _REST_TOLD * took if told else max(_SOON, _REST * took)
        left = max(0.0, looked + rest - time.monotonic()) if watch.busy else None
        wait_for = [0] if told and watch.busy else [0, events.fileno()]
        ready, _, _ = select.select(wait_for, [], [], left)
        if 0 in ready:
            if not (read := os.read(0, _MOST)):
                return
            *lines, unread = (unread + read).split(b"\n")
            for line in lines[-1:]:
                watch.begin(line)
        elif ready:
            while events.read():
                told = True
        else:
            began = time.process_time()
            _look(watch, engine)
            looked, took, told = time.monotonic(), time.process_time() - began, False


def _look(watch: _Watch, engine: Engine) -> None:
    """Look once, and tell the shell if it should look, too, or what was repaired."""
    try:
        news = watch.is_news()
    except EngineError:  # the shell meets it as well, and says it
        news = False
    if news or engine.notices:
        os.write(1, json.dumps(engine.notices).encode() + b"\n")
        engine.notices.clear()


def main() -> None:
    """Be a lookout for the shell at the other ends of our pipes."""
    engine = Engine()
    with contextlib.closing(engine.event_follower()) as events:
        _keep_watch(engine, events)


if __name__ == "__main__":
    main()
