"""`lab learn --play`: somebody takes the lesson before your eyes.

    a room of its own ──> a shell on a pty <── typist.py, key by key
                               └──> your terminal, or a recording, or both

What is typed is the reference solution, which `lab lesson test` proves; what is shown
is what a student would see. Your own engine and your own progress are not touched.

Try it: `lab learn --play commit/init-layer`
"""

import os
import shutil
import sys
from collections.abc import Callable

from labshell import messages
from labshell.lessons.lesson import Lesson
from labshell.lessons.room import room
from labshell.lessons.typist import Pace, Terminal, Typist

HUMAN = Pace(key=0.08, line=1.5)  # 12 keys a second, and time to read


def play(lesson: Lesson, speed: float, watch: Callable[[str], object]) -> None:
    """Take the whole lesson, `speed` times as fast as a person; `watch` sees it.

    NotUnderstood if the shell did not do what the solution is for.
    """
    columns, lines = shutil.get_terminal_size((100, 30))
    known = ("TERM", "COLORTERM", "LANG", "LC_ALL", "LC_MESSAGES")
    variables = {name: os.environ[name] for name in known if name in os.environ}
    variables[messages.CHOSEN] = messages.language()
    terminal = Terminal(
        lines=lines,
        columns=columns,
        watch=watch,
        variables=variables,
    )
    pace = Pace(key=HUMAN.key / speed, line=HUMAN.line / speed)
    with room("demonstration") as (engine, progress):
        typist = Typist(
            lesson, engine.root, progress.path, pace=pace, terminal=terminal
        )
        try:
            typist.walk()
        finally:
            typist.close()


def to_stdout(text: str) -> None:
    """Show what came, now."""
    sys.stdout.write(text)
    sys.stdout.flush()
