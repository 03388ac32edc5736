"""Where a student left off, in one line: what a login greets them with.

Progress alone is read, and the lesson it names; nothing is set up or looked at in the
engine. So it takes no root, and is there at once.

Try it: `lab lesson where`
"""

from labshell.lessons import library
from labshell.lessons.progress import Progress
from labshell.lessons.record import LessonRecord
from labshell.messages import translate


def where(progress: Progress, language: str) -> str:
    """The lesson to go on with, the step in it and the points so far."""
    name = to_go_on_with(progress)
    if name is None:
        return translate("All lessons are finished.", language)
    record = progress.lessons.get(name, LessonRecord())
    lesson = library.find(name, language)
    steps = [step.id for step in lesson.steps]
    if record.step not in steps:
        says = translate("`lab learn` begins with {lesson}: {title}", language)
        return says.format(lesson=name, title=lesson.title)
    says = translate(
        "You are at step {step} of {steps} of {lesson}, with {earned} of {most} points:"
        " `lab learn` goes on.",
        language,
    )
    return says.format(
        step=steps.index(record.step) + 1,
        steps=len(steps),
        lesson=name,
        earned=sum(r.earned for id, r in record.steps.items() if id in steps),
        most=lesson.maximum,
    )


def to_go_on_with(progress: Progress) -> str | None:
    """The lesson that is open, if it is still here; else the first unfinished one."""
    names = library.names()
    if progress.current in names:
        return progress.current
    finished = {name for name, record in progress.lessons.items() if record.finished}
    return next((name for name in names if name not in finished), None)
