"""A grade as a table of plain text.

    LESSON              STEP         KIND      POINTS   STATUS
    commit/init-layer   recall       predict   1/1      passed
                        notes        do        2/4      open      The note is not …

Try it: `lab grade`
"""

from labshell.grading.result import Grade, LessonGrade
from labshell.messages import ENGLISH, marked, translate
from labshell.views.tables import table

_HEADINGS = (
    marked("LESSON"),
    marked("STEP"),
    marked("KIND"),
    marked("POINTS"),
    marked("STATUS"),
    "",
)


def as_table(grade: Grade, language: str = ENGLISH) -> str:
    """The grade, one line for each step that has points, and a line for the sum."""
    rows = [row for lesson in grade.lessons for row in _rows(lesson, language)]
    rows.append(("", "", "", f"{grade.earned}/{grade.maximum}", "", ""))
    return table([translate(text, language) for text in _HEADINGS], rows)


def _rows(lesson: LessonGrade, language: str) -> list[tuple[str, ...]]:
    return [
        (
            lesson.lesson if number == 0 else "",
            step.step,
            translate(step.kind, language),
            f"{step.earned}/{step.maximum}",
            translate(step.status, language),
            translate(step.message, language)
            if step.status in ("open", "wrong")
            else "",
        )
        for number, step in enumerate(lesson.steps)
    ]
