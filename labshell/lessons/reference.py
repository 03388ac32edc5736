"""What a step does to the world, as bash lines: the reference.

    what its text shows    `:::run` before the work; it may fail
    what solves it         `solve`, but for the words of the shell (`:answer …`)
    what is revealed       `:::run` below `### after`; it may fail

in this order, as a student meets it. `:::look` leaves nothing, and is left out.

Try it: `:skip` in a lesson does this for you.
"""

from collections.abc import Iterable

from labshell.lessons import prose
from labshell.lessons.lesson import Lesson, Step
from labshell.lessons.prose import Section


def whole(lesson: Lesson, step: Step) -> str:
    """All that a step does."""
    done = [*shown(lesson, step), *commands(step.solve), *revealed(lesson, step)]
    return "\n".join(done)


def commands(lines: Iterable[str]) -> list[str]:
    """Those of the lines that are for bash."""
    return [line for line in lines if not line.startswith(":")]


def shown(lesson: Lesson, step: Step) -> list[str]:
    """What a step has changed by itself when the work begins."""
    return _may_fail(lesson, step, lesson.sections[step.id].before)


def revealed(lesson: Lesson, step: Step) -> list[str]:
    """What a step changes by itself when the work is done."""
    return _may_fail(lesson, step, lesson.sections[step.id].after)


def _may_fail(lesson: Lesson, step: Step, text: str) -> list[str]:
    found = prose.changes({step.id: Section(before=text)}, lesson.shown)
    return [f"{{ {line}\n}} || true" for _, line in found]
