"""The line at the bottom of the window: the lesson, and which containers run.

    layers/whiteout 3/9 · 4/12 points  │  2 running: web db

It is drawn when the prompt appears, and not with each key.

Try it: `lab run -d --name web busybox sleep 1000`
"""

from typing import TYPE_CHECKING

from engine.errors import EngineError
from labshell.messages import translate

if TYPE_CHECKING:
    from engine.engine import Engine
    from labshell.lessons.runner import LessonRunner

_MOST = 4  # containers that are named


def toolbar(engine: "Engine", runner: "LessonRunner | None") -> str:
    """What is said at the bottom; nothing if no lesson is open and nothing runs."""
    parts = [runner.toolbar()] if runner is not None else []
    try:
        names = [container.name for container in engine.containers()]
    except (EngineError, OSError):  # the next command says what is wrong
        names = []
    if names:
        shown = " ".join(names[:_MOST]) + (" …" if len(names) > _MOST else "")
        says = translate("{count} running: {names}")
        parts.append(says.format(count=len(names), names=shown))
    return "  │  ".join(filter(None, parts))
