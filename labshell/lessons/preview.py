"""A lesson on the screen from its first line to its last, with nothing run.

    each step    its prose, `$ ` before what would be run, the question, the choices
    behind it    what is revealed when it is done, the hints, the reference solution

The values are those of nobody: derived from a seed that no student has.

Try it: `lab lesson preview commit/init-layer`
"""

from labshell.lessons import prose
from labshell.lessons.lesson import Lesson, Step
from labshell.lessons.screen import Screen
from labshell.lessons.values import derive, fill

_SEED = "preview"


def preview(lesson: Lesson, screen: Screen) -> None:
    """Show all of a lesson."""
    shown = _Preview(lesson, screen)
    screen.rule(f"{lesson.title} · {screen.minutes(lesson.minutes)}")
    shown.prose(lesson.sections[prose.INTRODUCTION].before)
    for step in lesson.steps:
        shown.step(step)
    if closing := lesson.sections.get(prose.CLOSING):
        screen.rule(screen.word("The lesson is finished."))
        shown.prose(closing.before)


class _Preview:
    """One lesson on one screen."""

    def __init__(self, lesson: Lesson, screen: Screen) -> None:
        self._lesson, self._screen = lesson, screen
        self._values = derive(_SEED, lesson.name, lesson.rules)

    def _fill(self, text: str) -> str:
        return fill(text, self._values)

    def prose(self, text: str) -> None:
        """A text with its commands shown; nothing runs."""
        if text:
            self._screen.prose(self._fill(text), self._lesson.shown, lambda line: None)

    def step(self, step: Step) -> None:
        """One step, and what a student sees of it only later."""
        screen, section = self._screen, self._lesson.sections[step.id]
        points = f" · {screen.points(step.points)}" if step.points else ""
        screen.rule(f"{step.id} · {screen.word(step.kind)}{points}")
        self.prose(section.before)
        if step.ask:
            screen.markdown(f"**{self._fill(step.ask)}**")
        for number, choice in enumerate(step.choices, 1):
            screen.line(f"  {number}) {self._fill(choice.says)}")
        screen.console.print()
        for choice in step.choices:
            if choice.right:
                screen.good(self._fill(choice.says), 0)
            else:
                screen.bad(f"{self._fill(choice.says)}: {self._fill(choice.because)}")
        for number, hint in enumerate(step.hints, 1):
            screen.line(f"{number}/{len(step.hints)}  {self._fill(hint)}", "cyan")
        for line in step.solve if not step.choices else ():
            screen.command(self._fill(line), "" if line.startswith(":") else "$ ")
        self.prose(section.after)
