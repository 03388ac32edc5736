"""A student's own result: every lesson, and what of it was earned so far.

Points are those that were noted when the work was done (see lessons/attempt.py). What
was reached is kept, even if the container has gone since; nothing is run here. This is
for the student: marks for a course come from work that is inspected anew.

Try it: `lab grade`
"""

from collections.abc import Iterable

from labshell.grading.result import Grade, LessonGrade, StepGrade
from labshell.lessons.lesson import Lesson, Step
from labshell.lessons.progress import Progress
from labshell.lessons.record import LessonRecord, StepRecord
from labshell.lessons.values import derive


def grade(progress: Progress, lessons: Iterable[Lesson]) -> Grade:
    """What the student has earned in each of these lessons."""
    return Grade(
        lessons=tuple(
            _grade_lesson(
                lesson,
                progress.lessons.get(lesson.name) or LessonRecord(),
                progress.seed_of(lesson.name),
            )
            for lesson in lessons
        )
    )


def _grade_lesson(lesson: Lesson, record: LessonRecord, seed: str) -> LessonGrade:
    status = "finished" if record.finished else "begun" if record.step else "open"
    values = derive(seed, lesson.name, lesson.rules)
    return LessonGrade(
        lesson=lesson.name,
        title=lesson.title,
        status=status,
        attempt=record.attempt,
        steps=tuple(
            _grade_step(step, taken, lesson.said(taken.message, values))
            for step in lesson.steps
            if step.points
            for taken in [record.steps.get(step.id) or StepRecord()]
        ),
    )


def _grade_step(step: Step, record: StepRecord, message: str) -> StepGrade:
    """One step. A progress file that was tampered with earns no more than there is."""
    return StepGrade(
        step=step.id,
        kind=step.kind,
        earned=max(0, min(record.earned, step.points)),
        maximum=step.points,
        status=record.status,
        tries=record.tries,
        hints=record.hints,
        message=message,
    )
